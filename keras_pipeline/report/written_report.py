"""A report that people look at: report.md and the pictures it shows."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from export.start.markdown import markdown_text
from export.start.shown import shown
from keras_pipeline.report import pictures
from keras_pipeline.report.behaviour.check import Behaviour
from keras_pipeline.report.coverage import Coverage
from keras_pipeline.report.drawn_names import drawn_names
from keras_pipeline.report.evaluation import (
    CLASS_COLUMNS,
    CONFUSION_COLUMNS,
    Evaluation,
    about_left_out,
    class_rows,
    overall,
)
from keras_pipeline.report.worst import largest_confusions, smallest_classes, worst_classes
from keras_pipeline.run_files import write_whole
from keras_pipeline.table.printed import Cells, markdown_table

_MISTAKES_SHOWN = 20
_MATRIX_CLASSES = 3  # of so few, the picture says it all


def write_report(
    folder: Path,
    evaluation: Evaluation,
    *,
    title: str,
    overview: Cells = (),
    history: list[dict[str, float]] | None = None,
    coverage: Coverage | None = None,
    behaviour: Behaviour | None = None,
) -> None:
    """Write `folder/report.md` and `folder/figures/*.png`.

    Args:
        folder: an existing folder.
        evaluation: answers and figures.
        title: heading of the report.
        overview: rows of a table that tells what was read and how it was split.
        history: one dict an epoch, for the learning curves; left out without it.
        coverage: what of the texts the model reads; left out without it.
        behaviour: failures by skill; left out without it.
    """
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    pictures.confusion_matrix(
        figures / "confusion_matrix.png",
        evaluation.metrics["confusion_matrix"],
        evaluation.label_names,
        worst_classes(evaluation.metrics),
    )
    pictures.class_balance(figures / "class_balance.png", evaluation.labels, evaluation.label_names)
    pictures.text_lengths(figures / "text_lengths.png", evaluation.texts)
    pictures.calibration(figures / "calibration.png", evaluation.labels, evaluation.probabilities)
    if history:
        pictures.learning_curves(figures / "learning_curves.png", history)
    if behaviour is not None:
        shares = {found.skill.title: found.share for found in behaviour.counted}
        pictures.failures(figures / "behaviour.png", shares)
    sections = _sections(evaluation, title, overview, history or [])
    text = "\n".join([*sections, *_skills(behaviour), *_lost(coverage)])
    write_whole(folder / "report.md", lambda file: file.write_text(text, encoding="utf-8"))


def _sections(
    evaluation: Evaluation, title: str, overview: Cells, history: list[dict[str, float]]
) -> Iterable[str]:
    metrics = evaluation.metrics
    yield f"# {markdown_text(title)}\n"
    told = ", ".join(f"{markdown_text(name)} **{value:.4f}**" for name, value in overall(metrics))
    yield f"{told[0].upper()}{told[1:]} over {metrics['rows']:,} texts.\n"
    yield (
        "## Each class\n\n"
        + markdown_table(["class", *CLASS_COLUMNS], _as_text(class_rows(metrics)))
        + "\n"
    )
    if left_out := about_left_out(metrics):
        yield f"{left_out}\n"
    yield "## Confusion matrix\n\n![Confusion matrix](figures/confusion_matrix.png)\n"
    yield from _confusions(evaluation)
    yield from _numbered(evaluation)
    if history:
        yield "## Learning curves\n\n![Learning curves](figures/learning_curves.png)\n"
        yield _history_table(history) + "\n"
    if overview:
        yield "## Data\n\n" + markdown_table(["what", "rows"], _as_text(overview)) + "\n"
    yield "![Class balance](figures/class_balance.png)\n"
    yield "![Text lengths](figures/text_lengths.png)\n"
    yield "## Calibration\n\n![Calibration](figures/calibration.png)\n"
    yield f"## The {_MISTAKES_SHOWN} most confident mistakes\n\n" + _mistakes(evaluation) + "\n"


def _skills(behaviour: Behaviour | None) -> Iterable[str]:
    """How many cases of each skill fail, and a few that do."""
    if behaviour is None:
        return
    yield f"## Behaviour\n\n{behaviour.sentence()}.\n"
    yield (
        "The sentences come from templates, not from the table, and are English; the vocabulary does not know "
        f"{behaviour.unknown:.1%} of their tokens.\n"
    )
    yield "![Behaviour](figures/behaviour.png)\n"
    yield markdown_table(["skill", "must be", "cases", "failures"], behaviour.rows()) + "\n"
    rows = [
        [found.skill.title, _as_code(failure.text), _as_code(failure.must_be), failure.said]
        for found in behaviour.counted
        for failure in found.examples
    ]
    if rows:
        header = ["skill", "failed", "must be", "answer"]
        yield "Some that fail:\n\n" + markdown_table(header, rows) + "\n"


def _lost(coverage: Coverage | None) -> Iterable[str]:
    """What the model does not read of the texts, and the rows where that is worst."""
    if coverage is None:
        return
    yield f"## What is not read\n\n{coverage.sentence()}.\n"
    rows = [[_as_code(str(text)), *shares] for text, *shares in coverage.table()]
    yield markdown_table(["text", "characters dropped", "tokens unknown"], rows) + "\n"


def _confusions(evaluation: Evaluation) -> Iterable[str]:
    """What is taken for what most often, where the picture alone does not tell."""
    found = largest_confusions(evaluation.metrics)
    if len(evaluation.label_names) <= _MATRIX_CLASSES or not found:
        return
    rows = [
        [markdown_text(true), markdown_text(answer), rows, f"{share:.0%}"]
        for true, answer, rows, share in found
    ]
    yield "The largest confusions:\n\n" + markdown_table(["class", *CONFUSION_COLUMNS], rows) + "\n"


def _numbered(evaluation: Evaluation) -> Iterable[str]:
    """Which class stands in the pictures by another name."""
    classes = evaluation.label_names
    seen = {
        *worst_classes(evaluation.metrics),
        *smallest_classes(evaluation.labels, len(classes)),
    }
    names = zip(classes, drawn_names(classes), strict=True)
    other = [pair for number, pair in enumerate(names) if number in seen and pair[0] != pair[1]]
    if other:
        rows = [[markdown_text(drawn), markdown_text(name)] for name, drawn in other]
        yield (
            "Names that the pictures show otherwise:\n\n"
            + markdown_table(["in pictures", "class"], rows)
            + "\n"
        )


def _history_table(history: list[dict[str, float]]) -> str:
    names = list(history[0])
    return markdown_table(names, [[epoch[name] for name in names] for epoch in history])


def _mistakes(evaluation: Evaluation) -> str:
    names = evaluation.label_names
    predicted = evaluation.probabilities.argmax(axis=1)
    confidence = evaluation.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != evaluation.labels)
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MISTAKES_SHOWN]
    rows = [
        [
            _as_code(evaluation.texts[row]),
            markdown_text(names[evaluation.labels[row]]),
            f"{markdown_text(names[predicted[row]])} {confidence[row]:.3f}",
        ]
        for row in shown
    ]
    return markdown_table(["text", "label", "answer"], rows)


def _as_code(text: str) -> str:
    """A tweet inside a Markdown table cell: no line breaks, pipes or backticks of its own."""
    flat = shown(text, longest=None).replace("|", "\\|").replace("`", "'")
    return f"`{flat}`"


def _as_text(cells: Cells) -> Cells:
    """Rows whose first cell may quote the table: a label there is no HTML here, and ends no cell."""
    return [[markdown_text(what), *rest] for what, *rest in cells]
