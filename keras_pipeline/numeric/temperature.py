"""One number by which a trained classifier's confidence is what turns out right, folded into its last layer.

    logits of rows that nothing was learned from, and their labels -> temperature
    weights of the last layer / temperature                        -> softmax(logits / temperature)

The order of the classes stays, so does every figure but those of confidence; an answer costs what it did.
Guo et al., "On Calibration of Modern Neural Networks" (2017), section 4.2.
"""

import dataclasses
from typing import Any, Final

import keras
import numpy as np

LEAST_ROWS: Final = 200
"""Of fewer, what is found is chance: of 200 rows the standard error of one number is about 0.1."""

COLDEST, HOTTEST = 0.05, 20.0
"""A model that is never wrong would want none."""

_STEPS: Final = 60
_GOLDEN: Final = (5**0.5 - 1) / 2

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The temperature, and what it does.

    Attributes:
        temperature: above 1 where the model was too sure of itself.
        rows: that it was found on.
        loss_before: their mean cross-entropy without it.
        loss: with it.
    """

    temperature: float
    rows: int
    loss_before: float
    loss: float

    def sentence(self) -> str:
        """For the terminal."""
        return (
            f"Temperature {self.temperature:.3f}, in the last layer: validation loss {self.loss:.4f} "
            f"in place of {self.loss_before:.4f}"
        )


def calibrate(logits: Array, targets: Array) -> Calibration | None:
    """Find the temperature; None where there are fewer than `LEAST_ROWS` rows.

    Args:
        logits: `[rows, classes] float`; logarithms of probabilities will do.
        targets: probabilities of the labels, `[rows, classes] float`; one 1 where the label is certain.
    """
    if len(logits) < LEAST_ROWS:
        return None
    temperature = fit_temperature(logits, targets)
    before, after = (_loss(logits, targets, number) for number in (1.0, temperature))
    return Calibration(temperature, len(logits), before, after)


def fit_temperature(logits: Array, targets: Array) -> float:
    """The temperature that makes the labels most likely; the loss has one minimum over it.

    Args:
        logits: as for `calibrate`.
        targets: as for `calibrate`.

    Returns:
        Between `COLDEST` and `HOTTEST`.

    Example:
    >>> round(fit_temperature(np.log([[0.9, 0.1]] * 4), np.array([[1, 0]] * 3 + [[0, 1]])), 3)
    2.0
    """
    low, high = np.log([COLDEST, HOTTEST])
    for _ in range(_STEPS):  # golden section
        width = _GOLDEN * (high - low)
        left, right = high - width, low + width
        if _loss(logits, targets, np.exp(left)) < _loss(logits, targets, np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def _loss(logits: Array, targets: Array, temperature: float) -> float:
    """Mean cross-entropy."""
    return float(cross_entropies(np.asarray(logits, np.float64) / temperature, targets).mean())


def cross_entropies(logits: Array, targets: Array) -> Array:
    """Of each row: `[rows] float64`.

    Args:
        logits: `[rows, classes] float64`; logarithms of probabilities will do.
        targets: as for `calibrate`.

    Example:
    >>> cross_entropies(np.log([[0.5, 0.5], [0.9, 0.1]]), np.array([[1, 0], [1, 0]])).round(3).tolist()
    [0.693, 0.105]
    """
    logits = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logits).sum(axis=1)) - (targets * logits).sum(axis=1))


def fold_temperature(layer: keras.layers.Dense, temperature: float) -> None:
    """Divide kernel and bias, and with them what the layer says before its softmax.

    Args:
        layer: the last one, built.
        temperature: above 0.
    """
    layer.set_weights([weight / np.float32(temperature) for weight in layer.get_weights()])
