"""A BiLSTM that trains at two thirds of the cost on a CPU: one kernel a direction forward, one back.

Keras's loop starts some twenty ops a step and more on the way back, each of them small; `BlockLSTM`
and `BlockLSTMGrad` run all steps inside one op. Weights, answers and gradients are those of Keras's
layer (to 1e-6 of the largest), so that what trains here can be saved and served as that layer.

`BlockLSTMV2`, which the exported graph answers with, has a gradient that is not Keras's.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Gradients = tuple[tf.Tensor, ...]


class CpuBidirectional(keras.layers.Bidirectional):
    """`keras.layers.Bidirectional` over an LSTM that gives its outputs at every step.

    For float32, a CPU, and rows that are padded at their end.

    Call arguments:
        sequences: `[batch, time, features] float32`.
        mask: `[batch, time] bool`, True for the first steps of each row, at least one.

    Returns:
        `[batch, time, 2 * units] float32`. Outputs at masked steps mean nothing.
    """

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: None = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """`[batch, time, features] -> [batch, time, 2 * units]`."""
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        inputs = tf.transpose(sequences, [1, 0, 2])
        forward = _outputs(self.forward_layer.cell, inputs)
        # The reversal keeps padding at the end.
        backward = _reversed(
            _outputs(self.backward_layer.cell, _reversed(inputs, lengths)), lengths
        )
        return tf.transpose(tf.concat([forward, backward], axis=-1), [1, 0, 2])


def _reversed(values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    return tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1)


def _outputs(cell: keras.layers.LSTMCell, inputs: tf.Tensor) -> tf.Tensor:
    """`[time, batch, features] -> [time, batch, units]`."""
    kernel = tf.concat([cell.kernel, cell.recurrent_kernel], axis=0)
    return _block_lstm(inputs, _gates_swapped(kernel), _gates_swapped(cell.bias))


def _gates_swapped(weights: Any) -> tf.Tensor:
    """Keras's gates are i, f, c, o; the kernel's are i, c, f, o."""
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)


@tf.custom_gradient
def _block_lstm(
    inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], Gradients]]:
    """Outputs `[time, batch, units]`. TensorFlow registers no gradient for the op, though it has one."""
    state = tf.zeros([tf.shape(inputs)[1], bias.shape[0] // 4])
    peephole = tf.zeros([bias.shape[0] // 4])  # asked for, though unused
    given = {
        "seq_len_max": tf.shape(inputs, out_type=tf.int64)[0],
        "x": inputs,
        "cs_prev": state,
        "h_prev": state,
        "w": kernel,
        "wci": peephole,
        "wcf": peephole,
        "wco": peephole,
        "b": bias,
        "use_peephole": False,
    }
    # A bias of its own for the forget gate, and a limit of the cell's state, are not Keras's.
    made = tf.raw_ops.BlockLSTM(forget_bias=0.0, cell_clip=-1.0, **given)

    def gradient(output_gradient: tf.Tensor) -> Gradients:
        found = tf.raw_ops.BlockLSTMGrad(
            cs_grad=tf.zeros_like(made.cs), h_grad=output_gradient, **given, **made._asdict()
        )
        return found.x_grad, found.w_grad, found.b_grad

    return made.h, gradient
