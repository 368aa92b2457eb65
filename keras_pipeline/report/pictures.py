"""The pictures of a report, one function each, written as PNG files.

The Agg canvas is used directly: no window system, no global state of pyplot.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from export.start.shown import shown
from keras_pipeline.report.calibration import by_confidence
from keras_pipeline.table.stored_texts import Texts

_COLOURS: Final = ("#c44e52", "#8c8c8c", "#55a868")
"""Of negative, neutral and positive."""

_LONGEST_LABEL: Final = 24

Array = np.ndarray[Any, Any]


@contextmanager
def _figure(path: Path, title: str, columns: int = 1) -> Iterator[Any]:
    figure = Figure(figsize=(5.5 * columns, 4.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    figure.suptitle(title)
    yield axes
    figure.savefig(path)


def confusion_matrix(
    path: Path, counts: Sequence[Sequence[int]], label_names: Sequence[str]
) -> None:
    """Counts `[classes, classes]`, true classes down, predicted ones across; colour is the share of the row."""
    table = np.asarray(counts)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    with _figure(path, "Confusion matrix") as axes:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(table):
            share = shares[row, column]
            colour = "white" if share > 0.5 else "black"
            axes.text(
                column, row, f"{count:,}\n{share:.0%}", ha="center", va="center", color=colour
            )
        axes.set(xlabel="predicted", ylabel="true")
        names = [_tick(name) for name in label_names]
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)


def learning_curves(path: Path, history: list[dict[str, float]]) -> None:
    """Loss and accuracy by epoch, training and validation."""
    epochs = [epoch["epoch"] for epoch in history]
    with _figure(path, "Learning curves", columns=2) as (loss, accuracy):
        for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
            for prefix, label in (("", "train"), ("val_", "validation")):
                values = [epoch[prefix + name] for epoch in history]
                axes.plot(epochs, values, marker="o", label=label)
            axes.set(xlabel="epoch", ylabel=name)
            axes.locator_params(axis="x", integer=True)
            axes.legend()


def class_balance(path: Path, labels: Array, label_names: Sequence[str]) -> None:
    """Rows of each class, from class ids `[rows]`."""
    counts = np.bincount(labels, minlength=len(label_names))
    with _figure(path, "Class balance") as axes:
        axes.bar_label(axes.bar(range(len(counts)), counts, color=_COLOURS), fmt="{:,.0f}")
        axes.set_xticks(range(len(counts)), [_tick(name) for name in label_names])
        axes.set(ylabel="tweets")


def text_lengths(path: Path, texts: Texts) -> None:
    """Histogram of the raw tweets' lengths in characters."""
    with _figure(path, "Text lengths") as axes:
        # Of a list matplotlib would make an array for every number.
        characters = np.fromiter(map(len, texts), np.int32, len(texts))
        axes.hist(characters, bins=40, color="#4c72b0")
        axes.set(xlabel="characters", ylabel="tweets")


def calibration(path: Path, labels: Array, probabilities: Array) -> None:
    """Accuracy against confidence; on the diagonal a model's words can be taken as said."""
    confidence, right, which = by_confidence(labels, probabilities)
    filled = np.unique(which)
    with _figure(path, "Calibration") as axes:
        _diagonal(axes)
        means = [
            [values[which == bin_].mean() for bin_ in filled] for values in (confidence, right)
        ]
        axes.plot(*means, marker="o")
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))


def _tick(label: str) -> str:
    """A label in one short line: a long one would leave no room, and dollars would begin a formula."""
    return shown(label, _LONGEST_LABEL).replace("$", r"\$")


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle="--")
