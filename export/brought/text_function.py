"""A model as one function of texts, whoever wrote it and whatever it was read from."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import UnfitModelError
from export.start.shown import shown
from export.start.utf8 import encode_text

Array = np.ndarray[Any, Any]

SPEC = tf.TensorSpec([None], tf.string)


@dataclasses.dataclass(frozen=True, eq=False)
class TextFunction:
    """What a model computes, before its head is known.

    Attributes:
        call: `[batch] string -> [batch, width]`, of any type of float; to be traced.
        root: the object that holds what the call uses.
        weights: arrays, for a checksum.
        told: what the model is made of, for people.
        takes: the input, for people.
        width: of the answer.
        activation: softmax, sigmoid, linear or another one's name; None where it cannot be known.
        loss: what the model was compiled with; None without.
        cuts: whether it reads no more than the first tokens of a text, or counts them.
        words: its vocabulary by token id; None where it has several, or none with such ids.
        fast: the same by other ops; None for a model of another shape than is known.
    """

    call: Callable[[tf.Tensor], tf.Tensor]
    root: Any
    weights: list[Any]
    told: str
    takes: str
    width: int
    activation: str | None = None
    loss: Any = None
    cuts: bool = False
    words: list[str] | None = None
    fast: Callable[[tf.Tensor], tf.Tensor] | None = None

    @property
    def served(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What is written."""
        return self.fast or self.call

    def ask(self, texts: Sequence[str | bytes]) -> Array:
        """The answers, as Keras traces them: `[rows, width] float32`; it raises what the model raises."""
        raw = [encode_text(text) for text in texts]
        found: Array = self._traced(tf.constant(raw, tf.string)).numpy().astype(np.float32)
        return found

    @functools.cached_property
    def _traced(self) -> Any:
        return tf.function(self.call, input_signature=[SPEC])


def one_answer(
    structured: Callable[[tf.Tensor], Any],
) -> tuple[Callable[[tf.Tensor], tf.Tensor], int]:
    """The same call with its one output out of whatever structure, and the width of that, by tracing.

    Args:
        structured: `[batch] string` to what the model gives.

    Raises:
        UnfitModelError: it gives several outputs, or none of `[batch, width]` numbers.
        Exception: whatever the call raises.
    """
    answer = tf.function(structured).get_concrete_function(SPEC).structured_outputs
    outputs = tf.nest.flatten(answer)
    if len(outputs) != 1:
        names = f" ({', '.join(map(str, answer))})" if isinstance(answer, dict) else ""
        raise UnfitModelError(
            "`model` must have one output, the classes; build a model of that output alone, "
            f"keras.Model(model.input, model.get_layer(NAME).output). Received: {len(outputs)} outputs{names}"
        )
    shape, dtype = outputs[0].shape, outputs[0].dtype
    if shape.rank != 2 or shape[1] is None or not dtype.is_floating:
        raise UnfitModelError(
            "`model` must answer a text by one row of numbers, [batch, classes]; end it by pooling and a dense layer. "
            f"Received: an output of shape {shape if shape.rank is None else list(shape)}, {dtype.name}"
        )
    return lambda text: tf.nest.flatten(structured(text))[0], int(shape[1])


def first_line(error: BaseException) -> str:
    """What an error says, short enough for a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shown(lines[0] if lines else type(error).__name__, 300)
