"""Batches are a pure function of seed and epoch: what makes a resumed run end as it would have."""

import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline import TrainConfig
from keras_pipeline.fit.batches import TokenRows, encode, evaluation_batches, training_batches
from keras_pipeline.table.training_rows import TextRows

ROWS = 50


@pytest.fixture(scope="module")
def rows():
    """Row n holds the id n + 2, one to seven times; its weight is n."""
    lengths = [1 + n % 7 for n in range(ROWS)]
    ids = tf.RaggedTensor.from_row_lengths(
        np.repeat(np.arange(ROWS) + 2, lengths).astype(np.int32), lengths
    )
    weights = tf.range(ROWS, dtype=tf.float32)
    return TokenRows(ids, tf.one_hot(tf.range(ROWS) % 3, 3), weights)


def epoch(rows, config, first_epoch):
    batches, steps = training_batches(rows, config, first_epoch)
    return [(ids.numpy(), weights.numpy()) for ids, _, weights in batches.take(steps)]


def order(rows, config, first_epoch):
    return np.concatenate([weights for _, weights in epoch(rows, config, first_epoch)]).tolist()


@pytest.mark.parametrize("buckets", [True, False])
def test_an_epoch_sees_every_row_once(rows, buckets):
    config = TrainConfig(
        batch_size=8, bucket_by_length=buckets, bucket_spread=1, word_dropout=0.0, r_drop=0.0
    )
    assert sorted(order(rows, config, 0)) == list(range(ROWS))
    batches, steps = training_batches(rows, config)
    for ids, targets, weights in batches.take(steps):
        assert (ids.numpy()[:, 0] == weights.numpy() + 2).all(), "a row's parts stay together"
        assert (targets.numpy().argmax(1) == weights.numpy() % 3).all()


def test_epochs_differ_and_a_later_start_sees_the_same_epoch(rows):
    config = TrainConfig(batch_size=8)
    assert order(rows, config, 0) != order(rows, config, 1)
    batches, steps = training_batches(rows, config)
    second = [weights.numpy() for _, _, weights in batches.skip(steps).take(steps)]
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


def test_word_dropout_makes_words_unknown_anew_in_each_epoch(rows):
    """Padding stays padding, about the asked share of words becomes id 1, evaluation sees all."""
    config = TrainConfig(batch_size=ROWS, word_dropout=0.3, bucket_by_length=False, r_drop=0.0)
    first, second = (epoch(rows, config, number)[0][0] for number in (0, 1))
    words = [ids[ids != 0] for ids in (first, second)]
    assert len(words[0]) == len(words[1]) == rows.ids.values.shape[0]
    shares = [np.mean(ids == 1) for ids in words]
    assert shares == pytest.approx([0.3, 0.3], abs=0.1)
    assert shares[0] != shares[1] or not np.array_equal(first, second)
    np.testing.assert_array_equal(first, epoch(rows, config, 0)[0][0])
    assert not any((ids.numpy() == 1).any() for ids, _, _ in evaluation_batches(rows, config))


@pytest.mark.parametrize("replicas", [1, 3])
def test_with_r_drop_a_row_stands_twice_without_the_same_words(rows, replicas):
    """A device gets both; a row that was added, too. An evaluation reads rows once."""
    once = TrainConfig(batch_size=8, word_dropout=0.3, r_drop=0.0)
    twice = TrainConfig(batch_size=8, word_dropout=0.3, r_drop=0.5)
    found, steps = training_batches(rows, twice, replicas=replicas)
    expected, _ = training_batches(rows, once, replicas=replicas)
    for ours, theirs in zip(found.take(steps), expected.take(steps), strict=True):
        assert len(ours[0]) % (2 * replicas) == 0
        for part, single in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(part[::2], single)
            np.testing.assert_array_equal(part[1::2], single)
    assert sum(len(ids) for ids, _, _ in evaluation_batches(rows, twice)) == ROWS


@pytest.mark.parametrize(("words", "dtype"), [(65_536, tf.uint16), (65_537, tf.int32)])
def test_encoding_keeps_order_over_many_batches(words, dtype):
    """Two bytes an id where the largest, 65,535, has room in them."""
    texts = np.array([f"{n}" for n in range(3000)], object)
    to_ids = tf.function(lambda text: tf.strings.to_number(tf.strings.split(text), tf.int64))
    given = TextRows(texts, np.zeros((3000, 3), np.float32), np.ones(3000, np.float32))
    encoded = encode(to_ids, given, words)
    assert encoded.ids.values.numpy().tolist() == list(range(3000))
    assert encoded.ids.dtype == dtype
