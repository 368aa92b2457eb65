"""Read a Keras classifier's weights by the type of its layers, to compute it by other ops.

    Embedding -> SpatialDropout1D -> Bidirectional(LSTM) [-> MaxMeanPooling1D]
      -> Dense relu -> Dropout -> Dense softmax [-> WordScores]

Any other structure is refused with a sentence that names what does not fit: a graph that computes
another function than the trained one would be worse than a slow one. `export` knows pooling and word
scores by their registered names, for it imports nothing of `keras_pipeline`.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import keras
import tensorflow as tf

from export.errors import ExportError
from export.settings import FLOAT32

POOLING_LAYER: Final = "keras_pipeline>MaxMeanPooling1D"
"""Registered name of the layer that pools over the outputs in place of their last state."""

WORD_SCORES_LAYER: Final = "keras_pipeline>WordScores"
"""Registered name of the layer that mixes what each word says into the answer."""

_LEAST_SQUARES: Final = 1e-4
"""That of the layer of word scores, which says why."""

_BEFORE: Final = (keras.layers.InputLayer, keras.layers.Embedding, keras.layers.SpatialDropout1D)
_AFTER: Final = (keras.layers.Dense, keras.layers.Dropout, keras.layers.Dense)


class RecurrentWeights(tf.Module):
    """The weights of an Embedding and a BiLSTM, each once, as variables that a SavedModel keeps.

    Args:
        embedding: a built `keras.layers.Embedding`.
        bilstm: a built `keras.layers.Bidirectional` that `check_bilstm` lets through; one that returns
            sequences is pooled.
        dtype: of the variables, one of `export.settings.WEIGHTS`; what is computed with is float32.

    Attributes:
        embedding: `[vocabulary, embedding]`.
        forward, backward: the LSTM of each direction, a `LstmWeights`.
        masked: padding (id 0) is skipped, not read as a word.
        pooled: maximum and mean of the outputs are the features, not the last state.
    """

    def __init__(self, embedding: Any, bilstm: Any, dtype: str = FLOAT32) -> None:
        super().__init__(name="classifier_weights")
        self.masked = bool(embedding.mask_zero)
        self.pooled = bool(bilstm.return_sequences)
        self.embedding = _variable(embedding.embeddings, dtype)
        self.forward = LstmWeights(bilstm.forward_layer, dtype)
        self.backward = LstmWeights(bilstm.backward_layer, dtype)

    def lengths(self, ids: tf.Tensor) -> tf.Tensor:
        """Steps that count of each row: `[batch, time] int64 -> [batch] int32`.

        A row's words stand at its left, padding at its right: so the vectorizer pads, and a word's
        id is never 0. Counting ids that are not 0 then gives the length.
        """
        if self.masked:
            return tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)
        return tf.fill([tf.shape(ids)[0]], tf.shape(ids)[1])

    def directions(self) -> "tuple[LstmTensors, LstmTensors]":
        """Forward and backward LSTM, read."""
        return self.forward.read(), self.backward.read()

    def embed(self, ids: tf.Tensor) -> tf.Tensor:
        """`[...] int64 -> [..., embedding] float32`; of float16 only the rows asked for are cast."""
        return _float32(tf.gather(self.embedding, ids))


class ClassifierWeights(RecurrentWeights):
    """The weights of a classifier of the known structure.

    Args:
        classifier: a built functional model, `[batch, time] int64 -> [batch, classes] float32`.
        dtype: of the variables, one of `export.settings.WEIGHTS`; what is computed with is float32.

    Attributes:
        hidden, output: `(kernel, bias)` of the two dense layers; the second holds the trust and the bias of the
            layer of word scores, too.
        word_scores: `(table,)` of the last layer, in front of it `(pairs, keys)` if it has any; None without
            that layer.

    Raises:
        ExportError: the classifier is built of other layers, or with other settings.
    """

    def __init__(self, classifier: keras.Model, dtype: str = FLOAT32) -> None:
        embedding, bilstm, hidden, output, scores = _known_layers(classifier)
        super().__init__(embedding, bilstm, dtype)
        kernel, bias = output.kernel, output.bias
        self.word_scores = None
        if scores is not None:
            *tables, shift, trust = scores.weights
            # Both are linear: the layer before takes them over, two ops less for each answer.
            kernel, bias = kernel * trust, bias * trust + shift
            self.word_scores = tuple(_variable(table, dtype) for table in tables)
        self.hidden = (_variable(hidden.kernel, dtype), _variable(hidden.bias, dtype))
        self.output = (_variable(kernel, dtype), _variable(bias, dtype))

    def probabilities(self, features: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """The dense layers, and what the words say: `[batch, features], [batch, time] -> [batch, classes]`."""
        hidden = tf.nn.relu(_dense(features, self.hidden))
        logits = _dense(hidden, self.output)
        if self.word_scores is not None:
            # Logarithms of probabilities differ from logits by one number a row, which the softmax takes out again.
            logits += self._said_by_words(self.word_scores, ids)
        return tf.nn.softmax(logits)

    def _said_by_words(self, tables: Sequence[tf.Variable], ids: tf.Tensor) -> tf.Tensor:
        *pairs, table = tables
        sums = tf.reduce_sum(_float32(tf.gather(table, ids)), axis=1)
        if pairs:
            sums += _said_by_pairs(pairs, ids, words=table.shape[0])
        return sums[:, :-1] * tf.math.rsqrt(tf.maximum(sums[:, -1:], _LEAST_SQUARES))


class LstmWeights(tf.Module):
    """One direction's weights as BlockLSTMV2 wants them; gates in the order i, f, c, o as in Keras.

    Args:
        layer: a built `keras.layers.LSTM`.
        dtype: of the variables.

    Attributes:
        units: size of the state.
    """

    def __init__(self, layer: keras.layers.LSTM, dtype: str) -> None:
        super().__init__(name=layer.name)
        self.units = int(layer.units)
        cell = layer.cell
        self._kernel = _variable(keras.ops.concatenate([cell.kernel, cell.recurrent_kernel]), dtype)
        self._bias = _variable(cell.bias, dtype)

    def read(self) -> "LstmTensors":
        """The weights as they are computed with; each read of float16 weights is another cast."""
        return LstmTensors(self.units, _float32(self._kernel), _float32(self._bias))


class LstmTensors(NamedTuple):
    """One direction's weights inside a traced function.

    Attributes:
        units: size of the state.
        kernel: `[embedding + units, 4 * units] float32`, the input's rows above the state's.
        bias: `[4 * units] float32`.
    """

    units: int
    kernel: tf.Tensor
    bias: tf.Tensor

    @property
    def input_kernel(self) -> tf.Tensor:
        """`[embedding, 4 * units]`; a slice along the first axis, which copies nothing."""
        return self.kernel[: -self.units]

    @property
    def recurrent_kernel(self) -> tf.Tensor:
        """`[units, 4 * units]`."""
        return self.kernel[-self.units :]


def _said_by_pairs(table: Sequence[tf.Variable], ids: tf.Tensor, words: int) -> tf.Tensor:
    """What the layer of word scores makes of neighbours: `[batch, time] int64 -> [batch, classes + 1] float32`."""
    pairs, keys = table
    asked = ids[:, :-1] * words + ids[:, 1:]
    buckets = asked % keys.shape[0]
    is_there = tf.cast(tf.equal(tf.gather(keys, buckets), asked), ids.dtype)
    # Bucket 0 holds nothing: one product in place of a mask over every class.
    return tf.reduce_sum(_float32(tf.gather(pairs, buckets * is_there)), axis=1)


def _variable(value: Any, dtype: str) -> tf.Variable:
    """Of that type, but keys stay whole numbers."""
    array = keras.ops.convert_to_numpy(value)
    return tf.Variable(array if array.dtype.kind == "i" else array.astype(dtype), trainable=False)


def _float32(weight: tf.Variable | tf.Tensor) -> tf.Tensor:
    return tf.cast(weight, tf.float32)  # nothing is added to the graph where it is float32 already


def _dense(inputs: tf.Tensor, weights: tuple[tf.Variable, tf.Variable]) -> tf.Tensor:
    kernel, bias = map(_float32, weights)
    return tf.nn.bias_add(tf.matmul(inputs, kernel), bias)


def _known_layers(classifier: keras.Model) -> tuple[Any, Any, Any, Any, Any]:
    """Embedding, Bidirectional, the two Dense layers and WordScores, when every layer is one that is known."""
    layers = list(getattr(classifier, "layers", []))
    scores = layers.pop() if layers and _is_a(layers[-1], WORD_SCORES_LAYER) else None
    pooling = [layer for layer in layers if _is_a(layer, POOLING_LAYER)]
    known = (*_BEFORE, keras.layers.Bidirectional, *map(type, pooling), *_AFTER)
    if tuple(map(type, layers)) != known or not hasattr(classifier, "outputs"):
        names = " -> ".join(type(layer).__name__ for layer in layers) or type(classifier).__name__
        raise ExportError(f"only the plain Keras graph can serve a classifier built of {names}")
    _refuse_unless(_is_chain(classifier, layers, scores), "each layer reads the one before it")
    bilstm, hidden, output = layers[3], layers[-3], layers[-1]
    _refuse_unless(bilstm.return_sequences == bool(pooling), "pooling follows an LSTM's outputs")
    check_bilstm(bilstm)
    _check_dense(hidden, "relu")
    _check_dense(output, "softmax")
    computing = (*layers, bilstm.forward_layer, bilstm.backward_layer)
    _refuse_unless(
        all(layer.compute_dtype == "float32" for layer in computing), "it computes in float32"
    )
    return layers[1], bilstm, hidden, output, scores


def _is_a(layer: keras.layers.Layer, registered_name: str) -> bool:
    return bool(keras.saving.get_registered_name(type(layer)) == registered_name)


def _is_chain(classifier: keras.Model, layers: list[Any], scores: Any) -> bool:
    """Each layer is called once in this model, with the output of the one before it; the last with the ids, too."""
    names = [layer.name for layer in layers]
    expected = [[], *([[name]] for name in names[:-1])]
    if scores is not None:
        expected.append([[names[-1], names[0]]])
        names.append(scores.name)
    steps = {step["name"]: step for step in classifier.get_config()["layers"]}
    # Beside its layers a model may hold single ops: Keras adds one that makes the mask.
    ops = [step["class_name"] for name, step in steps.items() if name not in names]
    masks = ["NotEqual"] if layers[1].mask_zero else []
    try:
        read = [[_read_by(node) for node in steps[name]["inbound_nodes"]] for name in names]
    except (LookupError, TypeError):  # called with a list of tensors
        return False
    return read == expected and ops == masks and len(classifier.outputs) == 1


def _read_by(call: dict[str, Any]) -> list[str]:
    """Names of the layers whose outputs a layer was called with."""
    return [tensor["config"]["keras_history"][0] for tensor in call["args"]]


def check_bilstm(layer: keras.layers.Bidirectional) -> None:
    """Refuse what the fast ways do not compute.

    Raises:
        ExportError: it names what does not fit.
    """
    forward, backward = layer.forward_layer, layer.backward_layer
    both = (forward, backward)
    _refuse_unless(layer.merge_mode == "concat", "the directions are concatenated")
    _refuse_unless(
        all(type(lstm) is keras.layers.LSTM for lstm in both), "both directions are LSTMs"
    )
    _refuse_unless(
        not forward.go_backwards and backward.go_backwards, "one direction reads backwards"
    )
    for lstm in both:
        _refuse_unless(_is_standard(lstm), "the LSTM is tanh, sigmoid, with bias and stateless")


def _is_standard(lstm: keras.layers.LSTM) -> bool:
    return (
        lstm.activation is keras.activations.tanh
        and lstm.recurrent_activation is keras.activations.sigmoid
        and lstm.use_bias
        and not (lstm.stateful or lstm.return_state)
    )


def _check_dense(layer: keras.layers.Dense, activation: str) -> None:
    _refuse_unless(
        layer.activation is keras.activations.get(activation) and layer.use_bias,
        f"the layer `{layer.name}` is {activation} with bias",
    )


def _refuse_unless(holds: bool, expected: str) -> None:
    if not holds:
        raise ExportError(
            f"only the plain Keras graph can serve this classifier, unless {expected}"
        )
