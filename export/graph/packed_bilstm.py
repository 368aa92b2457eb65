"""The BiLSTM without padding: rows sorted by length, a batch that grows; the way for large batches.

All rows end at the same step, and a row joins when its first word is due:

    step      0 1 2 3        rows sorted by length, longest first
    "a b c d" a b c d        step 0 computes one row, step 2 two, step 3 three; whatever row
    "e f"         e f        has begun is the top of the batch, and after the last step the
    "g"             g        states are every row's last

Tweets average 13 tokens and the longest of a batch has 30: padding would double the work. The half
of the gates that depends on the word alone is computed before the loop, once for each distinct word
of the batch; the loop gathers it.
"""

from collections.abc import Callable
from typing import Final

import tensorflow as tf

from export.graph.classifier_weights import LstmTensors, RecurrentWeights

_LOWEST: Final = tf.float32.min


def packed_features(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Last states or pooled outputs of both directions.

    Args:
        weights: see there.
        ids: `[batch, time] int64`, both from 0 up, the longest row first.
        lengths: `[batch] int32`, from 0 to `time`.

    Returns:
        `[batch, 2 * units] float32`, of a pooled model `[batch, 4 * units]`.
    """
    steps = tf.reduce_max(tf.concat([lengths[:1], [0]], axis=0))
    words, index = tf.unique(tf.reshape(ids[:, :steps], [-1]))
    index = tf.reshape(index, [tf.shape(ids)[0], steps])
    embedded = weights.embed(words)
    due, active = schedule(index, lengths)
    # Two loops, not one over both directions: they run side by side on two cores.
    results = [
        _run(lstm, embedded, tf.transpose(words_due), active, pooled=weights.pooled)
        for lstm, words_due in zip(weights.directions(), due, strict=True)
    ]
    return (_pooled if weights.pooled else _last_states)(results, lengths)


def _run(
    lstm: LstmTensors, embedded: tf.Tensor, index: tf.Tensor, active: tf.Tensor, *, pooled: bool
) -> tuple[tf.Tensor, ...]:
    """All steps of one direction: state and cell, of a pooled model also maximum and sum, see `run_packed`."""
    inputs = tf.nn.bias_add(tf.matmul(embedded, lstm.input_kernel), lstm.bias)
    recurrent_kernel = lstm.recurrent_kernel

    def cell(words: tf.Tensor, state: tf.Tensor, memory: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return lstm_cell(tf.matmul(state, recurrent_kernel) + words, memory)

    return run_packed(cell, inputs, index, active, units=lstm.units, states=2, pooled=pooled)


def schedule(index: tf.Tensor, lengths: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
    """When which word is due, forward and backward, and how many rows take part in each step.

    Args:
        index: `[batch, steps] int32`, the longest row first and `steps` long.
        lengths: `[batch] int32`.

    Returns:
        Two of `[batch, steps] int32`, and `[steps] int32`.
    """
    # Word k of a row is due at step `steps - length + k`; read backwards, the words already stand
    # in that order from the right.
    due = (
        tf.reverse(tf.reverse_sequence(index, lengths, seq_axis=1), [1]),
        tf.reverse(index, [1]),
    )
    # Rows of at least `steps - t` words take part in step t.
    return due, tf.searchsorted(-lengths, tf.range(-tf.shape(index)[1], 0), side="right")


def run_packed(
    cell: Callable[..., tuple[tf.Tensor, ...]],
    inputs: tf.Tensor,
    index: tf.Tensor,
    active: tf.Tensor,
    *,
    units: int,
    states: int,
    pooled: bool,
) -> tuple[tf.Tensor, ...]:
    """All steps of one direction of any recurrent cell.

    Args:
        cell: the gates' half of the words that are due and the states before, `[rows, ...]`, to the states after.
        inputs: `[words, gates]`, that half for the distinct words of the batch.
        index: `[steps, batch] int32`, which of them is due.
        active: `[steps] int32`, rows that take part in each step.
        units: size of a state.
        states: how many are carried; the first is the output.
        pooled: carry the outputs' maximum and sum along.

    Returns:
        The states `[begun, units]`, of a pooled model also maximum and sum.
    """
    fresh = (*[0.0] * states, *((_LOWEST, 0.0) if pooled else ()))

    def step(t: tf.Tensor, *carried: tf.Tensor) -> tuple[tf.Tensor, ...]:
        rows = active[t]
        joining = [[0, rows - tf.shape(carried[0])[0]], [0, 0]]
        begun = [
            tf.pad(value, joining, constant_values=start)
            for value, start in zip(carried, fresh, strict=True)
        ]
        after = cell(tf.gather(inputs, index[t, :rows]), *begun[:states])
        pools = begun[states:]
        if pooled:
            pools = [tf.maximum(pools[0], after[0]), pools[1] + after[0]]
        return (t + 1, *after, *pools)

    nobody = [tf.zeros([0, units])] * len(fresh)
    any_rows = [tf.TensorShape([None, units])] * len(fresh)
    loop = tf.while_loop(
        lambda t, *_: t < tf.shape(active)[0],
        step,
        [0, *nobody],
        shape_invariants=[tf.TensorShape([]), *any_rows],
        parallel_iterations=1,  # every step needs the one before it
    )
    return tuple(loop[1:])


def lstm_cell(gates: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Keras's LSTM cell: gates `[rows, 4 * units]` in the order i, f, c, o -> state and cell."""
    i, f, c, o = tf.split(gates, 4, axis=1)
    cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(c)
    return tf.sigmoid(o) * tf.tanh(cell), cell


def _last_states(results: list[tuple[tf.Tensor, ...]], lengths: tf.Tensor) -> tf.Tensor:
    """`[batch, 2 * units]`; zeros for rows that never began, which have no words."""
    return _with_rows(tf.concat([result[0] for result in results], axis=1), lengths)


def _pooled(results: list[tuple[tf.Tensor, ...]], lengths: tf.Tensor) -> tf.Tensor:
    """Maxima and means, `[batch, 4 * units]`; zeros for rows without words."""
    steps = tf.cast(lengths, tf.float32)[:, tf.newaxis]
    largest = [_with_rows(result[2], lengths) for result in results]
    means = [_with_rows(result[3], lengths) / tf.maximum(steps, 1.0) for result in results]
    return tf.concat([*largest, *means], axis=1)


def _with_rows(values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    missing = tf.shape(lengths)[0] - tf.shape(values)[0]
    return tf.pad(values, [[0, missing], [0, 0]])
