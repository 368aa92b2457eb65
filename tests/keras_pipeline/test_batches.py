"""Batches are a pure function of seed and epoch: what makes a resumed run end as it would have."""

import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline import TrainConfig
from keras_pipeline.batches import TokenRows, encode, evaluation_batches, training_batches

ROWS = 50


@pytest.fixture(scope="module")
def rows():
    """Row n holds the id n + 1, one to seven times; its label is n."""
    lengths = [1 + n % 7 for n in range(ROWS)]
    ids = tf.RaggedTensor.from_row_lengths(
        np.repeat(np.arange(ROWS) + 1, lengths).astype(np.int32), lengths
    )
    return TokenRows(ids, tf.range(ROWS, dtype=tf.int64))


def epoch(rows, config, first_epoch):
    batches, steps = training_batches(rows, config, first_epoch)
    return [(ids.numpy(), labels.numpy()) for ids, labels in batches.take(steps)]


def order(rows, config, first_epoch):
    return np.concatenate([labels for _, labels in epoch(rows, config, first_epoch)]).tolist()


@pytest.mark.parametrize("buckets", [True, False])
def test_an_epoch_sees_every_row_once(rows, buckets):
    config = TrainConfig(batch_size=8, bucket_by_length=buckets, bucket_spread=1)
    assert sorted(order(rows, config, 0)) == list(range(ROWS))
    for ids, labels in epoch(rows, config, 0):
        assert (ids[:, 0] == labels + 1).all(), "ids and labels stay together"


def test_epochs_differ_and_a_later_start_sees_the_same_epoch(rows):
    config = TrainConfig(batch_size=8)
    assert order(rows, config, 0) != order(rows, config, 1)
    batches, steps = training_batches(rows, config)
    second = [labels.numpy() for _, labels in batches.skip(steps).take(steps)]
    assert np.concatenate(second).tolist() == order(rows, config, 1)


def test_another_seed_gives_another_order(rows):
    assert order(rows, TrainConfig(seed=1), 0) != order(rows, TrainConfig(seed=2), 0)


def test_buckets_hold_rows_of_similar_length(rows):
    """Padding per epoch, by far less than with batches of random rows."""

    def padding(buckets):
        config = TrainConfig(batch_size=8, bucket_by_length=buckets, bucket_spread=1)
        return sum((ids == 0).sum() for ids, _ in epoch(rows, config, 0))

    assert padding(True) < padding(False) / 4


def test_padded_to_the_longest_or_to_the_sequence_length(rows):
    longest = next(iter(evaluation_batches(rows, TrainConfig())))[0]
    fixed = next(iter(evaluation_batches(rows, TrainConfig(pad_to_longest=False))))[0]
    assert (longest.shape, fixed.shape) == ((ROWS, 7), (ROWS, 40))
    assert longest.dtype == tf.int64
    np.testing.assert_array_equal(fixed[:, :7], longest)


def test_encoding_keeps_order_over_many_batches():
    texts = [f"{n}" for n in range(3000)]
    to_ids = tf.function(lambda text: tf.strings.to_number(tf.strings.split(text), tf.int64))
    encoded = encode(to_ids, texts, list(range(3000)))
    assert encoded.ids.values.numpy().tolist() == list(range(3000))
    assert encoded.ids.dtype == tf.int32
