"""How good a model is on labelled tweets: its answers, and the figures that follow from them."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.metrics import classification_report, confusion_matrix

from keras_pipeline.model import SentimentModel
from keras_pipeline.options import progress_verbosity
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.table.printed import Cells, text_table
from keras_pipeline.table.stored_texts import Texts, text_batches

CLASS_COLUMNS: Final = ("precision", "recall", "f1", "rows")
Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Answers of a model to labelled tweets, and what follows from them.

    Attributes:
        texts: raw tweets, `[rows]` str.
        labels: true class ids, `[rows] int64`.
        probabilities: the model's, `[rows, classes] float32`.
        label_names: name of each class.
        metrics: JSON values: rows, accuracy, macro_f1, calibration_error, per_class, macro_average,
            weighted_average, confusion_matrix (rows true, columns predicted).
    """

    texts: Texts
    labels: Array
    probabilities: Array
    label_names: tuple[str, ...]
    metrics: dict[str, Any]

    def table(self) -> str:
        """The figures as a table for the terminal."""
        matrix = [
            [f"true {label}", *counts]
            for label, counts in zip(
                self.label_names, self.metrics["confusion_matrix"], strict=True
            )
        ]
        figures = (
            f"accuracy {self.metrics['accuracy']:.4f}   macro F1 {self.metrics['macro_f1']:.4f}"
        )
        calibration = f"calibration error {self.metrics['calibration_error']:.4f}"
        return "\n\n".join(
            [
                text_table(["", *CLASS_COLUMNS], class_rows(self.metrics)),
                text_table(["predicted", *self.label_names], matrix),
                f"{figures}   {calibration}",
            ]
        )


def class_rows(metrics: dict[str, Any]) -> Cells:
    """Rows of a table by class and average; its columns are named by `CLASS_COLUMNS`."""
    parts = {
        **metrics["per_class"],
        "macro average": metrics["macro_average"],
        "weighted average": metrics["weighted_average"],
    }
    return [[part, *(found[name] for name in CLASS_COLUMNS)] for part, found in parts.items()]


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
    """Figures of scikit-learn's classification report, confusion matrix and calibration error.

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
        "calibration_error": expected_calibration_error(labels, probabilities),
        "per_class": {
            name: _figures(report[str(number)]) for number, name in enumerate(label_names)
        },
        "macro_average": macro,
        "weighted_average": _figures(report["weighted avg"]),
        "confusion_matrix": confusion_matrix(labels, predicted, labels=ids).tolist(),
    }


def _figures(part: dict[str, float]) -> dict[str, float]:
    return {
        "precision": float(part["precision"]),
        "recall": float(part["recall"]),
        "f1": float(part["f1-score"]),
        "rows": int(part["support"]),
    }
