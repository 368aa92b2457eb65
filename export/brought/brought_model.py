"""Somebody's model as the exporter and the gate take it: named classes, any text answered.

model = bring(keras_model, labels=("negative", "neutral", "positive"), texts=some_texts)
model.predict(["so happy"])           # the Keras model's own answers, [rows, classes]
model.own_graph()                     # what is written: [batch] string -> [batch, classes]
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.brought.capture import owners_of, refuse_python, text_library_ops
from export.brought.care import Care, Text, find_care
from export.brought.exported_function import exported_function
from export.brought.head import LOGITS, Head, check_labels, find_head
from export.brought.keras_function import keras_function
from export.brought.neighbours import check_neighbours
from export.brought.text_function import SPEC, TextFunction
from export.errors import UnfitModelError
from export.gate.answer_checks import NASTY
from export.settings import FAST, GENERAL, Tolerances
from export.start.shown import listed
from export.start.utf8 import encode_text

LONGEST_UNCUT: Final = 300
"""Bytes of an awkward text for a model that reads texts whole: attention over 20,000 words takes 1.6 GB a head."""

_BATCH: Final = 256
_LOOKED_AT: Final = 256
_ROUNDING: Final = 2e-6
"""Between the fast ops and Keras's, of a probability: 1.8e-7 was measured over 512 tweets."""

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class BroughtModel:
    """A text classifier that this project did not train.

    Attributes:
        function: the model.
        labels: class names, in the order of its answers.
        head: what its numbers are.
        care: what is done around it.
        text_ops: of TensorFlow Text, which not every server links.
        neighbours: the largest difference that other texts in a batch made.
    """

    function: TextFunction
    labels: tuple[str, ...]
    head: Head
    care: Care
    text_ops: tuple[str, ...] = ()
    neighbours: float = 0.0

    @property
    def words(self) -> list[str] | None:
        """Vocabulary by token id, where there is one."""
        return self.function.words

    @property
    def longest_text(self) -> int | None:
        """Bytes of an awkward text that it is asked; None for any."""
        return None if self.function.cuts else LONGEST_UNCUT

    def predict(self, x: Sequence[Text], batch_size: int = _BATCH, **_: Any) -> Array:
        """The model's own answers, with what the card tells of empty texts: `[rows, classes] float32`."""
        classes = len(self.labels)
        parts = [
            self.care.around_arrays(self._probabilities, x[start : start + batch_size], classes)
            for start in range(0, len(x), batch_size)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, classes), np.float32)

    def _probabilities(self, texts: Sequence[Text]) -> Array:
        return self.head.of_array(self.function.ask(texts))

    def own_graph(self) -> "BroughtGraph":
        """What is written.

        Raises:
            UnfitModelError: it has variables that nothing holds.
        """
        return BroughtGraph(self.function, self.head, self.care)

    def get_weights(self) -> list[Any]:
        """As Keras's, for a checksum."""
        return self.function.weights

    def told(self) -> dict[str, str]:
        """What the card tells of it."""
        added = {LOGITS: ", sigmoid added" if self.head.width == 1 else ", softmax added"}
        head = f"{self.head.kind}{added.get(self.head.kind, '')}"
        return {
            "model": self.function.told,
            "input": self.function.takes,
            "graph": GENERAL if self.function.fast is None else FAST,
            "head": f"{head}; told by {self.head.told_by}",
            "awkward texts": "; ".join(self.care.sentences()) or "answered as the Keras model does",
            "difference by neighbours in a batch": f"{self.neighbours:.1e}",
            "what each word does": "not told: there is no signature explain",
            **self._needs(),
        }

    def _needs(self) -> dict[str, str]:
        if not self.text_ops:
            return {}
        ops = listed(list(self.text_ops))
        return {"server": f"must link TensorFlow Text's ops ({ops}), as the official one does"}


class BroughtGraph(tf.Module):
    """`[batch] string -> [batch, classes] float32`; it keeps what the function captures, and no Keras object."""

    def __init__(self, function: TextFunction, head: Head, care: Care) -> None:
        super().__init__(name="brought_graph")

        def answer(text: tf.Tensor) -> tf.Tensor:
            return care.around(lambda asked: head(function.served(asked)), text, head.classes)

        traced = tf.function(answer, input_signature=[SPEC])
        concrete = traced.get_concrete_function()
        refuse_python(concrete)
        self._kept = owners_of(concrete, function.root)
        # In a closure: a function that is an attribute would be saved by itself, too.
        self._asked: Callable[[tf.Tensor], Any] = lambda text: concrete(text)  # noqa: PLW0108

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, classes] float32`; no rows are fine."""
        return self._asked(text)

    def with_known(self, text: tf.Tensor) -> tuple[tf.Tensor, None]:
        """Probabilities; how many tokens are known cannot be told of a graph of any shape."""
        return self(text), None


def bring(
    model: Any,
    *,
    labels: Sequence[str],
    texts: Sequence[str],
    output: str | None = None,
    tolerance: float = Tolerances.probability,
    fast: bool = True,
) -> BroughtModel:
    """Look at a model, and take it or tell why not; nothing is written.

    Args:
        model: a Keras model, or what `tf.saved_model.load` gave.
        labels: class names, in the order of its answers.
        texts: some that it is made for.
        output: what its last numbers are, one of `export.settings.HEADS`; found out by default.
        tolerance: how much batch neighbours may change a probability.
        fast: compute a model of a shape that is known by the fast graph.

    Raises:
        UnfitModelError: it is none that can be served by this contract.
    """
    function = exported_function(model) if hasattr(model, "signatures") else keras_function(model)
    concrete = tf.function(function.call).get_concrete_function(SPEC)
    refuse_python(concrete)
    longest = None if function.cuts else LONGEST_UNCUT
    awkward = [text[:longest] for text in NASTY]
    some = list(texts[:_LOOKED_AT])
    care = find_care(function.ask, some, awkward)
    head = find_head(function, _numbers(function, [*some, care.stand_in]), output)
    check_labels(head, labels)
    if not fast or not _same(function, head, care, [*some, *awkward]):
        function = dataclasses.replace(function, fast=None)
    found = BroughtModel(function, tuple(labels), head, care, text_library_ops(concrete))
    difference = check_neighbours(found.predict, [*some, *awkward], tolerance)
    return dataclasses.replace(found, neighbours=difference)


def _same(function: TextFunction, head: Head, care: Care, texts: Sequence[Text]) -> bool:
    """Whether the fast function gives the Keras model's probabilities, rounding aside."""
    if function.fast is None:
        return False
    by_keras = BroughtModel(function, ("",) * head.classes, head, care).predict(texts)
    graph = BroughtGraph(function, head, care)
    raw = [encode_text(text) for text in texts]
    found = graph(tf.constant(raw, tf.string)).numpy()
    return bool(np.abs(found - by_keras).max() <= _ROUNDING)


def _numbers(function: TextFunction, texts: Sequence[Text]) -> Array:
    """Answers to look at, but for the texts that have no word."""
    parts = [function.ask(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
    numbers = np.concatenate(parts)
    sound = np.isfinite(numbers).all(axis=1)
    if sound.sum() * 2 < len(sound):
        raise UnfitModelError(
            "`model` must answer texts with numbers. Received: "
            f"NaN for {int((~sound).sum())} of {len(sound)} texts"
        )
    kept: Array = numbers[sound]
    return kept
