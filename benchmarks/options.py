"""What a run is asked for: the command line, read before TensorFlow is imported, and how much it stands for."""

import argparse
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.measurements import MEASUREMENTS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Sizes of a run.

    Attributes:
        seeds: one training of this project and one of the notebook's way for each.
        rows: rows of the table that are used, drawn by class; None for all.
        epochs: most epochs of a training; None for each contender's own.
        call_rounds: turns that each contender gets in latency, throughput and preprocessing.
        call_budget_s: seconds after which a comparison ends, however many turns are left.
        least_rounds: turns that each contender gets even where those seconds are over.
        load_rounds: turns that each gRPC model gets at each number of clients.
        load_s: seconds of one such turn.
        starts: fresh processes for each start time.
        growth_rows: rows of the tables whose training is timed.
    """

    seeds: tuple[int, ...]
    rows: int | None
    epochs: int | None
    call_rounds: int
    call_budget_s: float
    least_rounds: int
    load_rounds: int
    load_s: float
    starts: int
    growth_rows: tuple[int, ...]

    @property
    def quick(self) -> bool:
        """Whether this run shows that everything works, and no more than that."""
        return self.rows is not None

    def with_seeds(self, count: int) -> "Plan":
        """The same with `count` seeds from 42 on."""
        return dataclasses.replace(self, seeds=tuple(range(FIRST_SEED, FIRST_SEED + count)))


FIRST_SEED: Final = 42

TABLES: Final = "tables"
"""The measurement that needs files which nobody has by default."""

FULL: Final = Plan(
    seeds=tuple(range(FIRST_SEED, FIRST_SEED + 5)),
    rows=None,
    epochs=None,
    call_rounds=100,
    call_budget_s=90.0,
    least_rounds=3,
    load_rounds=5,
    load_s=4.0,
    starts=5,
    growth_rows=(25_000, 100_000, 400_000, 1_600_000),
)

QUICK: Final = Plan(
    seeds=(FIRST_SEED,),
    rows=1_000,
    epochs=1,
    call_rounds=10,
    call_budget_s=1.0,
    least_rounds=1,
    load_rounds=1,
    load_s=0.5,
    starts=1,
    growth_rows=(500, 1_000),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What a run was asked for.

    Attributes:
        plan: how much is measured.
        only: names of the measurements, in the order of the report.
        data: the table; None for the one that is there.
        run: folder of a trained run; None to train.
        tables: folder of public tables, None for none.
        out: folder for the results.
    """

    plan: Plan
    only: tuple[str, ...]
    data: Path | None
    run: Path | None
    tables: Path | None
    out: Path


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; on a mistake say one sentence and exit with 2."""
    parser = _parser()
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else FULL
    if given.tables is None and given.only is not None and TABLES in given.only:
        parser.error(f"argument --only: {TABLES} needs --tables DIR. Received: tables=None")
    every = tuple(name for name in MEASUREMENTS if name != TABLES or given.tables is not None)
    return Options(
        plan=plan if given.seeds is None else plan.with_seeds(given.seeds),
        only=given.only or every,
        data=given.data,
        run=given.run,
        tables=given.tables,
        out=given.out or Path("runs") / f"bench-{datetime.now(tz=UTC):%Y-%m-%d-%H%M%S}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this project beside what it replaces; print a Markdown table.",
        allow_abbrev=False,
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
        "--only", type=_names, metavar="NAME[,NAME]",
        help=f"of {', '.join(MEASUREMENTS)} (default: all, {TABLES} where --tables is given)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=positive, metavar="N",
        help=f"trainings of each contender (default: {len(FULL.seeds)}, quick {len(QUICK.seeds)})",
    )  # fmt: skip
    parser.add_argument(
        "--run", type=Path, metavar="RUN_FOLDER",
        help="judge and time this trained model in place of training one; "
        "training and growth train all the same",
    )  # fmt: skip
    parser.add_argument(
        "--tables", type=Path, metavar="DIR",
        help="folder with TweetEval's ten tables and UMSAB, tweeteval/NAME-train.csv and so on",
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


def positive(text: str) -> int:
    """A whole number from 1 up, as an option's `type`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up. Received: {text!r}")
    return int(text)
