"""What a linear model says of words and of pairs of neighbours, mixed into the answer: the last layer of the graph.

    probabilities [batch, classes], token_ids [batch, time] -> WordScores -> probabilities [batch, classes]

A recurrent network needs many rows before it reads better than a linear model over words and their
characters; on small tables the two together are better than each (docs/training.md). The characters
of a word are known when training ends, so that its row of the table holds what they say, too: an answer
costs one more lookup, and no text is cut into characters. Pairs ("not good") stand in a hash table of
their own, each with its two words, so that a pair that nobody learned says nothing.
"""

from typing import Any

import keras
from keras import ops

_LEAST_PROBABILITY = 1e-30

# Far below one word's squares, which are above 1, and above 6e-5, what float16 can hold: of a converter that
# halves every constant 1e-12 became 0, and a row of unknown words NaN.
_LEAST_SQUARES = 1e-4


@keras.saving.register_keras_serializable(package="keras_pipeline")
class WordScores(keras.layers.Layer):
    """Raise or lower each class's probability by what a row's words, and pairs of neighbours, say of it.

        scores = sum(scores of words and pairs) / sqrt(sum(their squares)) + bias
        probabilities' = softmax(trust * log(probabilities) + scores)

    The root makes long texts weigh as much as short ones, as the length of a TF-IDF row does. Fresh weights
    leave the answer as it is; `keras_pipeline.fit.words.word_scores` finds others. No gradient changes them.

    Args:
        vocabulary_size: rows of the table.
        pair_buckets: of the hash table of pairs; 0 for words alone.

    Call arguments:
        probabilities: `[batch, classes] float32`.
        token_ids: `[batch, time] int64`; 0 is padding, and no word.

    Returns:
        `[batch, classes] float32`.

    Example:
    >>> layer = WordScores(vocabulary_size=3)
    >>> even, ids = ops.array([[0.5, 0.5]]), ops.array([[2, 0]])
    >>> layer(even, ids).numpy().tolist()
    [[0.5, 0.5]]
    >>> _ = layer.table.assign([[0, 0, 0], [0, 0, 0], [2.1972246, 0, 4]])
    >>> layer(even, ids).numpy().round(2).tolist()
    [[0.75, 0.25]]
    """

    def __init__(self, vocabulary_size: int, pair_buckets: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.pair_buckets = pair_buckets
        self.trainable = False

    def build(self, probabilities_shape: Any, token_ids_shape: Any = None) -> None:
        """Make the weights.

        `pairs [buckets, classes + 1]`, squares last, bucket 0 without a pair, and `keys [buckets] int64`, the key
        of the pair in each, 0 for none; then `table [vocabulary, classes + 1]`, squares last, `bias [classes]`,
        `trust []`.
        """
        classes = probabilities_shape[-1]
        if self.pair_buckets:
            self.pairs = self.add_weight(
                shape=(self.pair_buckets, classes + 1), initializer="zeros", name="pairs"
            )
            self.keys = self.add_weight(
                shape=(self.pair_buckets,), initializer="zeros", name="keys", dtype="int64"
            )
        self.table = self.add_weight(
            shape=(self.vocabulary_size, classes + 1), initializer="zeros", name="table"
        )
        self.bias = self.add_weight(shape=(classes,), initializer="zeros", name="bias")
        self.trust = self.add_weight(shape=(), initializer="ones", name="trust")

    def call(self, probabilities: Any, token_ids: Any) -> Any:
        """`[batch, classes], [batch, time] -> [batch, classes]`."""
        sums = ops.sum(ops.take(self.table, token_ids, axis=0), axis=1)
        if self.pair_buckets:
            sums += self._said_by_pairs(ops.cast(token_ids, "int64"))
        length = ops.sqrt(ops.maximum(sums[:, -1:], ops.cast(_LEAST_SQUARES, sums.dtype)))
        prior = ops.log(ops.maximum(probabilities, _LEAST_PROBABILITY))
        return ops.softmax(self.trust * prior + sums[:, :-1] / length + self.bias)

    def _said_by_pairs(self, token_ids: Any) -> Any:
        """Their sums: `[batch, time] int64 -> [batch, classes + 1] float32`."""
        keys = pair_keys(token_ids[:, :-1], token_ids[:, 1:], self.vocabulary_size)
        buckets = keys % self.pair_buckets
        is_there = ops.cast(ops.equal(ops.take(self.keys, buckets), keys), "int64")
        return ops.sum(ops.take(self.pairs, buckets * is_there, axis=0), axis=1)

    def compute_output_shape(self, probabilities_shape: Any, token_ids_shape: Any = None) -> Any:
        """That of the probabilities."""
        return probabilities_shape

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        sizes = {"vocabulary_size": self.vocabulary_size, "pair_buckets": self.pair_buckets}
        return {**super().get_config(), **sizes}


def pair_keys(first: Any, second: Any, vocabulary_size: int) -> Any:
    """One number for each pair of ids; the remainder by the number of buckets is its bucket.

    Args:
        first: ids of words, `int64`, numpy or a backend's.
        second: of the words behind them.
        vocabulary_size: more than the greatest id.
    """
    return first * vocabulary_size + second
