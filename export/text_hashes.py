"""64-bit hashes of texts, by which a row is known again: what a model learned from, and on what it is judged.

Equal for texts that differ in case, links, mentions, punctuation and spaces alone; the same for any
language. A training run keeps those of all that it learned from (`export.run_record.LEARNED_FROM`).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, Any]

_DROPPED: Final = r"http\S+|@[\pL\pM\pN_]+"
_NO_WORD: Final = r"[^\pL\pM\pN]+"
_BUCKETS: Final = 2**63 - 1  # among 1.6 million texts the chance of one collision is below 1e-6
_ROWS_AT_ONCE: Final = 10_000


def text_hashes(texts: Any) -> Array:
    """Hashes of raw texts, `[rows] -> [rows] int64`.

    Lower-case (Unicode), without links and mentions, everything but letters, marks and digits one space;
    where nothing remains, such as of `:-)`, the raw text counts, without spaces around it.

    Args:
        texts: `[rows]` of str or UTF-8 bytes, or whatever gives such batches when sliced.

    Example:
    >>> one, same, other = text_hashes(["So SAD!!! http://t.co/x", "@you so sad", "so glad"])
    >>> one == same, one == other
    (np.True_, np.False_)
    """
    parts = [_hashes(np.asarray(batch, dtype=object)) for batch in _batches(texts)]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _batches(texts: Any) -> Iterator[Any]:
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        yield texts[start : start + _ROWS_AT_ONCE]


def _hashes(texts: Array) -> Array:
    raw = tf.strings.unicode_transcode(
        tf.constant(texts, tf.string), "UTF-8", "UTF-8", errors="replace"
    )
    kept = tf.strings.regex_replace(tf.strings.lower(raw, encoding="utf-8"), _DROPPED, " ")
    words = tf.strings.strip(tf.strings.regex_replace(kept, _NO_WORD, " "))
    known = tf.where(words == "", tf.strings.strip(raw), words)
    return tf.strings.to_hash_bucket_fast(known, _BUCKETS).numpy()
