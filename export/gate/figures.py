"""Figures of a version on labelled rows, made from its own answers: the same for card, list and gate."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.gate.bootstrap import count_and_resample, interval

Array = np.ndarray[Any, Any]
Figures = dict[str, Any]

_BINS: Final = 15


def figures(labels: Array, probabilities: Array, label_names: Sequence[str]) -> Figures:
    """Figures as JSON values.

    Args:
        labels: true class ids, `[rows] int`, one row at least.
        probabilities: `[rows, classes] float`.
        label_names: name of each class.

    Returns:
        rows, accuracy, macro_f1, macro_f1_interval (95 %, by bootstrap), calibration_error, and
        per_class with precision, recall, f1 and rows by name.
    """
    (found,) = count_and_resample(labels, [probabilities.argmax(axis=1)], len(label_names))
    counted, resampled = found.exact, found.drawn
    columns = zip(
        label_names, counted.precision, counted.recall, counted.f1, counted.true, strict=True
    )
    return {
        "rows": len(labels),
        "accuracy": float(counted.accuracy),
        "macro_f1": float(counted.macro_f1),
        "macro_f1_interval": [float(end) for end in interval(resampled.macro_f1)],
        "calibration_error": calibration_error(labels, probabilities),
        "per_class": {
            name: {
                "precision": float(precision),
                "recall": float(recall),
                "f1": float(f1),
                "rows": int(rows),
            }
            for name, precision, recall, f1, rows in columns
        },
    }


def calibration_error(labels: Array, probabilities: Array) -> float:
    """Mean distance of confidence and accuracy over 15 bins of equal width, weighted by their rows.

    Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3.

    Example:
    >>> calibration_error(np.array([0, 0]), np.array([[0.75, 0.25], [0.25, 0.75]]))
    0.25
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(which, weights=confidence - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))
