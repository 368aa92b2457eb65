"""Does a model that says 0.8 turn out right in 8 of 10 cases?"""

from typing import Any, Final

import numpy as np

BINS: Final = 15
Array = np.ndarray[Any, Any]


def by_confidence(
    labels: Array, probabilities: Array, bins: int = BINS
) -> tuple[Array, Array, Array]:
    """Confidence, whether the answer is right, and the bin of equal width, each `[rows]`."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return confidence, right, np.minimum((confidence * bins).astype(int), bins - 1)


def expected_calibration_error(labels: Array, probabilities: Array, bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their rows.

    As in Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3, with its 15 bins.

    Args:
        labels: class ids, `[rows] int`.
        probabilities: `[rows, classes] float`.
        bins: bins of the confidence, which is the highest probability.

    Returns:
        0 (a share that can be relied on) to 1.

    Example:
    >>> expected_calibration_error(np.array([0, 0]), np.array([[0.75, 0.25], [0.25, 0.75]]))
    0.25
    """
    confidence, right, which = by_confidence(labels, probabilities, bins)
    gaps = np.bincount(which, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
