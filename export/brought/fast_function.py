"""A Keras model of a known shape, computed by the fast ops of this project's own graph.

    text -> [layers of strings] -> TextVectorization (ids) -> Embedding -> [dropout] -> LSTM or GRU, of one direction or both
      -> [GlobalMaxPooling1D or GlobalAveragePooling1D] -> whatever follows, as Keras computes it

Padding is computed along with words by Keras, and not here (docs/serving-graph.md). Whoever brings a model compares the
two functions before this one is taken; a shape that is not known gives none.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import keras
import tensorflow as tf

from export.brought.packed_recurrent import directions_of, packed
from export.errors import ExportError
from export.graph.classifier_weights import RecurrentWeights, check_bilstm
from export.graph.serving_classifier import by_batch_size

Call = Callable[[tf.Tensor], Any]
Read = Callable[[tf.Tensor, tf.Tensor], list[tf.Tensor]]
"""Ids and lengths to last states, or to maxima and means."""

_AT_TRAINING_ONLY: Final = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)
_MAX, _MEAN = keras.layers.GlobalMaxPooling1D, keras.layers.GlobalAveragePooling1D


def fast_call(model: Any, give: Call) -> Call | None:
    """The same function by other ops; None where the model is of another shape.

    Args:
        model: a Keras model.
        give: makes the model's input of `[batch]` texts.
    """
    layers = _chain(model)
    if layers is None:
        return None
    kept = [layer for layer in layers if not isinstance(layer, _AT_TRAINING_ONLY)]
    found = _parts(kept)
    if found is None:
        return None
    strings, embedding, recurrent, pooling, others = found
    features = _Features(embedding, recurrent, pooling)

    def call(text: tf.Tensor) -> Any:
        x = give(text)
        for layer in strings:
            x = layer(x)
        x = features(tf.cast(x, tf.int64))
        for layer in others:
            x = layer(x)
        return x

    return call


class _Features:
    """`[batch, time] int64 -> [batch, units]`, pooled as the model pools."""

    def __init__(self, embedding: Any, recurrent: Any, pooling: Any) -> None:
        self._pooling = type(pooling)
        self._is_bidirectional = isinstance(recurrent, keras.layers.Bidirectional)
        self._read = _bilstm(embedding, recurrent) or _packed(embedding, recurrent)
        self._masked = bool(embedding.mask_zero)

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        rows, time = tf.unstack(tf.shape(ids))
        lengths = tf.fill([rows], time)
        if self._masked:
            lengths = tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        found = self._read(ids[:, :longest], lengths)
        steps = lengths[:, tf.newaxis]
        if self._pooling is _MEAN:
            # Keras divides by the number of words, which may be none.
            return tf.where(steps > 0, found[1], float("nan"))
        if self._pooling is _MAX and self._is_bidirectional:
            # Keras's maximum does not heed the mask, and a masked step of both directions gives 0.
            return tf.where(steps < time, tf.maximum(found[0], 0.0), found[0])
        return found[0]


def _bilstm(embedding: Any, layer: Any) -> Read | None:
    """The way of this project's own graph, by batch size."""
    if not _is_bilstm(layer):
        return None
    weights = RecurrentWeights(embedding, layer)
    features = by_batch_size(weights)

    def read(ids: tf.Tensor, lengths: tf.Tensor) -> list[tf.Tensor]:
        found = features(ids, lengths)
        return list(tf.split(found, 2, axis=1)) if weights.pooled else [found]

    return read


def _packed(embedding: Any, layer: Any) -> Read:
    """Any other layer that is known."""
    directions = directions_of(layer)
    assert directions is not None
    table = tf.Variable(keras.ops.convert_to_numpy(embedding.embeddings), trainable=False)
    pooled = bool(layer.return_sequences)

    def read(ids: tf.Tensor, lengths: tf.Tensor) -> list[tf.Tensor]:
        ordered = tf.math.top_k(lengths, k=tf.shape(lengths)[0])
        words, index = tf.unique(tf.reshape(tf.gather(ids, ordered.indices), [-1]))
        index = tf.reshape(index, tf.shape(ids))
        found = packed(directions, tf.gather(table, words), index, ordered.values, pooled=pooled)
        return [
            tf.scatter_nd(ordered.indices[:, tf.newaxis], kind, tf.shape(kind)) for kind in found
        ]

    return read


def _parts(layers: list[Any]) -> tuple[list[Any], Any, Any, Any, list[Any]] | None:
    """Layers of strings, Embedding, LSTM or GRU, pooling (or None), and those behind."""
    vectorizers = [
        place
        for place, layer in enumerate(layers)
        if isinstance(layer, keras.layers.TextVectorization)
    ]
    if len(vectorizers) != 1:
        return None
    strings, others = layers[: vectorizers[0] + 1], layers[vectorizers[0] + 1 :]
    if not _gives_words_then_padding(strings[-1]) or len(others) < 3:
        return None
    embedding, recurrent, *behind = others
    if type(embedding) is not keras.layers.Embedding or not _is_known(embedding, recurrent):
        return None
    if not recurrent.return_sequences:
        return strings, embedding, recurrent, None, behind
    pooling, *behind = behind
    if type(pooling) not in (_MAX, _MEAN) or pooling.keepdims:
        return None
    return strings, embedding, recurrent, pooling, behind


def _is_known(embedding: Any, recurrent: Any) -> bool:
    computing = (embedding, recurrent)
    if any(layer.compute_dtype != "float32" for layer in computing):
        return False
    return directions_of(recurrent) is not None


def _is_bilstm(layer: Any) -> bool:
    if type(layer) is not keras.layers.Bidirectional:
        return False
    try:
        check_bilstm(layer)
    except ExportError:
        return False
    return True


def _gives_words_then_padding(vectorizer: Any) -> bool:
    """Words at the left, 0 at the right and nowhere else: a split of somebody's own may give empty words."""
    config = vectorizer.get_config()
    return (
        config["output_mode"] == "int"
        and config["split"] in ("whitespace", "character")
        and not config.get("ragged")
    )


def _chain(model: Any) -> list[Any] | None:
    """The layers of a model in which each reads the one before it, nested models opened; None of any other."""
    if isinstance(model, keras.Sequential):
        steps = list(model.layers)
    elif type(model) is keras.Model or type(model).__name__ == "Functional":
        found = _chained(model)
        if found is None:
            return None
        steps = found
    else:
        return None
    opened: list[Any] = []
    for step in steps:
        inner = _chain(step) if isinstance(step, keras.Model) else [step]
        if inner is None:
            return None
        opened += inner
    return opened


def _chained(model: Any) -> list[Any] | None:
    """Layers of a functional model from its output back to its input."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    steps = list(_backwards(model))
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    whole = len(steps) == len(layers) and all(any(s is layer for layer in layers) for s in steps)
    return steps[::-1] if whole else None


def _backwards(model: Any) -> Iterator[Any]:
    tensor = model.outputs[0]
    while tensor is not model.inputs[0]:
        layer, node, _ = tensor._keras_history  # noqa: SLF001 (the only way back)
        read = layer._inbound_nodes[node].input_tensors  # noqa: SLF001
        if not isinstance(layer, keras.layers.Layer) or not read:
            return
        yield layer
        tensor = read[0]  # a second one is the mask that Keras makes of the first
