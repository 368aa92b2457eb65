"""A BiLSTM for JAX: both directions in one loop, and what needs no loop taken out of it.

The input's half of the gates is one product before the loop, the gradients of both kernels one product each
behind the loop that goes back. Where several devices share a batch, XLA would else sum the gradient of the
recurrent kernel over all of them in every time step; so it does once. Weights, answers and gradients are
those of Keras's layer.
"""

from typing import Any

import jax
import jax.numpy as jnp
import keras
from keras import ops


class JaxBidirectional(keras.layers.Bidirectional):
    """`keras.layers.Bidirectional` over an LSTM that gives its outputs at every step, for rows padded at their end.

    Call arguments:
        sequences: `[batch, time, features]` floats.
        mask: `[batch, time] bool`, True for the first steps of each row.

    Returns:
        `[batch, time, 2 * units]`; 0 at masked steps.
    """

    def call(
        self,
        sequences: Any,
        initial_state: None = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """`[batch, time, features] -> [batch, time, 2 * units]`."""
        inputs = jnp.swapaxes(sequences, 0, 1)
        counted = jnp.swapaxes(mask, 0, 1)[..., None].astype(inputs.dtype)
        cells = (self.forward_layer.cell, self.backward_layer.cell)
        kernels, recurrent, biases = (
            [ops.convert_to_tensor(getattr(cell, name)) for cell in cells]
            for name in ("kernel", "recurrent_kernel", "bias")
        )
        gates = [inputs @ kernel + bias for kernel, bias in zip(kernels, biases, strict=True)]
        # Backwards the padding comes first: there the state stays 0.
        outputs = _lstm(
            jnp.stack([gates[0], gates[1][::-1]], axis=1),
            jnp.stack(recurrent),
            jnp.stack([counted, counted[::-1]], axis=1),
        )
        both = jnp.concatenate([outputs[:, 0], outputs[::-1, 1]], axis=-1)
        return jnp.swapaxes(both, 0, 1)


@jax.custom_vjp
def _lstm(gates: Any, recurrent: Any, counted: Any) -> Any:
    """Two LSTMs side by side.

    Args:
        gates: the input's half of each gate, `[time, 2, batch, 4 * units]`, in Keras's order i, f, c, o.
        recurrent: `[2, units, 4 * units]`.
        counted: 1 where a step counts, else 0, `[time, 2, batch, 1]`.

    Returns:
        `[time, 2, batch, units]`.
    """
    return _forward(gates, recurrent, counted)[0]


def _product(states: Any, kernels: Any) -> Any:
    """`[2, batch, n], [2, n, m] -> [2, batch, m]`."""
    return jnp.einsum("dbn,dnm->dbm", states, kernels)


def _forward(gates: Any, recurrent: Any, counted: Any) -> tuple[Any, tuple[Any, ...]]:
    def step(state: tuple[Any, Any], given: tuple[Any, Any]) -> tuple[Any, Any]:
        output, cell = state
        given_gates, counts = given
        i, f, c, o = jnp.split(given_gates + _product(output, recurrent), 4, axis=-1)
        i, f, c, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(c), jax.nn.sigmoid(o)
        cell = (f * cell + i * c) * counts
        output = o * jnp.tanh(cell) * counts
        return (output, cell), (output, cell, jnp.concatenate([i, f, c, o], axis=-1))

    zero = jnp.zeros((*gates.shape[1:-1], recurrent.shape[1]), gates.dtype)
    _, (outputs, cells, activated) = jax.lax.scan(step, (zero, zero), (gates, counted))
    return outputs, (outputs, cells, activated, recurrent, counted)


def _backward(kept: tuple[Any, ...], output_gradients: Any) -> tuple[Any, Any, None]:
    outputs, cells, activated, recurrent, counted = kept

    def step(state: tuple[Any, Any], given: tuple[Any, ...]) -> tuple[Any, Any]:
        output_gradient, cell_gradient = state
        from_above, cell, cell_before, gates, counts = given
        i, f, c, o = jnp.split(gates, 4, axis=-1)
        squashed = jnp.tanh(cell)
        of_output = (output_gradient + from_above) * counts
        of_cell = cell_gradient * counts + of_output * o * (1 - squashed**2)
        of_gates = jnp.concatenate(
            [
                of_cell * c * i * (1 - i),
                of_cell * cell_before * f * (1 - f),
                of_cell * i * (1 - c**2),
                of_output * squashed * o * (1 - o),
            ],
            axis=-1,
        )
        before = _product(of_gates, jnp.swapaxes(recurrent, 1, 2)), of_cell * f
        return before, of_gates

    zero = jnp.zeros_like(cells[0])
    given = (output_gradients, cells, _before(cells), activated, counted)
    _, gate_gradients = jax.lax.scan(step, (zero, zero), given, reverse=True)
    of_recurrent = jnp.einsum("tdbn,tdbm->dnm", _before(outputs), gate_gradients)
    return gate_gradients, of_recurrent, None


def _before(states: Any) -> Any:
    """Of each step the state before it."""
    return jnp.concatenate([jnp.zeros_like(states[:1]), states[:-1]])


_lstm.defvjp(_forward, _backward)
