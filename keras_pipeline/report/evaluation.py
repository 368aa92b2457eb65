"""How good a model is on labelled tweets: its answers, and the figures that follow from them."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.metrics import average_precision_score, classification_report, confusion_matrix

from export.start.shown import shown
from keras_pipeline.model import SentimentModel
from keras_pipeline.options import progress_verbosity
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.report.worst import largest_confusions, worst_classes
from keras_pipeline.table.printed import Cells, text_table
from keras_pipeline.table.stored_texts import Texts, text_batches

CLASS_COLUMNS: Final = ("precision", "recall", "f1", "rows")
CONFUSION_COLUMNS: Final = ("taken for", "rows", "of its rows")
TOP: Final = 3
"""Answers of which one must be right in `top_3_accuracy`."""

LEAST_CLASSES_FOR_TOP: Final = 6
"""Of fewer, three answers are half of all."""

_MATRIX_CLASSES: Final = 6  # a terminal has no room for more columns
_LONGEST_NAME: Final = 24
Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Answers of a model to labelled tweets, and what follows from them.

    Attributes:
        texts: raw tweets, `[rows]` str.
        labels: true class ids, `[rows] int64`.
        probabilities: the model's, `[rows, classes] float32`.
        label_names: name of each class.
        metrics: JSON values, see `compute_metrics`.
    """

    texts: Texts
    labels: Array
    probabilities: Array
    label_names: tuple[str, ...]
    metrics: dict[str, Any]

    def table(self) -> str:
        """The figures as tables for the terminal; of many classes the worst, and the largest confusions."""
        metrics = self.metrics
        rows = [[_name(str(part)), *cells] for part, *cells in class_rows(metrics)]
        few = len(self.label_names) <= _MATRIX_CLASSES
        figures = "   ".join(f"{name} {value:.4f}" for name, value in overall(metrics))
        parts = [
            text_table(["", *CLASS_COLUMNS], rows),
            *([left_out] if (left_out := about_left_out(metrics)) else []),
            self._matrix() if few else self._confusions(),
            figures,
        ]
        return "\n\n".join(part for part in parts if part)

    def _matrix(self) -> str:
        names = [_name(name) for name in self.label_names]
        counts = zip(names, self.metrics["confusion_matrix"], strict=True)
        return text_table(["predicted", *names], [[f"true {name}", *row] for name, row in counts])

    def _confusions(self) -> str:
        rows = [
            [_name(true), _name(answer), count, f"{share:.0%}"]
            for true, answer, count, share in largest_confusions(self.metrics)
        ]
        return text_table(["largest confusions", *CONFUSION_COLUMNS], rows) if rows else ""


def overall(metrics: dict[str, Any]) -> list[tuple[str, float]]:
    """The figures of all classes together, by the names that people read."""
    named = {
        "accuracy": "accuracy",
        "macro F1": "macro_f1",
        "macro recall": "macro_recall",
        f"top-{TOP} accuracy": f"top_{TOP}_accuracy",
        "calibration error": "calibration_error",
    }
    precision = metrics.get("average_precision", {})
    return [
        *((name, metrics[key]) for name, key in named.items() if key in metrics),
        *((f"average precision of {_name(name)}", value) for name, value in precision.items()),
    ]


def class_rows(metrics: dict[str, Any]) -> Cells:
    """Rows of a table by class and average; its columns are named by `CLASS_COLUMNS`.

    Of many classes the worst ones, see `about_left_out`.
    """
    parts = list(metrics["per_class"].items())
    rows = [
        *(parts[number] for number in worst_classes(metrics)),
        ("macro average", metrics["macro_average"]),
        ("weighted average", metrics["weighted_average"]),
    ]
    return [[name, *(found[column] for column in CLASS_COLUMNS)] for name, found in rows]


def about_left_out(metrics: dict[str, Any]) -> str:
    """Which classes the table does not show, in a sentence; "" where it shows all."""
    classes, shown_ = len(metrics["per_class"]), len(worst_classes(metrics))
    if shown_ == classes:
        return ""
    return (
        f"The {shown_} classes with the lowest F1, of {classes:,}; metrics.json has the others. The averages "
        "are over all."
    )


def _name(text: str) -> str:
    return shown(text, _LONGEST_NAME)


def evaluate(model: SentimentModel, texts: Texts, labels: Array) -> Evaluation:
    """Ask the composed model for every raw tweet and compare with the labels.

    Args:
        model: strings in, `[batch, classes] float32` out.
        texts: raw tweets, `[rows]`.
        labels: class ids, `[rows]`.
    """
    probabilities = model.predict(text_batches(texts, 512), verbose=progress_verbosity())
    metrics = compute_metrics(labels, probabilities, model.labels)
    return Evaluation(texts, labels, probabilities, model.labels, metrics)


def compute_metrics(
    labels: Array, probabilities: Array, label_names: Sequence[str]
) -> dict[str, Any]:
    """Figures as JSON values.

    rows, accuracy, macro_f1, macro_recall, calibration_error; per_class, macro_average and
    weighted_average with precision, recall, f1 and rows; confusion_matrix (rows true, columns predicted).
    From six classes on top_3_accuracy, the share of rows whose class is among the three highest answers; of two
    classes average_precision of each that has rows, by its name.

    Args:
        labels: class ids, `[rows] int64`.
        probabilities: `[rows, classes] float32`.
        label_names: name of each class.

    Example:
    >>> metrics = compute_metrics(np.array([0, 1, 2, 2]), np.eye(3)[[0, 1, 2, 1]], "abc")
    >>> metrics["accuracy"], metrics["confusion_matrix"]
    (0.75, [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    """
    predicted = probabilities.argmax(axis=1)
    ids = range(len(label_names))
    report = classification_report(
        labels,
        predicted,
        labels=ids,
        target_names=[str(number) for number in ids],  # a class may be called "accuracy"
        output_dict=True,
        zero_division=0,
    )
    macro = _figures(report["macro avg"])
    return {
        "rows": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": macro["f1"],
        "macro_recall": macro["recall"],
        **_by_rank(labels, probabilities, label_names),
        "calibration_error": expected_calibration_error(labels, probabilities),
        "per_class": {
            name: _figures(report[str(number)]) for number, name in enumerate(label_names)
        },
        "macro_average": macro,
        "weighted_average": _figures(report["weighted avg"]),
        "confusion_matrix": confusion_matrix(labels, predicted, labels=ids).tolist(),
    }


def _by_rank(labels: Array, probabilities: Array, label_names: Sequence[str]) -> dict[str, Any]:
    """What the order of the answers tells beyond the first of them."""
    if len(label_names) == 2:
        precision = {
            name: float(average_precision_score(labels == number, probabilities[:, number]))
            for number, name in enumerate(label_names)
            if (labels == number).any()
        }
        return {"average_precision": precision}
    if len(label_names) < LEAST_CLASSES_FOR_TOP:
        return {}
    # Of equal answers the first, as argmax has it.
    highest = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    return {f"top_{TOP}_accuracy": float((highest == labels[:, np.newaxis]).any(axis=1).mean())}


def _figures(part: dict[str, float]) -> dict[str, float]:
    return {
        "precision": float(part["precision"]),
        "recall": float(part["recall"]),
        "f1": float(part["f1-score"]),
        "rows": int(part["support"]),
    }
