"""How long training takes, and what it reaches."""

import math
from collections.abc import Callable
from typing import Final

from benchmarks.shared.bench import Bench
from benchmarks.shared.results import LOSS, NOTEBOOK, PRODUCT, SCORE, Row, Section
from benchmarks.shared.trainings import Training

AS_GOOD: Final = "to the notebook's best validation loss"

_Figure = tuple[str, Callable[..., Row], str, Callable[[Training, Training], float]]
_FIGURES: tuple[_Figure, ...] = (
    ("to the best validation loss", Row.median, "s", lambda run, _: run.seconds_to_best),
    ("whole command", Row.median, "s", lambda run, _: run.seconds),
    (AS_GOOD, Row.median, "s", lambda run, other: run.seconds_until(other.best_loss)),
    ("lowest loss of an epoch, validation part", Row.mean, LOSS, lambda run, _: run.best_loss),
    ("macro F1, test part", Row.mean, SCORE, lambda run, _: run.test["macro_f1"]),
    ("peak memory", Row.median, "MB", lambda run, _: run.peak_bytes / 1e6),
)
"""What, the row that it makes, its unit, and the figure of a run beside the notebook's of its seed."""


def measure(bench: Bench) -> Section:
    """Train both in turns, a fresh process each time."""
    seeds = bench.plan.seeds
    pairs = [{who: bench.training(who, seed) for who in (PRODUCT, NOTEBOOK)} for seed in seeds]
    rows = [_epoch_row(who, [pair[who] for pair in pairs]) for who in (PRODUCT, NOTEBOOK)]
    for what, row, unit, figure in _FIGURES:
        for who in (PRODUCT, NOTEBOOK):
            sample = [figure(pair[who], pair[NOTEBOOK]) for pair in pairs]
            reached = math.inf not in sample
            missing = Row.missing(what, who, unit, "not every run got there")
            rows.append(row(what, who, sample, unit) if reached else missing)
    return Section(
        name="training",
        title="Training",
        rows=rows,
        baseline=NOTEBOOK,
        notes=(
            (
                "In turns, a fresh process each: `python -m keras_pipeline.train` with its defaults, and "
                "the notebook's network. Same table, same training rows (this project may add to them), "
                "same validation part."
            ),
            (
                "Epochs hold their validation and, the first of each run, the tracing. To the best "
                "validation loss, each to its own: the sum of the epochs until then. To the notebook's: until "
                "an epoch ends with a loss no higher than the notebook's best of the same seed, whose "
                "validation part is the same. Whole command: also importing, reading, preparing, judging "
                "and saving; this project's writes a report with figures, too."
            ),
            "Spread: quartiles of times, standard deviation of losses and scores.",
        ),
    )


def _epoch_row(who: str, trainings: list[Training]) -> Row:
    seconds = [epoch["seconds"] for training in trainings for epoch in training.history]
    counts = sorted(len(training.history) for training in trainings)
    return Row.median(
        "an epoch", who, seconds, "s", note=f"{counts[0]} to {counts[-1]} epochs a run"
    )
