"""The optimizer is Keras's Adam, number for number; its average forgets the beginning."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.fit.averaging_adam import AveragingAdam

ROWS, STEPS = 6, 5


def train(optimizer, *, sparse, compiled):
    """Weights and their averages after each of five steps, of a table and a matrix."""
    draw = np.random.default_rng(1)
    table, matrix = (
        keras.Variable(draw.normal(size=shape).astype("float32")) for shape in [(ROWS, 2), (2, 3)]
    )
    optimizer.build([table, matrix])

    def step(ids, values):
        rows = tf.IndexedSlices(values, ids, tf.constant([ROWS, 2], tf.int64))
        dense = tf.convert_to_tensor(rows)
        optimizer.apply([rows if sparse else dense, tf.transpose(values) @ tf.ones([3, 3])])

    step = tf.function(step) if compiled else step
    seen = []
    for _ in range(STEPS):
        ids, values = draw.integers(0, ROWS, 3), draw.normal(size=(3, 2))
        rows = (tf.constant(ids), tf.constant(values, tf.float32))
        tf.distribute.get_strategy().run(step, rows)
        averages = optimizer._model_variables_moving_average if optimizer.use_ema else []
        seen.append([variable.numpy() for variable in [table, matrix, *averages]])
    return seen


def check_equal(given, expected):
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "tf.function"])
def test_weights_are_those_of_keras(compiled):
    ours = train(AveragingAdam(0.1), sparse=False, compiled=compiled)
    theirs = train(keras.optimizers.Adam(0.1), sparse=False, compiled=compiled)
    for our_step, their_step in zip(ours, theirs, strict=True):
        check_equal(our_step, their_step)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "tf.function"])
def test_gradients_of_a_few_rows_count_as_the_whole_tables(compiled):
    """Where a word comes twice (ids are drawn with repeats), Keras takes the sum of two squares instead."""
    sparse = train(AveragingAdam(0.1), sparse=True, compiled=compiled)
    dense = train(AveragingAdam(0.1), sparse=False, compiled=compiled)
    check_equal(sparse[-1], dense[-1])


def test_the_average_is_over_the_last_third_of_the_steps_at_most():
    """Momentum n / (n + 3) for step n from 0, until that of the average asked for is smaller."""
    seen = train(AveragingAdam(0.1, use_ema=True, ema_momentum=0.4), sparse=False, compiled=True)
    average = [np.zeros((ROWS, 2)), np.zeros((2, 3))]
    for momentum, (*weights, table, matrix) in zip([0, 1 / 4, 2 / 5, 0.4, 0.4], seen, strict=True):
        average = [
            momentum * old + (1 - momentum) * new for old, new in zip(average, weights, strict=True)
        ]
        check_equal([table, matrix], average)


def test_several_devices_give_the_numbers_of_one():
    """Under MirroredStrategy Keras's own step runs, which knows about replicas."""
    expected = train(AveragingAdam(0.1, use_ema=True), sparse=False, compiled=True)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        given = train(AveragingAdam(0.1, use_ema=True), sparse=False, compiled=True)
    check_equal(given[-1], expected[-1])
