"""Batches of few shapes teach what the rows themselves would: each row once, none that is made up, in parts for each host."""

import dataclasses

import numpy as np
import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.on_jax.exchange import IdRows
from keras_pipeline.fit.on_jax.padded_batches import EVALUATED_ROWS, PaddedBatches, widths
from keras_pipeline.numeric.token_ids import PADDING_ID, UNKNOWN_ID

ROWS, CLASSES = 601, 3
CONFIG = TrainConfig(batch_size=50, word_dropout=0.0, r_drop=0.0)
STEPS = 13


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 41, ROWS).astype(np.int32)
    ids = draw.integers(2, 99, lengths.sum()).astype(np.uint16)
    targets = np.eye(CLASSES, dtype="float32")[draw.integers(0, CLASSES, ROWS)]
    return IdRows(ids, lengths, targets, draw.uniform(0.5, 2, ROWS).astype("float32"))


def epoch(batches, number=0):
    return [batch for batch, _ in zip(batches.training(number), range(STEPS), strict=False)]


def texts(batches):
    """The rows that stand for something, without padding."""
    return sorted(
        tuple(row[row != PADDING_ID].tolist())
        for ids, targets, _ in batches
        for row in ids[targets.sum(axis=1) > 0]
    )


def test_an_epoch_has_every_row_once(rows):
    ends = np.cumsum(rows.lengths)
    expected = sorted(tuple(part.tolist()) for part in np.split(rows.ids, ends)[:-1])
    assert texts(epoch(PaddedBatches(rows, CONFIG))) == expected


def test_batches_have_one_size_and_five_widths_at_most(rows):
    shapes = {ids.shape for ids, _, _ in epoch(PaddedBatches(rows, CONFIG, devices=8))}
    assert shapes <= {(56, width) for width in (8, 16, 24, 32, 40)}
    whole = PaddedBatches(rows, dataclasses.replace(CONFIG, pad_to_longest=False))
    assert {ids.shape for ids, _, _ in epoch(whole)} == {(50, 40)}


@pytest.mark.parametrize("longest", [1, 7, 8, 41, 1000])
def test_no_row_is_longer_than_the_widest(longest):
    found = widths(TrainConfig(sequence_length=longest))
    assert found == sorted(set(found))
    assert found[-1] == longest
    assert len(found) <= 5


def test_a_batch_that_is_filled_up_has_the_mean_of_its_own_rows(rows):
    """Keras divides by all rows: the others weigh so much more."""
    last = next(batch for batch in epoch(PaddedBatches(rows, CONFIG)) if batch[2][1] == 0)
    ids, targets, weights = last
    assert ids[1:].tolist() == [[UNKNOWN_ID] + [PADDING_ID] * (ids.shape[1] - 1)] * 49
    assert not targets[1:].any()
    row = weights.sum() / 50
    assert np.isclose(rows.weights, row).any()


def test_the_mean_over_all_evaluated_batches_is_that_over_the_rows(rows):
    batches = PaddedBatches(rows, CONFIG, devices=3)
    parts = [batches.evaluation(number) for number in range(batches.evaluation_steps())]
    assert {len(weights) for _, _, weights in parts} == {EVALUATED_ROWS + 2}
    mean = np.mean([weights.mean() for _, _, weights in parts])
    assert mean == pytest.approx(rows.weights.mean(), rel=1e-6)


def test_batches_are_a_function_of_seed_and_epoch(rows):
    """So that a resumed run sees those that it would have seen."""
    dropping = TrainConfig(batch_size=50, word_dropout=0.5)
    batches = PaddedBatches(rows, dropping)
    both = batches.training()
    second = [next(both) for _ in range(2 * STEPS)][STEPS:]
    for ours, theirs in zip(second, epoch(batches, 1), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
    assert texts(epoch(batches)) != texts(epoch(batches, 1))
    other = PaddedBatches(rows, TrainConfig(batch_size=50, word_dropout=0.5, seed=1))
    assert texts(epoch(batches)) != texts(epoch(other))


def test_word_dropout_makes_its_share_unknown_and_leaves_padding(rows):
    batches = epoch(PaddedBatches(rows, dataclasses.replace(CONFIG, word_dropout=0.5)))
    ids = np.concatenate([batch[0].ravel() for batch in batches])
    assert (ids != PADDING_ID).sum() == rows.lengths.sum() + 50 * STEPS - ROWS
    assert (ids == UNKNOWN_ID).sum() / rows.lengths.sum() == pytest.approx(0.5, abs=0.02)


def test_hosts_cut_the_same_batch_into_their_parts(rows):
    whole = epoch(PaddedBatches(rows, CONFIG, devices=6))
    halves = [epoch(PaddedBatches(rows, CONFIG, devices=6, host=n, hosts=2)) for n in (0, 1)]
    for expected, first, second in zip(whole, *halves, strict=True):
        for array, ours, theirs in zip(expected, first, second, strict=True):
            np.testing.assert_array_equal(np.concatenate([ours, theirs]), array)
            assert len(ours) == len(theirs)


@pytest.mark.parametrize(("host", "hosts"), [(0, 1), (1, 2)])
def test_with_r_drop_a_row_stands_twice_without_the_same_words(rows, host, hosts):
    """Every host and device gets both readings of its rows."""
    once = dataclasses.replace(CONFIG, word_dropout=0.5)
    made = [
        epoch(PaddedBatches(rows, config, devices=6, host=host, hosts=hosts))
        for config in (once, dataclasses.replace(once, r_drop=0.5))
    ]
    for single, double in zip(*made, strict=True):
        for part, twice in zip(single, double, strict=True):
            np.testing.assert_array_equal(twice[::2], part)
            np.testing.assert_array_equal(twice[1::2], part)
