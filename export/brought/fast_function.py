"""A Keras model of a known shape, computed by the fast ops of this project's own graph.

    text -> [layers of strings] -> TextVectorization (ids) -> Embedding -> [dropout] -> Bidirectional(LSTM)
      -> [GlobalMaxPooling1D or GlobalAveragePooling1D] -> whatever follows, as Keras computes it

Padding is computed along with words by Keras, and not here (docs/serving-graph.md). Whoever brings a model compares the
two functions before this one is taken; a shape that is not known gives none.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import keras
import tensorflow as tf

from export.errors import ExportError
from export.graph.classifier_weights import RecurrentWeights, check_bilstm
from export.graph.serving_classifier import by_batch_size

Call = Callable[[tf.Tensor], Any]

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
    strings, embedding, bilstm, pooling, others = found
    features = _Features(embedding, bilstm, pooling)

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

    def __init__(self, embedding: Any, bilstm: Any, pooling: Any) -> None:
        self._weights = RecurrentWeights(embedding, bilstm)
        self._pooling = type(pooling)

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        lengths = self._weights.lengths(ids)
        longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
        found = by_batch_size(self._weights, ids[:, :longest], lengths)
        if not self._weights.pooled:
            return found
        largest, mean = tf.split(found, 2, axis=1)
        steps = lengths[:, tf.newaxis]
        if self._pooling is _MEAN:
            # Keras divides by the number of words, which may be none.
            return tf.where(steps > 0, mean, float("nan"))
        # Keras's maximum does not heed the mask, and a masked step's output is 0.
        return tf.where(steps < tf.shape(ids)[1], tf.maximum(largest, 0.0), largest)


def _parts(layers: list[Any]) -> tuple[list[Any], Any, Any, Any, list[Any]] | None:
    """Layers of strings, Embedding, Bidirectional, pooling (or None), and those behind."""
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
    embedding, bilstm, *behind = others
    if type(embedding) is not keras.layers.Embedding or not _is_known(embedding, bilstm):
        return None
    if not bilstm.return_sequences:
        return strings, embedding, bilstm, None, behind
    pooling, *behind = behind
    if (
        type(pooling) not in (_MAX, _MEAN)
        or pooling.keepdims
        or pooling.data_format != "channels_last"
    ):
        return None
    return strings, embedding, bilstm, pooling, behind


def _is_known(embedding: Any, bilstm: Any) -> bool:
    if type(bilstm) is not keras.layers.Bidirectional:
        return False
    try:
        check_bilstm(bilstm)
    except ExportError:
        return False
    computing = (embedding, bilstm, bilstm.forward_layer, bilstm.backward_layer)
    return all(layer.compute_dtype == "float32" for layer in computing)


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
