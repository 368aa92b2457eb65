"""The numeric half of the served graph: the function of the trained classifier, built to be fast.

    classifier = serving_classifier(model.classifier)        # "auto"; or "fused", "packed", "keras"
    classifier(ids)                                          # [batch, time] int64 -> [batch, classes]

Which way is the fastest depends on the batch: docs/serving-graph.md has the measurements. All are
stock TensorFlow ops with CPU kernels, so any tensorflow_model_server runs them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import keras
import tensorflow as tf

from export.errors import ExportError
from export.graph.classifier_weights import ClassifierWeights, RecurrentWeights
from export.graph.fused_bilstm import ROWS_A_GROUP, fused_features, group_features, row_features
from export.graph.one_node import CallOfOneNode, cond_of_one_node
from export.graph.packed_bilstm import packed_features
from export.settings import FLOAT32, GRAPHS, WEIGHTS

FUSED_UP_TO_ROWS: Final = 16
"""Batches of more rows are packed (docs/serving-graph.md)."""


Features = Callable[[RecurrentWeights, tf.Tensor, tf.Tensor], tf.Tensor]
Way = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Features of ids and lengths."""


def serving_classifier(
    classifier: keras.Model, graph: str = GRAPHS[0], weights: str = FLOAT32
) -> tf.Module:
    """Build the classifier that a serving graph calls.

    Args:
        classifier: a built functional model, `[batch, time] int64 -> [batch, classes] float32`.
        graph: one of `export.settings.GRAPHS`. `keras` serves any classifier, the others those that
            `ClassifierWeights` knows.
        weights: type in which they are stored, one of `export.settings.WEIGHTS`; `keras` stores
            float32 only.

    Returns:
        A module to keep as an attribute of the module that is saved, and to call inside a
        tf.function with ids, `[batch, time] int64 -> [batch, classes] float32`. No rows and no time are
        fine. Words stand at the left of a row, padding (id 0) at its right.

    Raises:
        ExportError: no such graph or type, or it does not know the classifier's layers.
    """
    if graph not in GRAPHS:
        raise ExportError(f"`graph` must be one of {', '.join(GRAPHS)}. Received: graph={graph!r}")
    known = (FLOAT32,) if graph == "keras" else WEIGHTS
    if weights not in known:
        raise ExportError(
            f"`weights` of the graph `{graph}` must be {' or '.join(known)}. "
            f"Received: weights={weights!r}"
        )
    if graph == "keras":
        return KerasClassifier(classifier)
    return FastClassifier(classifier, graph, weights)


class FastClassifier(tf.Module):
    """The classifier by other ops than Keras's: see `serving_classifier`."""

    def __init__(self, classifier: keras.Model, graph: str, weights: str = FLOAT32) -> None:
        super().__init__(name=f"{graph}_classifier")
        self._weights = ClassifierWeights(classifier, weights)
        make: dict[str, Callable[[RecurrentWeights], Way]] = {
            "fused": lambda weights: partial(_fused, weights),
            "packed": lambda weights: partial(_packed, weights),
            "auto": by_batch_size,
        }
        self._features = make[graph](self._weights)

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        """`[batch, time] int64 -> [batch, classes] float32`."""
        features = self._features(ids, self._weights.lengths(ids))
        return self._weights.probabilities(features, ids)

    def of_many(self, ids: tf.Tensor) -> tf.Tensor:
        """The same, packed whatever the graph: the fastest for many rows, and a third of the ops of `auto`."""
        features = _packed(self._weights, ids, self._weights.lengths(ids))
        return self._weights.probabilities(features, ids)


def by_batch_size(weights: RecurrentWeights) -> Way:
    """Features of a BiLSTM by the way that is the fastest for so many rows.

    Args:
        weights: see there.

    Returns:
        A function of ids `[batch, time] int64`, words at the left of a row, padding at its right, and the
        rows' lengths `[batch] int32`, to `[batch, 2 * units] float32`, of a pooled model
        `[batch, 4 * units]`: maxima, then means.
    """
    specs = (tf.TensorSpec([None, None], tf.int64), tf.TensorSpec([None], tf.int32))
    more = CallOfOneNode(partial(_of_more_rows, weights), *specs)
    many = CallOfOneNode(partial(_of_many_rows, weights, more), *specs)

    def features(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return cond_of_one_node(
            tf.shape(ids)[0] == 1,
            lambda: row_features(weights, ids, lengths),
            lambda: many(ids, lengths),
        )

    return features


def _of_many_rows(
    weights: RecurrentWeights, more: Way, ids: tf.Tensor, lengths: tf.Tensor
) -> tf.Tensor:
    return cond_of_one_node(
        tf.shape(ids)[0] <= ROWS_A_GROUP,
        lambda: group_features(weights, ids, lengths),
        lambda: more(ids, lengths),
    )


def _of_more_rows(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    return tf.cond(
        tf.shape(ids)[0] <= FUSED_UP_TO_ROWS,
        lambda: _fused(weights, ids, lengths),
        lambda: _packed(weights, ids, lengths),
    )


def _fused(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    return _longest_first(fused_features, weights, ids, lengths)


def _packed(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    return _longest_first(packed_features, weights, ids, lengths)


def _longest_first(
    features: Features, weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor
) -> tf.Tensor:
    """`features` of the rows sorted by length, put back into the rows' order."""
    ordered = tf.math.top_k(lengths, k=tf.shape(lengths)[0])
    found = features(weights, tf.gather(ids, ordered.indices), ordered.values)
    return tf.scatter_nd(ordered.indices[:, tf.newaxis], found, tf.shape(found))


class KerasClassifier(tf.Module):
    """The classifier as Keras traces it, but for cuDNN: see `serving_classifier`.

    A Keras LSTM looks for a GPU while it is traced, and an export made on a GPU machine would hold an
    op that no CPU server can run. The setting is not part of the layer's config, so a copy is made.
    """

    def __init__(self, classifier: keras.Model) -> None:
        super().__init__(name="keras_classifier")
        copy = _without_cudnn(classifier)
        # TensorFlow's own variables are kept, and Keras's wrappers around them kept out of sight
        # (inside a function): saved with the wrappers, a server finds the weights uninitialized.
        self._variables = [variable.value for variable in copy.variables]
        self._call: Callable[[tf.Tensor], Any] = lambda ids: copy(ids, training=False)

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        """`[batch, time] int64 -> [batch, classes] float32`."""
        rows, time = tf.unstack(tf.shape(ids))
        # Keras fails on no rows and on no time: padding stands in, and the row is cut off again.
        missing = [[0, tf.cast(rows == 0, tf.int32)], [0, tf.cast(time == 0, tf.int32)]]
        return self._call(tf.pad(ids, missing))[:rows]

    of_many = __call__


def _without_cudnn(classifier: keras.Model) -> Any:
    copy = type(classifier).from_config(classifier.get_config())
    copy.set_weights(classifier.get_weights())
    for layer in copy._flatten_layers():  # noqa: SLF001 (Keras offers no public walk over inner layers)
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return copy
