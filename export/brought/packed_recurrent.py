"""A GRU or an LSTM of one direction or both without its padding: what `export.graph.packed_bilstm` does, for other cells.

The loop is that one; here are the cells that it takes.
"""

from typing import Any

import keras
import tensorflow as tf

from export.graph.packed_bilstm import lstm_cell, run_packed, schedule


class Lstm:
    """One direction of an LSTM.

    Args:
        layer: a built `keras.layers.LSTM` of the usual activations.

    Attributes:
        units: size of the state.
        states: how many are carried; the first is the output.
    """

    states = 2

    def __init__(self, layer: Any) -> None:
        cell = layer.cell
        self.units = int(layer.units)
        self._kernel, self._recurrent = map(_variable, (cell.kernel, cell.recurrent_kernel))
        self._bias = _variable(cell.bias)

    def inputs(self, words: tf.Tensor) -> tf.Tensor:
        """The words' half of the gates: `[words, embedding] -> [words, 4 * units]`."""
        return tf.nn.bias_add(tf.matmul(words, self._kernel), self._bias)

    def step(self, inputs: tf.Tensor, state: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """State and cell after one word."""
        return lstm_cell(tf.matmul(state, self._recurrent) + inputs, cell)


class Gru:
    """One direction of a GRU whose reset gate is applied after the matrix product, as Keras builds them.

    Args:
        layer: a built `keras.layers.GRU` of the usual activations.

    Attributes:
        units: size of the state.
        states: how many are carried; the first is the output.
    """

    states = 1

    def __init__(self, layer: Any) -> None:
        cell = layer.cell
        self.units = int(layer.units)
        self._kernel, self._recurrent = map(_variable, (cell.kernel, cell.recurrent_kernel))
        self._bias, self._recurrent_bias = map(_variable, tf.unstack(cell.bias.value))

    def inputs(self, words: tf.Tensor) -> tf.Tensor:
        """The words' half of the gates: `[words, embedding] -> [words, 3 * units]`."""
        return tf.nn.bias_add(tf.matmul(words, self._kernel), self._bias)

    def step(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """State after one word."""
        own = tf.nn.bias_add(tf.matmul(state, self._recurrent), self._recurrent_bias)
        update, reset, fresh = tf.split(inputs, 3, axis=1)
        own_update, own_reset, own_fresh = tf.split(own, 3, axis=1)
        update = tf.sigmoid(update + own_update)
        fresh = tf.tanh(fresh + tf.sigmoid(reset + own_reset) * own_fresh)
        return (update * state + (1.0 - update) * fresh,)


def directions_of(layer: Any) -> list[Lstm | Gru] | None:
    """Forward, and backward where there is one; None of a layer that is not known.

    Args:
        layer: a built layer of Keras.
    """
    if type(layer) is keras.layers.Bidirectional:
        layers = [layer.forward_layer, layer.backward_layer]
        if layer.merge_mode != "concat" or not layers[1].go_backwards:
            return None
    else:
        layers = [layer]
    if getattr(layers[0], "go_backwards", True) or not all(map(_is_standard, layers)):
        return None
    return [Gru(one) if type(one) is keras.layers.GRU else Lstm(one) for one in layers]


def packed(
    directions: list[Lstm | Gru],
    words: tf.Tensor,
    index: tf.Tensor,
    lengths: tf.Tensor,
    *,
    pooled: bool,
) -> list[tf.Tensor]:
    """Last states; of a pooled model maxima and means.

    Args:
        directions: see `directions_of`.
        words: `[words, embedding]`, the distinct ones of the batch.
        index: which of them stands where, `[batch, steps] int32`, the longest row first and `steps` long.
        lengths: of the rows, `[batch] int32`.
        pooled: see above.

    Returns:
        Of each kind `[batch, directions * units]`; zeros for a row without words.
    """
    due, active = schedule(index, lengths)
    runs = [
        run_packed(
            direction.step,
            direction.inputs(words),
            tf.transpose(words_due),
            active,
            units=direction.units,
            states=direction.states,
            pooled=pooled,
        )
        for direction, words_due in zip(directions, due, strict=False)
    ]
    missing = [[0, tf.shape(lengths)[0] - tf.shape(runs[0][0])[0]], [0, 0]]
    kinds = [tf.pad(tf.concat(kind, axis=1), missing) for kind in zip(*runs, strict=True)]
    if not pooled:
        return kinds[:1]
    counts = tf.cast(lengths, tf.float32)[:, tf.newaxis]
    return [kinds[-2], kinds[-1] / tf.maximum(counts, 1.0)]


def _is_standard(layer: Any) -> bool:
    return (
        type(layer) in (keras.layers.GRU, keras.layers.LSTM)
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.use_bias
        and getattr(layer, "reset_after", True)
        and layer.compute_dtype == "float32"
        and not (layer.stateful or layer.return_state)
    )


def _variable(weight: Any) -> tf.Variable:
    return tf.Variable(keras.ops.convert_to_numpy(weight), trainable=False)
