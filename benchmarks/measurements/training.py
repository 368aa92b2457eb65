"""How long training takes, and what it reaches."""

import math
from collections.abc import Callable
from typing import Final

from benchmarks.shared.bench import Bench
from benchmarks.shared.results import (
    LOSS,
    NOTEBOOK,
    PRODUCT,
    SCORE,
    Row,
    Section,
    mean_row,
    median_row,
    missing_row,
)
from benchmarks.shared.trainings import Training

AS_GOOD: Final = "to the notebook's best validation loss"

_TIMES: dict[str, Callable[[Training], float]] = {
    "to the best validation loss": lambda training: training.seconds_to_best,
    "whole command": lambda training: training.seconds,
}
_FIGURES: dict[str, tuple[str, Callable[[Training], float]]] = {
    "log loss, validation part": (LOSS, lambda training: training.validation_loss),
    "macro F1, validation part": (SCORE, lambda training: training.validation["macro_f1"]),
    "macro F1, test part": (SCORE, lambda training: training.test["macro_f1"]),
}


def measure(bench: Bench) -> Section:
    """Train both in turns, a fresh process each time."""
    ours, theirs = bench.trainings
    both = {PRODUCT: ours, NOTEBOOK: theirs}
    rows = [_epoch_row(who, trainings) for who, trainings in both.items()]
    for what, seconds in _TIMES.items():
        rows += [median_row(what, who, [*map(seconds, runs)], "s") for who, runs in both.items()]
    rows += [_as_good_row(who, runs, theirs) for who, runs in both.items()]
    for what, (unit, figure) in _FIGURES.items():
        rows += [mean_row(what, who, [*map(figure, runs)], unit) for who, runs in both.items()]
    rows += [
        median_row("peak memory", who, [run.peak_bytes / 1e6 for run in runs], "MB")
        for who, runs in both.items()
    ]
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


def _as_good_row(who: str, runs: list[Training], others: list[Training]) -> Row:
    """Seconds until each run is as good as the other of its seed ever was."""
    pairs = zip(runs, others, strict=True)
    seconds = [run.seconds_until(other.best_loss) for run, other in pairs]
    if math.inf in seconds:
        return missing_row(AS_GOOD, who, "s", "not every run got there")
    return median_row(AS_GOOD, who, seconds, "s")


def _epoch_row(who: str, trainings: list[Training]) -> Row:
    seconds = [epoch["seconds"] for training in trainings for epoch in training.history]
    counts = sorted(len(training.history) for training in trainings)
    return median_row(
        "an epoch", who, seconds, "s", note=f"{counts[0]} to {counts[-1]} epochs a run"
    )
