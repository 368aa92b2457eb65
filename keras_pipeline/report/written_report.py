"""A report that people look at: report.md and the pictures it shows."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from export.start.shown import shown, shown_cell
from keras_pipeline.report import pictures
from keras_pipeline.report.evaluation import CLASS_COLUMNS, Evaluation, class_rows
from keras_pipeline.run_files import write_whole
from keras_pipeline.table.printed import Cells, markdown_table

_MISTAKES_SHOWN = 20


def write_report(
    folder: Path,
    evaluation: Evaluation,
    *,
    title: str,
    overview: Cells = (),
    history: list[dict[str, float]] | None = None,
) -> None:
    """Write `folder/report.md` and `folder/figures/*.png`.

    Args:
        folder: an existing folder.
        evaluation: answers and figures.
        title: heading of the report.
        overview: rows of a table that tells what was read and how it was split.
        history: one dict an epoch, for the learning curves; left out without it.
    """
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    pictures.confusion_matrix(
        figures / "confusion_matrix.png",
        evaluation.metrics["confusion_matrix"],
        evaluation.label_names,
    )
    pictures.class_balance(figures / "class_balance.png", evaluation.labels, evaluation.label_names)
    pictures.text_lengths(figures / "text_lengths.png", evaluation.texts)
    pictures.calibration(figures / "calibration.png", evaluation.labels, evaluation.probabilities)
    if history:
        pictures.learning_curves(figures / "learning_curves.png", history)
    text = "\n".join(_sections(evaluation, title, overview, history or []))
    write_whole(folder / "report.md", lambda file: file.write_text(text, encoding="utf-8"))


def _sections(
    evaluation: Evaluation, title: str, overview: Cells, history: list[dict[str, float]]
) -> Iterable[str]:
    metrics = evaluation.metrics
    yield f"# {shown_cell(title)}\n"
    yield (
        f"Accuracy **{metrics['accuracy']:.4f}**, macro F1 **{metrics['macro_f1']:.4f}**, calibration "
        f"error {metrics['calibration_error']:.4f} over {metrics['rows']:,} tweets.\n"
    )
    yield (
        "## Each class\n\n"
        + markdown_table(["class", *CLASS_COLUMNS], _as_text(class_rows(metrics)))
        + "\n"
    )
    yield "## Confusion matrix\n\n![Confusion matrix](figures/confusion_matrix.png)\n"
    if history:
        yield "## Learning curves\n\n![Learning curves](figures/learning_curves.png)\n"
        yield _history_table(history) + "\n"
    if overview:
        yield "## Data\n\n" + markdown_table(["what", "rows"], _as_text(overview)) + "\n"
    yield "![Class balance](figures/class_balance.png)\n"
    yield "![Text lengths](figures/text_lengths.png)\n"
    yield "## Calibration\n\n![Calibration](figures/calibration.png)\n"
    yield f"## The {_MISTAKES_SHOWN} most confident mistakes\n\n" + _mistakes(evaluation) + "\n"


def _history_table(history: list[dict[str, float]]) -> str:
    names = list(history[0])
    return markdown_table(names, [[epoch[name] for name in names] for epoch in history])


def _mistakes(evaluation: Evaluation) -> str:
    names = [shown_cell(name) for name in evaluation.label_names]
    predicted = evaluation.probabilities.argmax(axis=1)
    confidence = evaluation.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != evaluation.labels)
    first = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MISTAKES_SHOWN]
    rows = [
        [
            _as_code(evaluation.texts[row]),
            names[evaluation.labels[row]],
            f"{names[predicted[row]]} {confidence[row]:.3f}",
        ]
        for row in first
    ]
    return markdown_table(["tweet", "label", "answer"], rows)


def _as_code(text: str) -> str:
    """A tweet inside a Markdown table cell: no line breaks, pipes or backticks of its own."""
    flat = shown(text, longest=None).replace("|", "\\|").replace("`", "'")
    return f"`{flat}`"


def _as_text(cells: Cells) -> Cells:
    """Rows whose first cell may quote the table: a label there is no HTML here, and ends no cell."""
    return [[shown_cell(str(what)), *rest] for what, *rest in cells]
