"""WordScores mixes what words and pairs say into an answer: by its formula, whatever the padding, and Keras can save it."""

import itertools

import keras
import numpy as np
import pytest

from keras_pipeline.numeric.word_scores import WordScores, pair_keys

DRAW = np.random.default_rng(3)
TABLE = np.concatenate([[[0] * 4], DRAW.normal(size=(9, 4)) ** 2]).astype("float32")
BIAS = np.array([0.3, -0.2, 0.0], "float32")
ANSWERS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [1.0, 0.0, 0.0]], "float32")
IDS = np.array([[3, 5, 5], [9, 0, 0], [0, 0, 0]])
BUCKETS = 11
PAIRS = {pair: DRAW.normal(size=4) ** 2 for pair in [(3, 5), (5, 9)]}


def pairs_and_keys():
    pairs, keys = np.zeros((BUCKETS, 4)), np.zeros(BUCKETS, np.int64)
    for pair, row in PAIRS.items():
        key = pair_keys(*pair, len(TABLE))
        pairs[key % BUCKETS], keys[key % BUCKETS] = row, key
    return pairs, keys


def layer(trust=0.6, paired=False):
    made = WordScores(len(TABLE), pair_buckets=BUCKETS if paired else 0)
    made.build(ANSWERS.shape, IDS.shape)
    made.set_weights([*(pairs_and_keys() if paired else ()), TABLE, BIAS, np.asarray(trust)])
    return made


@pytest.mark.parametrize("paired", [False, True])
def test_the_formula_of_its_docstring(paired):
    answers = np.asarray(layer(paired=paired)(ANSWERS, IDS))
    for answer, ids, given in zip(ANSWERS, [[3, 5, 5], [9]], answers, strict=False):
        sums = TABLE[ids].sum(axis=0)
        if paired:
            sums = sums + sum(PAIRS.get(pair, 0) for pair in itertools.pairwise(ids))
        logits = 0.6 * np.log(answer) + sums[:3] / np.sqrt(sums[3]) + BIAS
        np.testing.assert_allclose(given, np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)


def test_a_text_without_words_and_a_probability_of_zero_have_an_answer():
    given = np.asarray(layer()(ANSWERS, IDS))[2]
    assert np.isfinite(given).all()
    assert given.argmax() == 0


def test_fresh_weights_leave_the_answer_as_it_is():
    np.testing.assert_allclose(WordScores(10)(ANSWERS, IDS), ANSWERS, atol=1e-6)


def test_a_pair_that_shares_its_bucket_with_a_learned_one_says_nothing():
    keys = pairs_and_keys()[1]
    stranger = next(
        (first, second)
        for first, second in itertools.product(range(2, 10), repeat=2)
        if keys[(key := pair_keys(first, second, len(TABLE))) % BUCKETS] not in (0, key)
    )
    ids = np.array([stranger] * 3)
    np.testing.assert_allclose(layer(paired=True)(ANSWERS, ids), layer()(ANSWERS, ids), atol=1e-6)


def test_padding_changes_nothing():
    padded, made = np.pad(IDS, [(0, 0), (0, 5)]), layer(paired=True)
    np.testing.assert_allclose(made(ANSWERS, padded), made(ANSWERS, IDS), atol=1e-6)


@pytest.mark.parametrize("time", [0, 1, 3])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_any_number_of_rows_and_steps(rows, time):
    assert layer(paired=True)(ANSWERS[:rows], IDS[:rows, :time]).shape == (rows, 3)


def test_no_gradient_changes_its_weights():
    assert layer().trainable_weights == []


@pytest.mark.parametrize("paired", [False, True])
def test_survives_saving(tmp_path, paired):
    answers, ids = keras.Input((3,)), keras.Input((None,), dtype="int64")
    model = keras.Model([answers, ids], layer(paired=paired)(answers, ids))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again([ANSWERS, IDS]), model([ANSWERS, IDS]))
    assert again.layers[-1].trainable_weights == []
