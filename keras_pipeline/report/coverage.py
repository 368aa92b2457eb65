r"""How much of what people wrote reaches the classifier: what cleaning drops, and what the vocabulary lacks.

A table in another script than the cleaner reads, or one that is too small for its language, is learned badly
without an error. Here is the number that tells.
"""

import dataclasses
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.start.shown import shown
from keras_pipeline.numeric.token_ids import PADDING_ID, UNKNOWN_ID
from keras_pipeline.table.printed import Cells
from keras_pipeline.table.stored_texts import Texts

TOO_MUCH: Final = 0.1
"""Share of characters dropped, or of tokens unknown, above which training warns."""

MOST_ROWS: Final = 20_000
"""That are looked at."""

WORST_ROWS: Final = 5

_ROWS_AT_ONCE: Final = 2_048

# A link and a mention are not dropped: they mean nothing more than that they are there.
_NAMES_NO_WORD: Final = r"(?:https?:|www\.)\S+|@\w+"
# Upper case is a token that stands for what was written, such as SMILE; the link has been taken out above.
_TOKENS: Final = ("[A-Z]{3,}", "x")
_SAYS_NOTHING: Final = r"[^\p{L}\p{M}\p{N}\p{So}]"

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Coverage:
    """What is lost of some texts before the classifier sees them.

    Attributes:
        dropped: share of letters, marks, digits and emoji that cleaning takes away, links and mentions apart.
        unknown: share of tokens that the vocabulary does not know.
        worst: texts of which the most is lost, with their own two shares.
    """

    dropped: float
    unknown: float
    worst: tuple[tuple[str, float, float], ...]

    def sentence(self) -> str:
        """Both shares."""
        return (
            f"Of the validation part cleaning drops {self.dropped:.1%} of the characters, and the vocabulary does "
            f"not know {self.unknown:.1%} of the tokens"
        )

    def lines(self) -> list[str]:
        """What training prints; a warning where much is lost."""
        told = [self.sentence()]
        if self.dropped > TOO_MUCH:
            told.append(
                "warning: much is dropped before anything is read; `--cleaner expressive` keeps every script. "
                f"Worst: {self._quoted()}"
            )
        if self.unknown > TOO_MUCH:
            told.append(
                "warning: many tokens are unknown; more rows, or --embeddings, would tell what they mean. "
                f"Worst: {self._quoted()}"
            )
        return told

    def table(self) -> Cells:
        """The worst rows: text, what is dropped, what is unknown."""
        return [[text, f"{dropped:.0%}", f"{unknown:.0%}"] for text, dropped, unknown in self.worst]

    def shares(self) -> dict[str, float]:
        """For metrics.json."""
        return {"dropped_characters": self.dropped, "unknown_tokens": self.unknown}

    def _quoted(self) -> str:
        return f"`{shown(self.worst[0][0], 80)}`"


def measure_coverage(model: Any, texts: Texts) -> Coverage:
    """Look at texts that training did not learn from.

    Args:
        model: with `cleaner` and `vectorizer`.
        texts: raw, `[rows]` str; the first `MOST_ROWS` are looked at.
    """
    seen = np.asarray(texts[: min(len(texts), MOST_ROWS)], dtype=object)
    starts = range(0, len(seen), _ROWS_AT_ONCE)
    parts = [_counts(model, seen[start : start + _ROWS_AT_ONCE]) for start in starts]
    written, read, tokens, unknown = np.concatenate(parts, axis=1)
    dropped_of_each = (written - read) / np.maximum(written, 1)
    unknown_of_each = unknown / np.maximum(tokens, 1)
    lost = np.maximum(dropped_of_each, unknown_of_each) * (written > 0)
    worst = np.argsort(-lost, kind="stable")[:WORST_ROWS]
    return Coverage(
        dropped=float((written - read).sum() / max(written.sum(), 1)),
        unknown=float(unknown.sum() / max(tokens.sum(), 1)),
        worst=tuple(
            (str(seen[row]), float(dropped_of_each[row]), float(unknown_of_each[row]))
            for row in worst
        ),
    )


def _counts(model: Any, texts: Array) -> Array:
    """Characters written and read, tokens and unknown ones: `[4, rows] int`."""
    raw = tf.constant(texts, tf.string)
    valid = tf.strings.unicode_transcode(raw, "UTF-8", "UTF-8")
    written = _characters(tf.strings.regex_replace(valid, _NAMES_NO_WORD, " "))
    cleaned = model.cleaner(raw)
    without_links = tf.strings.regex_replace(cleaned, "URL", "")
    read = _characters(tf.strings.regex_replace(without_links, *_TOKENS))
    ids = model.vectorizer(cleaned).to_tensor(PADDING_ID).numpy()
    tokens, unknown = (ids != PADDING_ID).sum(axis=1), (ids == UNKNOWN_ID).sum(axis=1)
    return np.stack([written, np.minimum(read, written), tokens, unknown])


def _characters(texts: tf.Tensor) -> Array:
    said = tf.strings.regex_replace(texts, _SAYS_NOTHING, "")
    return tf.strings.length(said, unit="UTF8_CHAR").numpy()
