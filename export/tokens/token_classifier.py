"""The numeric half as a plain loop over steps: what LiteRT and ONNX can carry, for any batch and time.

    token_ids [batch, time] int64 -> probabilities [batch, classes] float32

Keras's own LSTM collects its outputs in a TensorList, which LiteRT has no op for unless batch and time
are fixed, and its ONNX twin answers a row of padding with NaN; BlockLSTMV2 and the ops that sort rows
are TensorFlow's alone (docs/export.md). Here nothing is collected: maximum and sum are carried along.
"""

from typing import Any, Final

import keras
import tensorflow as tf

from export.graph.classifier_weights import ClassifierWeights, LstmTensors
from export.graph.packed_bilstm import lstm_cell
from export.settings import FLOAT32
from export.signatures import PROBABILITIES, TOKEN_IDS

TOKEN_IDS_SPEC: Final = tf.TensorSpec([None, None], tf.int64, name=TOKEN_IDS)

_LOWEST: Final = -1.0  # of an LSTM's outputs


class TokenClassifier(keras.Model):
    """A model for Keras's exporters, of the weights of a trained classifier.

    Args:
        classifier: a built functional model, `[batch, time] int64 -> [batch, classes] float32`.
        weights: type in which they are stored, one of `export.settings.WEIGHTS`.

    Call arguments:
        token_ids: `[batch, time] int64`, words at the left of a row, padding (id 0) at its right.

    Raises:
        ExportError: `ClassifierWeights` does not know the classifier's layers.
    """

    def __init__(self, classifier: keras.Model, weights: str = FLOAT32) -> None:
        super().__init__(name="token_classifier")
        self._weights = ClassifierWeights(classifier, weights)
        self.built = True

    def call(self, token_ids: tf.Tensor, training: bool | None = None) -> dict[str, tf.Tensor]:
        """`[batch, time] int64 -> {probabilities: [batch, classes] float32}`; no rows are fine."""
        weights = self._weights
        lengths = weights.lengths(token_ids)
        words = weights.embed(tf.transpose(token_ids))
        forward, backward = weights.directions()
        results = [
            _run(forward, words, lengths, backwards=False, pooled=weights.pooled),
            _run(backward, words, lengths, backwards=True, pooled=weights.pooled),
        ]
        # A row without words ends in the zeros of the start.
        last_states = tf.concat([result[0] for result in results], axis=1)
        features = _pooled(results, lengths) if weights.pooled else last_states
        return {PROBABILITIES: weights.probabilities(features, token_ids)}


def _run(
    lstm: LstmTensors, words: tf.Tensor, lengths: tf.Tensor, *, backwards: bool, pooled: bool
) -> tuple[tf.Tensor, ...]:
    """All steps of one direction; at a step of padding a row stays as it is.

    Args:
        lstm: its weights.
        words: `[time, batch, embedding] float32`.
        lengths: `[batch] int32`.
        backwards: from the last step to the first.
        pooled: carry the outputs' maximum and sum along.

    Returns:
        State and cell, and where pooled maximum and sum, each `[batch, units] float32`.
    """
    steps, rows = tf.unstack(tf.shape(words)[:2])
    inputs = tf.matmul(words, lstm.input_kernel) + lstm.bias
    kernel = lstm.recurrent_kernel  # sliced once: an ONNX loop would do it again at every step
    zeros = tf.zeros([rows, lstm.units])
    start = [zeros, zeros, zeros + _LOWEST, zeros][: 4 if pooled else 2]

    def step(t: tf.Tensor, *carried: tf.Tensor) -> tuple[tf.Tensor, ...]:
        position = steps - 1 - t if backwards else t
        gates = tf.matmul(carried[0], kernel) + inputs[position]
        state, cell = lstm_cell(gates, carried[1])
        pools = [tf.maximum(carried[2], state), carried[3] + state] if pooled else []
        is_word = (position < lengths)[:, tf.newaxis]
        moved = [
            tf.where(is_word, new, old)
            for new, old in zip([state, cell, *pools], carried, strict=True)
        ]
        return (t + 1, *moved)

    loop = tf.while_loop(lambda t, *_: t < steps, step, [0, *start], parallel_iterations=1)
    return tuple(loop[1:])


def _pooled(results: list[Any], lengths: tf.Tensor) -> tf.Tensor:
    """Maxima and means, `[batch, 4 * units]`; zeros for rows without words."""
    steps = tf.cast(lengths, tf.float32)[:, tf.newaxis]
    largest = [tf.where(steps > 0, result[2], 0.0) for result in results]
    return tf.concat(
        [*largest, *[result[3] / tf.maximum(steps, 1.0) for result in results]], axis=1
    )
