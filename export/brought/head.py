"""What a model's last numbers are: probabilities of all classes, their logits, or the one of the second class.

softmax     [batch, classes], each row sums to 1
logits      [batch, classes], softmax is added; of width 1 sigmoid is added
sigmoid     [batch, 1], the probability of the second class: [1 - p, p]

Told by the last layer's activation, by the compiled loss, by the numbers; where these do not agree, the user is asked.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.brought.text_function import TextFunction
from export.errors import UnfitModelError
from export.settings import HEADS
from export.start.shown import listed

SOFTMAX, LOGITS, SIGMOID = HEADS

_SUM: Final = 5e-3
"""How far from 1 a row of probabilities may sum up: half precision is known to three digits."""

_OVER_CLASSES: Final = ("categorical_crossentropy", "categorical_focal_crossentropy")
_OVER_ONE: Final = ("binary_crossentropy", "binary_focal_crossentropy")

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True)
class Head:
    """How a model's numbers become probabilities.

    Attributes:
        kind: one of `HEADS`.
        width: of the model's answer.
        told_by: what said so, for people.
    """

    kind: str
    width: int
    told_by: str

    @property
    def classes(self) -> int:
        """How many there are."""
        return 2 if self.width == 1 else self.width

    def __call__(self, answer: tf.Tensor) -> tf.Tensor:
        """`[batch, width] -> [batch, classes] float32`, in a graph."""
        numbers = tf.cast(answer, tf.float32)
        if self.width == 1:
            second = tf.sigmoid(numbers) if self.kind == LOGITS else numbers
            return tf.concat([1.0 - second, second], axis=1)
        return tf.nn.softmax(numbers) if self.kind == LOGITS else numbers

    def of_array(self, answer: Array) -> Array:
        """The same of an array, by other means: the gate compares the two."""
        numbers = answer.astype(np.float64)
        if self.width == 1:
            second = 1 / (1 + np.exp(-numbers)) if self.kind == LOGITS else numbers
            return np.concatenate([1 - second, second], axis=1).astype(np.float32)
        if self.kind == LOGITS:
            powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
            numbers = powers / powers.sum(axis=1, keepdims=True)
        return numbers.astype(np.float32)


def find_head(function: TextFunction, numbers: Array, asked: str | None = None) -> Head:
    """What the model's answers are.

    Args:
        function: the model.
        numbers: its answers to some texts, `[rows, width]`, finite.
        asked: what the user says, one of `HEADS`; None to find out.

    Raises:
        UnfitModelError: it is no head of one class a text, or what is known does not agree.
    """
    width = function.width
    if asked is not None:
        _refuse_impossible(asked, width, numbers)
        return Head(asked, width, "--output")
    evidence = {
        "the last layer's activation": _by_activation(function.activation, width),
        "the compiled loss": _by_loss(function.loss, function.activation, width),
        "its numbers": _by_numbers(numbers, function),
    }
    known = {source: kind for source, kind in evidence.items() if kind}
    if len(set(known.values())) != 1:
        said = listed([f"{source} says {kind}" for source, kind in known.items()]) or "none says"
        raise UnfitModelError(
            f"`output` must be told where it cannot be known: --output {' or '.join(HEADS)}. Received: {said}"
        )
    return Head(next(iter(known.values())), width, listed(list(known)))


def check_labels(head: Head, labels: Sequence[str]) -> None:
    """Refuse another number of labels than the model has classes.

    Raises:
        UnfitModelError: as told.
    """
    if len(labels) != head.classes:
        shape = f"[batch, {head.width}]"
        raise UnfitModelError(
            f"`labels` must name {head.classes} classes, for the model answers {shape}, {head.kind}. "
            f"Received: {len(labels)} labels, {listed(list(labels))}"
        )


def _by_activation(activation: str | None, width: int) -> str | None:
    if activation == "sigmoid" and width > 1:
        raise UnfitModelError(_several_sigmoids(width))
    known = {"softmax": SOFTMAX, "sigmoid": SIGMOID, "linear": LOGITS, "log_softmax": LOGITS}
    if activation == "softmax" and width == 1:
        raise UnfitModelError(
            "`model` must have a softmax of two classes at least, or one sigmoid unit. Received: a softmax of 1, "
            "which is always 1"
        )
    return known.get(activation or "")


def _by_loss(loss: Any, activation: str | None, width: int) -> str | None:
    """None where the loss says nothing; where the activation is sure, any loss will do."""
    name, from_logits = _loss_of(loss)
    if name is None or activation in ("softmax", "sigmoid"):
        return None
    if any(name.endswith(known) for known in _OVER_CLASSES) and width > 1:
        return LOGITS if from_logits else SOFTMAX
    if name in _OVER_ONE and width == 1:
        return LOGITS if from_logits else SIGMOID
    if name in _OVER_ONE:
        raise UnfitModelError(_several_sigmoids(width))
    return (
        f"nothing of classes ({name})"
        if activation in ("linear", None) and _is_plain(name)
        else None
    )


def _is_plain(name: str) -> bool:
    """A loss of Keras that learns numbers, not classes."""
    return name.startswith(("mean_", "huber", "log_cosh", "mse", "mae", "poisson", "cosine"))


def _loss_of(loss: Any) -> tuple[str | None, bool]:
    """Name of a loss as Keras's functions are called, and whether it takes logits."""
    if isinstance(loss, dict | list | tuple):
        losses = list(loss.values() if isinstance(loss, dict) else loss)
        return _loss_of(losses[0]) if len(losses) == 1 else (None, False)
    if isinstance(loss, str):
        return loss, False
    name = getattr(loss, "name", None) or getattr(loss, "__name__", None)
    if not isinstance(name, str):
        return None, False
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    return name, bool(config.get("from_logits", getattr(loss, "from_logits", False)))


def _by_numbers(numbers: Array, function: TextFunction) -> str | None:
    inside = bool(((numbers >= -_SUM) & (numbers <= 1 + _SUM)).all())
    if function.width == 1:
        # One logit may lie between 0 and 1, too: numbers count for a probability where nothing else is known.
        unknown = function.activation is None and function.loss is None
        return (SIGMOID if unknown else None) if inside else LOGITS
    if inside and bool((np.abs(numbers.sum(axis=1) - 1) <= _SUM).all()):
        return SOFTMAX
    return None if inside else LOGITS


def _refuse_impossible(asked: str, width: int, numbers: Array) -> None:
    if asked not in HEADS:
        raise UnfitModelError(f"`output` must be {' or '.join(HEADS)}. Received: output={asked!r}")
    if asked == SIGMOID and width > 1:
        raise UnfitModelError(_several_sigmoids(width))
    if asked == SOFTMAX and width == 1:
        raise UnfitModelError(
            "`output` softmax needs two classes at least; one unit is sigmoid or logits. Received: width 1"
        )
    sums = numbers.sum(axis=1) if width > 1 else np.ones(1)
    inside = (numbers >= -_SUM).all() and (numbers <= 1 + _SUM).all()
    if asked != LOGITS and not (inside and np.abs(sums - 1).max() <= _SUM):
        raise UnfitModelError(
            f"`output` {asked} must give probabilities; these are logits, or not of one class a text. Received: "
            f"numbers from {numbers.min():.3g} to {numbers.max():.3g}, rows that sum up to {sums.max():.3g}"
        )


def _several_sigmoids(width: int) -> str:
    return (
        "`model` must choose one class a text: several sigmoids may all be right at once, so they are no classes; end it "
        f"by a softmax, or export one unit alone. Received: {width} sigmoids"
    )
