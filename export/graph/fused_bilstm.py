"""The BiLSTM as one kernel a direction: least overhead, so the way for small batches.

`BlockLSTMV2` runs all steps of a sequence inside one op, where a loop starts some twenty ops a step.
It computes padding along with words, and its matrix product is slow from five rows on: 1.5 ms for 15
steps of four rows, 4.2 ms of five (docs/serving-graph.md). So the rows, sorted by length, go through
in groups of four.
"""

from typing import Final

import tensorflow as tf

from export.graph.classifier_weights import LstmTensors, RecurrentWeights

ROWS_A_GROUP: Final = 4
GROUPS: Final = 4
"""So many are built; the last takes all rows that are left."""

Lstms = tuple[LstmTensors, LstmTensors]


def fused_features(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Last states or pooled outputs of both directions.

    Args:
        weights: see there.
        ids: `[batch, time] int64`, both from 0 up, the longest row first.
        lengths: `[batch] int32`, from 0 to `time`.

    Returns:
        `[batch, 2 * units] float32`, of a pooled model `[batch, 4 * units]`.
    """
    starts = [group * ROWS_A_GROUP for group in range(GROUPS)]
    slices = [slice(start, start + ROWS_A_GROUP) for start in starts[:-1]] + [
        slice(starts[-1], None)
    ]
    lstms = weights.directions()
    return tf.concat([_group(weights, lstms, ids[rows], lengths[rows]) for rows in slices], axis=0)


def group_features(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """`fused_features` of a few rows in any order, or of none."""
    return _group(weights, weights.directions(), ids, lengths)


def row_features(weights: RecurrentWeights, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """`fused_features` of one row: a quarter fewer ops, for nothing is to be masked."""
    steps = lengths[0]
    # One step at least, of zeros where the row has no word: so there is an output to be read.
    words = tf.pad(ids[0], [[0, 1]])[: tf.maximum(steps, 1)]
    inputs = weights.embed(words)[:, tf.newaxis]
    both = [
        _block_lstm(lstm, direction, steps)
        for lstm, direction in zip(
            weights.directions(), (inputs, tf.reverse(inputs, [0])), strict=True
        )
    ]
    outputs = tf.concat(both, axis=2)
    if not weights.pooled:
        return outputs[-1]
    return tf.concat([tf.reduce_max(outputs, axis=0), tf.reduce_mean(outputs, axis=0)], axis=1)


def _group(
    weights: RecurrentWeights, lstms: Lstms, ids: tf.Tensor, lengths: tf.Tensor
) -> tf.Tensor:
    ids = tf.pad(ids, [[0, 0], [0, 1]])  # so that there is a first step, whatever came
    # The reversal keeps padding at the right: both directions end at `length - 1`.
    reverse = tf.reverse_sequence(ids, lengths, seq_axis=1)
    # Without rows the maximum is the lowest integer, and BlockLSTMV2 ends the process at a negative
    # seq_len_max. No length exceeds `time`, where it would end the process too.
    steps = tf.maximum(tf.reduce_max(lengths), 0)
    outputs = [
        _block_lstm(lstm, weights.embed(tf.transpose(direction)), steps)
        for lstm, direction in zip(lstms, (ids, reverse), strict=True)
    ]
    return (_max_and_mean if weights.pooled else _last_states)(outputs, lengths)


def _block_lstm(lstm: LstmTensors, inputs: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """`[time, batch, embedding]` -> outputs `[time, batch, units]`, zeros from `steps` on."""
    state = tf.zeros([tf.shape(inputs)[1], lstm.units])
    peephole = tf.zeros([lstm.units])  # the op asks for these weights even where it uses none
    return tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.cast(steps, tf.int64),
        x=inputs,
        cs_prev=state,
        h_prev=state,
        w=lstm.kernel,
        wci=peephole,
        wcf=peephole,
        wco=peephole,
        b=lstm.bias,
        cell_clip=0.0,
        use_peephole=False,
    ).h


def _last_states(outputs: list[tf.Tensor], lengths: tf.Tensor) -> tf.Tensor:
    """Outputs at each row's last step, `[batch, 2 * units]`; zeros for a row without steps."""
    rows = tf.range(tf.shape(lengths)[0])
    last = tf.stack([tf.maximum(lengths - 1, 0), rows], axis=1)
    states = tf.concat([tf.gather_nd(output, last) for output in outputs], axis=1)
    return states * tf.cast(lengths > 0, tf.float32)[:, tf.newaxis]


def _max_and_mean(outputs: list[tf.Tensor], lengths: tf.Tensor) -> tf.Tensor:
    """Maxima and means over each row's steps, `[batch, 4 * units]`; zeros for a row without."""
    counted = tf.transpose(tf.sequence_mask(lengths, tf.shape(outputs[0])[0]))[:, :, tf.newaxis]
    steps = tf.cast(lengths, tf.float32)[:, tf.newaxis]
    both = tf.concat(outputs, axis=2)
    largest = tf.reduce_max(tf.where(counted, both, tf.float32.min), axis=0)
    total = tf.reduce_sum(tf.where(counted, both, 0.0), axis=0)
    means = total / tf.maximum(steps, 1.0)
    return tf.concat([tf.where(steps > 0, largest, 0.0), means], axis=1)
