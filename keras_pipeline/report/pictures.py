"""The pictures of a report, one function each, written as PNG files.

The Agg canvas is used directly: no window system, no global state of pyplot.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.calibration import by_confidence
from keras_pipeline.report.drawn_names import drawn_names
from keras_pipeline.report.worst import smallest_classes
from keras_pipeline.table.stored_texts import Texts

_COLOURS: Final = dict(zip(SENTIMENTS, ("#c44e52", "#8c8c8c", "#55a868"), strict=True))
_COLOUR: Final = "#4c72b0"
"""Of every other class."""

_SIDE: Final = (5.5, 4.2)
"""Inches of a picture; one of many classes grows."""

_CELL: Final = 0.46
"""Inches of a cell of a large confusion matrix: a count of four digits can be read in it."""

_SHARES_UP_TO: Final = 5
"""Classes up to which a cell has room for a share below the count."""

_LEVEL_CHARACTERS: Final = 45
"""Of all names together, for which an axis has room side by side."""

Array = np.ndarray[Any, Any]


@contextmanager
def _figure(
    path: Path, title: str, columns: int = 1, size: tuple[float, float] = _SIDE
) -> Iterator[Any]:
    figure = Figure(figsize=(size[0] * columns, size[1]), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    figure.suptitle(title)
    yield axes
    figure.savefig(path)


def confusion_matrix(
    path: Path,
    counts: Sequence[Sequence[int]],
    label_names: Sequence[str],
    shown_ids: Sequence[int] | None = None,
) -> None:
    """True classes down, predicted ones across; colour is the share of the true class's rows.

    Args:
        path: of the PNG file.
        counts: `[classes, classes]`, true classes down.
        label_names: name of each class.
        shown_ids: classes that are drawn, by default all; the last column then counts the answers that are
            none of them.
    """
    table, names = np.asarray(counts), drawn_names(label_names)
    chosen = list(range(len(names)) if shown_ids is None else shown_ids)
    rows = np.maximum(table.sum(axis=1, keepdims=True), 1)[chosen]
    cells = table[np.ix_(chosen, chosen)]
    across, title = [names[number] for number in chosen], "Confusion matrix"
    down = list(across)
    if len(chosen) < len(names):
        others = table[chosen].sum(axis=1) - cells.sum(axis=1)
        cells = np.column_stack([cells, others])
        across, title = [*across, "others"], f"{title}: the worst {len(chosen)} of {len(names):,}"
    with _figure(path, title, size=_matrix_size(len(chosen), down)) as axes:
        image = axes.imshow(cells / rows, cmap="Blues", vmin=0, vmax=1)
        _write_cells(axes, cells, cells / rows)
        axes.set(xlabel="predicted", ylabel="true")
        _set_names(axes.set_xticks, across, upright=not _fits_level(across))
        _set_names(axes.set_yticks, down)
        if len(chosen) > _SHARES_UP_TO:
            bar = axes.figure.colorbar(image, ax=axes, shrink=0.6, format="{x:.0%}")
            bar.set_label("share of the true class")


def _matrix_size(classes: int, names: Sequence[str]) -> tuple[float, float]:
    """Inches: a cell for each class, and room for the names; never less than any other picture."""
    if classes <= _SHARES_UP_TO:
        return max(_SIDE[0], 1.1 * classes + 1.5), max(_SIDE[1], 0.8 * classes + 1)
    room = 0.085 * max(map(len, names)) + 1
    return max(_SIDE[0], _CELL * classes + room + 1), max(_SIDE[1], _CELL * classes + room)


def _write_cells(axes: Axes, counts: Array, shares: Array) -> None:
    """The count of each cell that has rows, and its share where there is room."""
    few = len(counts) <= _SHARES_UP_TO
    for (row, column), count in np.ndenumerate(counts):
        if not count and not few:
            continue
        share = shares[row, column]
        text = f"{count:,}\n{share:.0%}" if few else f"{count:,}"
        colour = "white" if share > 0.5 else "black"
        axes.text(
            column, row, text, ha="center", va="center", color=colour, fontsize=10 if few else 8
        )


def _fits_level(names: Sequence[str]) -> bool:
    longest = max(map(len, names))
    return len(names) <= _SHARES_UP_TO and longest * len(names) <= _LEVEL_CHARACTERS


def _set_names(set_ticks: Any, names: Sequence[str], *, upright: bool = False) -> None:
    """Names at an axis; a dollar in one begins no formula."""
    turned = {"rotation": 90} if upright else {}
    set_ticks(range(len(names)), names, parse_math=False, **turned)


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
    """Rows of each class, from class ids `[rows]`; of many classes those with the fewest."""
    counts = np.bincount(labels, minlength=len(label_names))
    chosen = smallest_classes(labels, len(label_names))
    drawn = drawn_names(label_names)
    names = [drawn[number] for number in chosen]
    colours = [_COLOURS.get(label_names[number], _COLOUR) for number in chosen]
    some = len(chosen) < len(label_names)
    title = (
        f"Class balance: the smallest {len(chosen)} of {len(drawn):,}" if some else "Class balance"
    )
    level = _fits_level(names)
    size = _SIDE if level else (_SIDE[0] + 1, max(_SIDE[1], 0.25 * len(chosen) + 1))
    with _figure(path, title, size=size) as axes:
        places = range(len(chosen))
        bars = (axes.bar if level else axes.barh)(places, counts[chosen], color=colours)
        axes.bar_label(bars, fmt="{:,.0f}", padding=2)
        _set_names(axes.set_xticks if level else axes.set_yticks, names)
        if not level:
            axes.invert_yaxis()
            axes.margins(x=0.12)
        axes.set(**{"ylabel" if level else "xlabel": "texts"})


def text_lengths(path: Path, texts: Texts) -> None:
    """Histogram of the raw texts' lengths in characters."""
    with _figure(path, "Text lengths") as axes:
        # Of a list matplotlib would make an array for every number.
        characters = np.fromiter(map(len, texts), np.int32, len(texts))
        axes.hist(characters, bins=40, color=_COLOUR)
        axes.set(xlabel="characters", ylabel="texts")


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


def failures(path: Path, shares: Mapping[str, float]) -> None:
    """Share of the cases that fail, by skill, the first at the top."""
    with _figure(path, "Behaviour: cases that fail", size=(_SIDE[0] + 2, _SIDE[1])) as axes:
        bars = axes.barh(range(len(shares)), list(shares.values()), color=_COLOUR)
        axes.bar_label(bars, fmt="{:.0%}", padding=2)
        _set_names(axes.set_yticks, list(shares))
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.1))
        axes.xaxis.set_major_formatter("{x:.0%}")


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle="--")
