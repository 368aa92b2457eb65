"""The arithmetic floor: the least time for a BiLSTM's work at the rates that this machine has."""

import dataclasses
from time import perf_counter
from typing import Any, Final

import tensorflow as tf

from export.graph.classifier_weights import ClassifierWeights

_FLOAT_BYTES: Final = 4
_ID_BYTES: Final = 8
_MATRIX: Final = 1024
_PRODUCTS: Final = 8
_COPIED_FLOATS: Final = 2**25
"""128 MB: no cache holds them."""
_TRIALS: Final = 7


@dataclasses.dataclass(frozen=True)
class MachineRates:
    """The best that was seen, all cores together.

    Attributes:
        flops: float32 operations a second of a matrix product.
        bytes: bytes a second, read and written, of a copy.
    """

    flops: float
    bytes: float


@dataclasses.dataclass(frozen=True)
class Work:
    """What a batch needs, whatever computes it.

    Attributes:
        flops: operations of the matrix products; a multiplication with its addition is two.
        bytes: weights and word vectors, each once.
    """

    flops: float
    bytes: float

    def least_seconds(self, rates: MachineRates) -> float:
        """At the machine's rates; operations and bytes may overlap, so the longer of both."""
        return max(self.flops / rates.flops, self.bytes / rates.bytes)


def measure_rates() -> MachineRates:
    """Time matrix products and copies in TensorFlow; the fastest of a few trials."""
    # So scaled, products neither vanish nor overflow.
    matrix = tf.random.normal([_MATRIX, _MATRIX], stddev=_MATRIX**-0.5)
    return MachineRates(
        2 * _MATRIX**3 * _PRODUCTS / _fastest(_products, matrix),
        2 * _COPIED_FLOATS * _FLOAT_BYTES / _fastest(_copy, tf.zeros([_COPIED_FLOATS])),
    )


def count_work(weights: ClassifierWeights, ids: tf.Tensor) -> Work:
    """Operations and bytes that a classifier needs for a batch of token ids, `[batch, time]`."""
    lengths = weights.lengths(ids)
    tokens = tf.boolean_mask(ids, tf.sequence_mask(lengths, tf.shape(ids)[1]))
    words = tf.size(tf.unique(tokens).y)
    return work_of(weights, int(tf.size(lengths)), int(tf.size(tokens)), int(words))


def work_of(weights: Any, rows: int, steps: int, words: int) -> Work:
    """Count for a batch.

    Args:
        weights: a `ClassifierWeights`, or whatever has its shapes.
        rows: tweets.
        steps: tokens of all of them.
        words: distinct tokens; the input's half of the gates is the same wherever a word stands.
    """
    dim, gates = weights.embedding.shape[1], 4 * weights.forward.units
    lstm = 2 * (2 * steps * weights.forward.units * gates + 2 * words * dim * gates)
    kernels = [weights.hidden[0].shape, weights.output[0].shape]
    dense = sum(2 * rows * inputs * outputs for inputs, outputs in kernels)
    stored = 2 * (dim + weights.forward.units) * gates + sum(i * o for i, o in kernels)
    return Work(lstm + dense, _FLOAT_BYTES * (stored + words * dim) + _ID_BYTES * steps)


@tf.function(autograph=False)
def _products(matrix: tf.Tensor) -> tf.Tensor:
    # Each needs the one before it, or TensorFlow would run them beside each other.
    product = matrix
    for _ in range(_PRODUCTS):
        product = tf.matmul(product, matrix)
    return product[0, 0]


@tf.function(autograph=False)
def _copy(values: tf.Tensor) -> tf.Tensor:
    return values + 1.0


def _fastest(function: Any, argument: tf.Tensor) -> float:
    """Seconds of the fastest of a few calls, behind one that traces; on a CPU a call waits for its end."""
    seconds = []
    for _ in range(_TRIALS + 1):
        began_at = perf_counter()
        function(argument)
        seconds.append(perf_counter() - began_at)
    return min(seconds[1:])
