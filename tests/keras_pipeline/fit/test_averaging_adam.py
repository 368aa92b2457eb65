"""The optimizer is Keras's Adam, number for number, but for words' vectors; its average forgets the beginning."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.fit.averaged_adam import AveragedAdam
from keras_pipeline.fit.averaging_adam import AveragingAdam

ROWS, STEPS = 6, 5
compiled_or_not = pytest.mark.parametrize("compiled", [False, True], ids=["eager", "tf.function"])


def train(optimizer, *, sparse=False, compiled=True, table="embeddings", steps=STEPS):
    """Weights and their averages after each of a few steps, of a table and a matrix."""
    draw = np.random.default_rng(1)
    table, matrix = (
        keras.Variable(draw.normal(size=shape).astype("float32"), name=name)
        for shape, name in [((ROWS, 2), table), ((2, 3), "kernel")]
    )
    optimizer.build([table, matrix])

    def step(ids, values):
        rows = tf.IndexedSlices(values, ids, tf.constant([ROWS, 2], tf.int64))
        dense = tf.convert_to_tensor(rows)
        optimizer.apply([rows if sparse else dense, tf.transpose(values) @ tf.ones([3, 3])])

    step = tf.function(step) if compiled else step
    seen = [[table.numpy()]]
    for _ in range(steps):
        rows = (
            tf.constant(draw.integers(0, ROWS, 3)),
            tf.constant(draw.normal(size=(3, 2)), "float32"),
        )
        tf.distribute.get_strategy().run(step, rows)
        averages = optimizer._model_variables_moving_average if optimizer.use_ema else []
        seen.append(
            [rows[0].numpy(), *(variable.numpy() for variable in [table, matrix, *averages])]
        )
    return seen


def check_equal(given, expected):
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@compiled_or_not
def test_weights_are_those_of_keras(compiled):
    ours = train(AveragingAdam(0.1), compiled=compiled, table="kernel")
    theirs = train(keras.optimizers.Adam(0.1), compiled=compiled, table="kernel")
    for our_step, their_step in zip(ours, theirs, strict=True):
        check_equal(our_step, their_step)


def test_a_word_moves_where_a_batch_holds_it():
    """Keras's Adam goes on moving it by what is left of its momentum."""
    before, *steps = train(AveragingAdam(0.1), sparse=True)
    table = before[0]
    for ids, moved, _ in steps:
        still = np.setdiff1d(np.arange(ROWS), ids)
        np.testing.assert_array_equal(moved[still], table[still])
        assert (moved[ids] != table[ids]).all()
        table = moved


def test_a_words_first_step_has_the_size_of_the_table_rate():
    """Adam's first step is the learning rate, whatever the gradient; of a word it is a share of that."""
    before, first, *_ = train(AveragingAdam(0.1, table_rate=0.25), sparse=True)
    ids, moved, _ = first
    np.testing.assert_allclose(np.abs(moved[ids] - before[0][ids]), 0.025, rtol=1e-3)


@compiled_or_not
@pytest.mark.parametrize("kind", [AveragedAdam, AveragingAdam])
def test_a_table_is_the_same_by_its_rows_and_as_a_whole(compiled, kind):
    """Where a word comes twice (ids are drawn with repeats) its gradient is the sum. Averages, too."""
    settings = {"averaged_steps": 30.0, "table_rate": 0.5}
    sparse = train(AveragingAdam(0.1, **settings), sparse=True, compiled=compiled, steps=15)
    whole = train(kind(0.1, **settings), sparse=False, compiled=compiled, steps=15)
    for by_rows, expected in zip(sparse, whole, strict=True):
        check_equal(by_rows, expected)


@pytest.mark.parametrize("sparse", [False, True], ids=["whole", "rows"])
def test_a_word_of_the_batch_without_a_gradient_stays(sparse):
    """No unit of the dense layer was active for its text: whole tables cannot tell it from a word that did not come."""
    table = keras.Variable(np.ones((2, 2), "float32"), name="embeddings")
    optimizer = AveragingAdam(0.1)
    optimizer.build([table])
    for second in (1.0, 0.0):
        values = tf.constant([[1.0, 1.0], [second, second]])
        rows = tf.IndexedSlices(
            values, tf.constant([0, 1], tf.int64), tf.constant([2, 2], tf.int64)
        )
        optimizer.apply([rows if sparse else values])
    first, other = table.numpy()
    np.testing.assert_allclose(first, 0.8, atol=1e-5)
    np.testing.assert_allclose(other, 0.9, atol=1e-5)


def test_the_average_is_over_the_last_third_of_the_steps_at_most():
    """Momentum n / (n + 3) for step n from 0, until that of the average asked for is smaller."""
    _, *seen = train(AveragingAdam(0.1, averaged_steps=5 / 3))
    average = [np.zeros((ROWS, 2)), np.zeros((2, 3))]
    for momentum, (_, *weights, table, matrix) in zip(
        [0, 1 / 4, 2 / 5, 0.4, 0.4], seen, strict=True
    ):
        average = [
            momentum * old + (1 - momentum) * new for old, new in zip(average, weights, strict=True)
        ]
        check_equal([table, matrix], average)


def test_a_tables_average_notices_every_eighth_of_its_steps():
    """Of an average over 40 steps every fifth one, which counts as much as five; of 128 and more every sixteenth."""
    optimizer = AveragingAdam(0.1, averaged_steps=40.0)
    _, *seen = train(optimizer, sparse=True, steps=31)
    average = seen[0][1]
    for n, (_, table, _, given, _) in enumerate(seen):
        if n and n % 5 == 0:
            single = [step / (step + 3) for step in range(n - 4, n + 1)]
            kept = min(np.prod(single), (1 - 1 / 40) ** 5)
            average = kept * average + (1 - kept) * table
        np.testing.assert_allclose(given, average, atol=1e-5)
    assert AveragingAdam(0.1, averaged_steps=5000.0).table_steps == 16


def test_several_devices_give_the_numbers_of_one():
    """Under MirroredStrategy whole tables are added up, by steps that know about replicas."""
    settings = {"averaged_steps": 30.0, "table_rate": 0.5}
    expected = train(AveragingAdam(0.1, **settings), sparse=True)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        given = train(AveragingAdam(0.1, **settings), sparse=True)
    check_equal(given[-1], expected[-1])
