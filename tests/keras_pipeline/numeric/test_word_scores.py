"""WordScores mixes what words say into an answer: by its formula, whatever the padding, and Keras can save it."""

import keras
import numpy as np
import pytest

from keras_pipeline.numeric.word_scores import WordScores

DRAW = np.random.default_rng(3)
TABLE = np.concatenate([[[0] * 4], DRAW.normal(size=(9, 4)) ** 2]).astype("float32")
BIAS = np.array([0.3, -0.2, 0.0], "float32")
ANSWERS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [1.0, 0.0, 0.0]], "float32")
IDS = np.array([[3, 5, 5], [9, 0, 0], [0, 0, 0]])


def layer(trust=0.6):
    made = WordScores(len(TABLE))
    made.build(ANSWERS.shape, IDS.shape)
    made.set_weights([TABLE, BIAS, np.asarray(trust)])
    return made


def test_the_formula_of_its_docstring():
    words = [[3, 5, 5], [9]]
    for answer, ids, given in zip(ANSWERS, words, np.asarray(layer()(ANSWERS, IDS)), strict=False):
        sums = TABLE[ids].sum(axis=0)
        logits = 0.6 * np.log(answer) + sums[:3] / np.sqrt(sums[3]) + BIAS
        np.testing.assert_allclose(given, np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)


def test_a_text_without_words_and_a_probability_of_zero_have_an_answer():
    given = np.asarray(layer()(ANSWERS, IDS))[2]
    assert np.isfinite(given).all()
    assert given.argmax() == 0


def test_fresh_weights_leave_the_answer_as_it_is():
    np.testing.assert_allclose(WordScores(10)(ANSWERS, IDS), ANSWERS, atol=1e-6)


def test_padding_changes_nothing():
    padded = np.pad(IDS, [(0, 0), (0, 5)])
    np.testing.assert_allclose(layer()(ANSWERS, padded), layer()(ANSWERS, IDS), atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_any_number_of_rows(rows):
    assert layer()(ANSWERS[:rows], IDS[:rows]).shape == (rows, 3)


def test_no_gradient_changes_its_weights():
    assert layer().trainable_weights == []


def test_survives_saving(tmp_path):
    answers, ids = keras.Input((3,)), keras.Input((None,), dtype="int64")
    model = keras.Model([answers, ids], layer()(answers, ids))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again([ANSWERS, IDS]), model([ANSWERS, IDS]))
    assert again.layers[-1].trainable_weights == []
