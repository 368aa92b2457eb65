"""R-Drop: two readings of a row that disagree cost something in training, and nothing else changes."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline import TrainConfig
from keras_pipeline.numeric.classifier import build_classifier, for_training
from keras_pipeline.numeric.r_drop import RDropModel, disagreement

SMALL = {"vocabulary_size": 9, "embedding_dim": 4, "lstm_units": 2, "dense_units": 3}
IDS = np.array([[2, 3, 4], [2, 3, 4], [5, 0, 0], [5, 0, 0]])
TARGETS = np.eye(3, dtype=np.float32)[[0, 0, 2, 2]]


def probabilities():
    weights = st.lists(st.floats(1e-3, 1), min_size=3, max_size=3)
    return weights.map(lambda found: np.array(found, np.float32) / np.sum(found))


def compiled(**settings):
    keras.utils.set_random_seed(3)
    config = TrainConfig(**SMALL, **settings)
    model = for_training(build_classifier(config), config)
    model.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy")
    return model


@settings(deadline=None)  # the first example waits for TensorFlow
@given(probabilities(), probabilities())
def test_disagreement_is_the_mean_of_both_divergences(first, second):
    """Liang et al. (2021), equation 2."""
    there, back = (first * np.log(first / second)).sum(), (second * np.log(second / first)).sum()
    found = disagreement(np.stack([first, second, first, first]))
    np.testing.assert_allclose(found, [(there + back) / 2, 0], atol=1e-5)


def test_certain_and_opposite_answers_cost_a_finite_sum():
    found = disagreement(np.array([[1, 0], [0, 1]], np.float32))
    assert np.isfinite(found).all()


def test_readings_that_agree_cost_nothing():
    """Without dropout both answers are one: the loss is that of the rows read once."""
    loss = compiled(dropout=0.0, spatial_dropout=0.0).train_on_batch(IDS, TARGETS)
    plain = compiled(dropout=0.0, spatial_dropout=0.0, r_drop=0.0)
    assert not isinstance(plain, RDropModel)
    assert loss == pytest.approx(plain.train_on_batch(IDS[::2], TARGETS[::2]), abs=1e-6)


@pytest.mark.parametrize("weights", [None, np.array([2, 2, 0, 0], np.float32)])
def test_the_loss_is_the_compiled_one_and_the_weighed_disagreement(weights):
    model = compiled(r_drop=0.7)
    answers = np.array(
        [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1]], np.float32
    )
    plain = model.compute_loss(IDS, TARGETS, answers, weights, training=False)
    counted = np.ones(2) if weights is None else weights[::2]
    apart = 0.7 * np.mean(counted * disagreement(answers).numpy())
    assert apart > 0
    found = model.compute_loss(IDS, TARGETS, answers, weights, training=True)
    assert float(found) == pytest.approx(float(plain) + apart)


def test_an_evaluation_reads_rows_once():
    """Of any number: odd ones, too."""
    model, plain = compiled(), compiled(r_drop=0.0)
    plain.set_weights(model.get_weights())
    found = model.evaluate(IDS[1:], TARGETS[1:], verbose=0)
    assert found == pytest.approx(plain.evaluate(IDS[1:], TARGETS[1:], verbose=0))


def test_its_layers_are_those_of_the_classifier_that_is_saved():
    """What was trained goes into the plain one as it is, in the same order."""
    config = TrainConfig(**SMALL)
    plain = build_classifier(config)
    trained = for_training(plain, config)
    names = [variable.path for variable in plain.variables]
    assert [variable.path for variable in trained.variables] == names
    assert trained.name == plain.name
