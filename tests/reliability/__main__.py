"""Count what was tried to break this project, and what came of it: the table of docs/reliability.md.

    python tests/reliability            all of it, about four minutes
    python tests/reliability --quick    a part of each, two minutes

Bad inputs run here, in one process; publishing processes that die, disks that fail and hostile requests are
programs of their own. Exit code 1 where one input ended otherwise than in a sentence, or something was lost;
each is told with what makes it happen again. The suite runs a part of each kind.
"""

import argparse
import os
import resource
import sys
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "export")]

from export.start.command_line import Parser  # noqa: E402 (the path above)
from export.start.quiet_tensorflow import import_tensorflow  # noqa: E402

TINY = (
    "--data", str(ROOT / "data" / "sample.csv"), "--embedding-dim", "8", "--lstm-units", "4",
    "--dense-units", "8", "--batch-size", "8", "--vocabulary-size", "500", "--epochs", "1", "--no-export",
    "--embeddings", "none",
)  # fmt: skip
SHOWN_LOSSES = 20
MOST_MEMORY = 16 * 2**30
"""Bytes of addresses, of which TensorFlow and its threads take some 5 GB."""


def main() -> int:
    """Run everything, print the table; 1 where something was lost."""
    options = _parser().parse_args()
    # Else an input that takes all of it ends whatever else runs here.
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    began_at = perf_counter()
    import_tensorflow()
    warnings.simplefilter("ignore", UserWarning)  # of letters that a picture's font has not
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        for tally in attacks(Path(folder), options.quick):
            seconds = perf_counter() - began_at
            print(f"{seconds:5.0f} s  {tally.kind}: {tally.tried:,} tried, {len(tally.lost)} lost", flush=True)  # fmt: skip
            for line in tally.lost[:SHOWN_LOSSES]:
                print(f"         {line}", flush=True)
            tallies.append(tally)
    print()
    print("\n".join(table(tallies, perf_counter() - began_at)))
    return int(any(tally.lost for tally in tallies))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python tests/reliability", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a part of each, in two minutes")
    return parser


def attacks(folder: Path, quick: bool) -> Iterator:
    """Every tally, as it is done."""
    import bad_labels
    import bad_options
    import bad_runs
    import bad_tables
    import bad_values
    from attacks import attack
    from bad_words import NAMES, WORDS

    count, every = (5, 6) if quick else (40, 1)
    run = tiny_run(folder)
    yield from bad_options.attack(folder / "options", WORDS[::every])
    yield from bad_labels.attack(folder / "labels", NAMES[::every])
    yield from bad_tables.attack(folder / "tables", run, count)
    yield from bad_runs.attack(folder / "runs", run, count)
    yield from bad_values.attack(run)
    yield from attack(200 if quick else 5_000, quick)


def tiny_run(folder: Path) -> Path:
    """A finished one, to be damaged."""
    import contextlib
    import io

    from keras_pipeline import train

    print("       training a tiny run to damage", flush=True)
    with contextlib.redirect_stdout(io.StringIO()):
        assert train.main([*TINY, "--output", str(folder / "run")]) == 0
    return folder / "run"


def table(tallies: list, seconds: float) -> Iterator[str]:
    """As docs/reliability.md has it."""
    from benchmarks.shared.machine import describe_machine

    machine = describe_machine(os.getloadavg())
    packages = ", ".join(f"{name} {machine['packages'][name]}" for name in ("tensorflow", "keras"))
    yield (
        f"{datetime.now(tz=UTC):%Y-%m-%d}, {machine['cores']} cores of {machine['cpu']}, Python "
        f"{machine['python']}, {packages}; {seconds / 60:.0f} minutes."
    )
    yield ""
    yield "| tried | how many | told in a sentence | fine after all | lost |"
    yield "| :-- | --: | --: | --: | --: |"
    for tally in tallies:
        is_input = tally.kind.startswith(
            ("odd", "damaged", "hopeless", "settings", "tables", "malicious")
        )
        told = f"{tally.refused:,} | {tally.taken:,}" if is_input else "|"
        yield f"| {tally.kind} | {tally.tried:,} | {told} | {len(tally.lost)} |"
    yield f"| all | {sum(t.tried for t in tallies):,} | | | {sum(len(t.lost) for t in tallies)} |"


if __name__ == "__main__":
    sys.exit(main())
