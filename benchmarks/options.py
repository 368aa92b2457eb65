"""The command line, read before TensorFlow is imported."""

import argparse
import dataclasses
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.shared.names import MEASUREMENTS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What a run was asked for.

    Attributes:
        plan: how much is measured.
        only: names of the measurements, in the order of the report.
        data: the table; None for the one that is there.
        run: folder of a trained run; None to train.
        out: folder for the results.
    """

    plan: Plan
    only: tuple[str, ...]
    data: Path | None
    run: Path | None
    out: Path


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; on a mistake say one sentence and exit with 2."""
    parser = _parser()
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else FULL
    return Options(
        plan=plan if given.seeds is None else plan.with_seeds(given.seeds),
        only=given.only,
        data=given.data,
        run=given.run,
        out=given.out or Path("runs") / f"bench-{datetime.now(tz=timezone.utc):%Y-%m-%d-%H%M%S}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this project beside what it replaces; print a Markdown table.",
    )
    parser.add_argument(
        "--data", type=Path, metavar="CSV",
        help="labelled tweets (default: data/Twitter_Data.csv, else the bundled corpus)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="small sizes, to see that everything works: two to three minutes on two cores",
    )  # fmt: skip
    parser.add_argument(
        "--only", type=_names, default=tuple(MEASUREMENTS), metavar="NAME[,NAME]",
        help=f"of {', '.join(MEASUREMENTS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=_positive, metavar="N",
        help=f"trainings of each contender (default: {len(FULL.seeds)}, quick {len(QUICK.seeds)})",
    )  # fmt: skip
    parser.add_argument(
        "--run", type=Path, metavar="RUN_FOLDER",
        help="judge and time this trained model in place of training one; "
        "training and growth train all the same",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="new folder for results.md, results.json and the runs (default: runs/bench-<date-time>)",
    )  # fmt: skip
    return parser


def _names(text: str) -> tuple[str, ...]:
    """Names of measurements, each once, in the order of the report."""
    given = {name.strip() for name in text.split(",")}
    if given - MEASUREMENTS.keys():
        raise argparse.ArgumentTypeError(
            f"must name some of {', '.join(MEASUREMENTS)}. Received: {text!r}"
        )
    return tuple(name for name in MEASUREMENTS if name in given)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up. Received: {text!r}")
    return int(text)
