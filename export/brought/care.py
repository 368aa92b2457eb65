"""What a model needs so that every text gets an answer: empty ones, bytes that are no UTF-8, no rows at all.

Mask and average give NaN where there is no word; a GRU over a variable length fails where all texts of a batch are
empty. What a model needs is found by asking it, and nothing else is put around it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.brought.text_function import first_line
from export.errors import UnfitModelError
from export.start.shown import shown
from export.start.utf8 import encode_text

_USUAL: Final = ("what a lovely day", "this is a good one", "a")
_MOST_TRIED: Final = 50

Array = np.ndarray[Any, Any]
Text = str | bytes
Ask = Callable[[Sequence[Text]], Array]


@dataclasses.dataclass(frozen=True)
class Care:
    """What is done around a model.

    Attributes:
        stand_in: a text that it answers; asked in the place of no rows, its answer is cut off.
        in_every_batch: ask the stand-in along with every batch.
        without_empty: do not ask empty and blank texts: all classes are equally likely.
        as_utf8: replace bytes that are no UTF-8 by U+FFFD before.
        without_nan: where its answer is no number, all classes are equally likely.
    """

    stand_in: str
    in_every_batch: bool = False
    without_empty: bool = False
    as_utf8: bool = False
    without_nan: bool = False

    def sentences(self) -> list[str]:
        """For the card."""
        told = {
            "a batch of empty texts only fails in the Keras model; here one more text is computed along": self.in_every_batch,
            "an empty text fails in the Keras model; here all classes are equally likely": self.without_empty,
            "bytes that are no UTF-8 fail in the Keras model; here each is U+FFFD": self.as_utf8,
            "a text without a word that it reads gives NaN in the Keras model; here all classes are "
            "equally likely": self.without_nan,
        }
        return [sentence for sentence, holds in told.items() if holds]

    def around(
        self, answer: Callable[[tf.Tensor], tf.Tensor], text: tf.Tensor, classes: int
    ) -> tf.Tensor:
        """`[batch] string -> [batch, classes] float32`, in a graph.

        Args:
            answer: the model's probabilities, of one text or more.
            text: any, or none.
            classes: how many.
        """
        rows = tf.shape(text)[0]
        if self.as_utf8:
            text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        empty = tf.equal(tf.strings.length(tf.strings.strip(text)), 0)
        more = 1 if self.in_every_batch else tf.cast(rows == 0, tf.int32)
        asked = tf.where(empty, self.stand_in, text) if self.without_empty else text
        found = answer(tf.concat([asked, tf.fill([more], self.stand_in)], axis=0))[:rows]
        equal = tf.fill([1, classes], 1.0 / classes)
        if self.without_empty:
            found = tf.where(empty[:, tf.newaxis], equal, found)
        if self.without_nan:
            sound = tf.reduce_all(tf.math.is_finite(found), axis=1, keepdims=True)
            found = tf.where(sound, found, equal)
        return tf.ensure_shape(found, [None, classes])

    def around_arrays(self, answer: Ask, texts: Sequence[Text], classes: int) -> Array:
        """The same by other means, for the gate to compare with: `[rows, classes]`."""
        raw = [encode_text(text) for text in texts]
        if self.as_utf8:
            raw = [text.decode(errors="replace").encode() for text in raw]
        empty = np.array([not text.strip(b" \t\n\v\f\r") for text in raw])
        if self.without_empty:
            raw = [
                self.stand_in.encode() if gone else text
                for text, gone in zip(raw, empty, strict=True)
            ]
        more = [self.stand_in] if self.in_every_batch else []
        found = answer([*raw, *more])[: len(raw)].copy()
        if self.without_empty:
            found[empty] = 1 / classes
        if self.without_nan:
            found[~np.isfinite(found).all(axis=1)] = 1 / classes
        return found


def find_care(ask: Ask, texts: Sequence[Text], awkward: Sequence[Text]) -> Care:
    """What a model needs.

    Args:
        ask: its own answers, `[rows, width]`; raises where it fails.
        texts: usual ones.
        awkward: those that must be answered, too.

    Raises:
        UnfitModelError: it answers no usual text, or fails on one of these whatever is done.
    """
    care = Care(_stand_in(ask, texts))
    alone, beside = _fails(ask, [""]), _fails(ask, ["", care.stand_in])
    care = dataclasses.replace(
        care, in_every_batch=bool(alone and not beside), without_empty=bool(beside)
    )
    odd = [text for text in awkward if isinstance(text, bytes)]
    if any(_fails(ask, [text, care.stand_in]) for text in odd):
        care = dataclasses.replace(care, as_utf8=True)
    return _for_others(ask, awkward, care)


def _for_others(ask: Ask, awkward: Sequence[Text], care: Care) -> Care:
    """What the rest of the awkward texts needs, each asked alone."""
    for text in awkward:
        failed = _failure(ask, text, care)
        if failed and not care.in_every_batch:
            beside = dataclasses.replace(care, in_every_batch=True)
            failed_beside = _failure(ask, text, beside)
            care, failed = (care, failed) if failed_beside else (beside, None)
        if failed:
            raise UnfitModelError(
                f"`model` must answer any text. Received: {shown(repr(text), 60)}, on which it fails "
                f"({first_line(failed)})"
            )
        if not np.isfinite(_asked(ask, text, care)).all():
            care = dataclasses.replace(care, without_nan=True)
    return care


def _asked(ask: Ask, text: Text, care: Care) -> Array:
    """The model's answer to one text, as it is asked with this care."""
    raw = encode_text(text)
    if care.without_empty and not raw.strip():
        raw = care.stand_in.encode()
    if care.as_utf8:
        raw = raw.decode(errors="replace").encode()
    return ask([raw, care.stand_in] if care.in_every_batch else [raw])[:1]


def _failure(ask: Ask, text: Text, care: Care) -> Exception | None:
    try:
        _asked(ask, text, care)
    except Exception as error:  # noqa: BLE001 (whatever a graph of somebody's raises)
        return error
    return None


def _fails(ask: Ask, texts: Sequence[Text]) -> Exception | None:
    try:
        ask(texts)
    except Exception as error:  # noqa: BLE001 (as above)
        return error
    return None


def _stand_in(ask: Ask, texts: Sequence[Text]) -> str:
    """A text that the model answers with numbers."""
    failed: Exception | None = None
    for text in [*_USUAL, *(text for text in texts[:_MOST_TRIED] if isinstance(text, str))]:
        try:
            if np.isfinite(ask([text])).all():
                return text
        except Exception as error:  # noqa: BLE001 (as above)
            failed = error
    reason = first_line(failed) if failed else "NaN to all that were tried"
    raise UnfitModelError(
        f"`model` must answer texts with numbers; were its weights trained to NaN? Received: {reason}"
    )
