"""The string half of the served graph: the ids that TextVectorization gives, with fewer ops.

    text [batch] string -> cleaner -> split at whitespace -> look up -> ids [batch, time] int64

TextVectorization slices a RaggedTensor to `output_sequence_length` and looks for the mask token in
every token, and a second op makes the result dense: 76 ops, here 33. One tweet called from Python took
0.35 ms in place of 0.38, 2,048 took 5 % less (docs/log.md). Tokens past the cut are never
split off: a tweet of a million words is cheap.
"""

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from export.errors import ExportError
from export.graph.explaining import Tokens
from export.graph.one_node import CallOfOneNode, cond_of_one_node

_UNKNOWN: Final = 1
_FIRST_WORD: Final = 2  # of Keras's vocabulary, after padding and unknown
_ROWS_AT_ONCE: Final = 2048
_IN_HALVES_FROM_ROWS: Final = 64  # docs/log.md: 4 % less time for 64 rows, 14 % for 512

Array = np.ndarray[Any, Any]


class TokenIds(tf.Module):
    """`[batch] string -> [batch, time] int64`, padded with 0 at the right.

    Args:
        cleaner: layer `[batch] string -> [batch] string`.
        vectorizer: an adapted `keras.layers.TextVectorization` that splits at whitespace, has a
            callable or no `standardize` and cuts at `output_sequence_length`.
        padded_length: `time` of every batch; by default that of its longest tweet.

    Raises:
        ExportError: the vectorizer has other settings; its own call serves then.
    """

    def __init__(
        self,
        cleaner: keras.layers.Layer,
        vectorizer: keras.layers.TextVectorization,
        padded_length: int | None = None,
    ) -> None:
        super().__init__(name="token_ids")
        self._split = Split(cleaner, vectorizer, padded_length)
        self._table = _lookup_table(vectorizer.get_vocabulary())
        self._many = CallOfOneNode(self._of_many, tf.TensorSpec([None], tf.string))

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, time] int64`; no rows are fine."""
        return cond_of_one_node(
            tf.shape(text)[0] == 1,
            lambda: self._of_one(text),
            lambda: self._many(text),
        )

    def with_words(self, text: tf.Tensor) -> Tokens:
        """The same, and each token as text."""
        tokens = self._split(text)
        ids = self._ids(tokens)
        return Tokens(ids, self._split.dense(tokens, tokens.values, ""), known_tokens(ids))

    def _ids(self, tokens: Any) -> tf.Tensor:
        return self._split.dense(tokens, self._table.lookup(tokens.values), 0)

    def _of_one(self, text: tf.Tensor) -> tf.Tensor:
        return self._split.of_one(self._table.lookup(self._split(text).values), 0)

    def _of_many(self, text: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            tf.shape(text)[0] < _IN_HALVES_FROM_ROWS,
            lambda: self._ids(self._split(text)),
            lambda: self._in_halves(text),
        )

    def _in_halves(self, text: tf.Tensor) -> tf.Tensor:
        """The same, on two cores: no string op of TensorFlow's runs on more than one."""
        middle = tf.shape(text)[0] // 2
        halves = [self._ids(self._split(half)) for half in (text[:middle], text[middle:])]
        time = tf.maximum(*(tf.shape(half)[1] for half in halves))
        return tf.concat(
            [tf.pad(half, [[0, 0], [0, time - tf.shape(half)[1]]]) for half in halves], axis=0
        )


class Split:
    """The string half without the table: texts to tokens.

    Args:
        cleaner, vectorizer, padded_length: as of `TokenIds`.

    Raises:
        ExportError: the vectorizer has other settings.
    """

    def __init__(self, cleaner: Any, vectorizer: Any, padded_length: int | None) -> None:
        config = _known_settings(vectorizer)
        self._cleaner = cleaner
        self._standardize = config["standardize"] or tf.identity
        self._longest = min(config["output_sequence_length"], padded_length or tf.int32.max)
        self._padded_length = padded_length

    def __call__(self, text: tf.Tensor) -> Any:
        """Indices, values and shape of the tokens, some of them to be cut off by `dense`: `[batch] string`."""
        # The rest of a tweet, behind the last split, is one token more.
        return tf.raw_ops.StringSplitV2(
            input=self._standardize(self._cleaner(text)), sep="", maxsplit=self._longest
        )

    def dense(self, tokens: Any, values: tf.Tensor, padding: Any) -> tf.Tensor:
        """Something of each token, `[batch, time]`, padded at the right.

        Args:
            tokens: what the call gave.
            values: one of each token.
            padding: one value.
        """
        rows = tokens.shape[0]
        kept = tf.raw_ops.SparseSlice(
            indices=tokens.indices,
            values=values,
            shape=tokens.shape,
            start=tf.constant([0, 0], tf.int64),
            size=tf.stack([rows, self._longest]),
        )
        padded = None if self._padded_length is None else tf.stack([rows, self._padded_length])
        return tf.raw_ops.SparseToDense(
            sparse_indices=kept.output_indices,
            output_shape=kept.output_shape if padded is None else padded,
            sparse_values=kept.output_values,
            default_value=tf.constant(padding, values.dtype),
            validate_indices=False,  # a split gives them in order
        )

    def of_one(self, values: tf.Tensor, padding: int) -> tf.Tensor:
        """`dense` of one row's tokens, which need not be told apart: `[1, time]`."""
        row = values[: self._longest]
        if self._padded_length is not None:
            missing = self._padded_length - tf.shape(row)[0]
            row = tf.pad(row, [[0, missing]], constant_values=padding)
        return row[tf.newaxis]


def splits_at_whitespace(vectorizer: Any) -> bool:
    """Whether the tokens of a vectorizer can be told as text: it has the settings that `TokenIds` knows."""
    try:
        _known_settings(vectorizer)
    except ExportError:
        return False
    return True


def known_tokens(ids: tf.Tensor) -> tf.Tensor:
    """Whether the vocabulary has each token: of any shape, `int64 -> bool`; padding is none."""
    return ids > _UNKNOWN


def known_share(ids: tf.Tensor) -> tf.Tensor:
    """Share of each row's tokens that the vocabulary has: `[batch, time] int64 -> [batch] float32`.

    0 where there are no tokens: the one that stands in for an empty text is unknown.

    Example:
    >>> known_share(tf.constant([[7, 1, 5, 1], [9, 0, 0, 0], [1, 0, 0, 0]])).numpy().tolist()
    [0.5, 1.0, 0.0]
    """
    known = tf.math.count_nonzero(known_tokens(ids), axis=1, dtype=tf.float32)
    tokens = tf.math.count_nonzero(ids, axis=1, dtype=tf.float32)
    return known / tf.maximum(
        tokens, 1
    )  # the op that divides by zero is not one that all servers link


def all_token_ids(model: Any, texts: Sequence[str | bytes]) -> Array:
    """The ids of many texts, batch by batch, padded to the longest of all: `[rows, time] int64`.

    Args:
        model: see `export.graph.serving_graph.serving_graph`.
        texts: raw tweets.

    Raises:
        ExportError: the model's vectorizer has other settings than `TokenIds` knows.
    """
    token_ids = tf.function(
        TokenIds(model.cleaner, model.vectorizer, model.padded_length),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    batches = [
        token_ids(tf.constant(texts[start : start + _ROWS_AT_ONCE])).numpy()
        for start in range(0, len(texts), _ROWS_AT_ONCE)
    ]
    time = max(batch.shape[1] for batch in batches)
    return np.concatenate([np.pad(b, [(0, 0), (0, time - b.shape[1])]) for b in batches])


def _known_settings(vectorizer: Any) -> dict[str, Any]:
    if type(vectorizer) is not keras.layers.TextVectorization:
        raise ExportError(
            f"`vectorizer` must be a TextVectorization. Received: {type(vectorizer).__name__}"
        )
    config: dict[str, Any] = vectorizer.get_config()
    expected = {"split": "whitespace", "output_mode": "int", "ngrams": None, "encoding": "utf-8"}
    for name, value in expected.items():
        if config[name] != value:
            raise ExportError(
                f"`vectorizer` must have {name}={value!r}. Received: {name}={config[name]!r}"
            )
    if isinstance(config["standardize"], str) or config["output_sequence_length"] is None:
        raise ExportError(
            "`vectorizer` must have a callable `standardize` and an `output_sequence_length`."
        )
    return config


def _lookup_table(vocabulary: list[str]) -> tf.lookup.StaticHashTable:
    """Word -> id, as Keras counts: the position in `get_vocabulary()`."""
    words = tf.constant(vocabulary[_FIRST_WORD:], tf.string)
    ids = tf.range(_FIRST_WORD, _FIRST_WORD + tf.size(words, tf.int64), dtype=tf.int64)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(words, ids), default_value=_UNKNOWN
    )
