"""How long training takes, and what it reaches."""

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.names import NOTEBOOK, PRODUCT
from benchmarks.results import LOSS, SCORE, Row, Section, mean_row, median_row
from benchmarks.trainings import Training

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
                "validation loss: the sum of the epochs until then. Whole command: also importing, reading, preparing, judging "
                "and saving; this project's writes a report with figures, too."
            ),
            "Spread: quartiles of times, standard deviation of losses and scores.",
        ),
    )


def _epoch_row(who: str, trainings: list[Training]) -> Row:
    seconds = [epoch["seconds"] for training in trainings for epoch in training.history]
    counts = sorted(len(training.history) for training in trainings)
    return median_row(
        "an epoch", who, seconds, "s", note=f"{counts[0]} to {counts[-1]} epochs a run"
    )
