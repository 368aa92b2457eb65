"""Confidence that turns out right: the number that is found, and that an answer's order never changes by it."""

import keras
import numpy as np

from keras_pipeline.numeric.temperature import (
    COLDEST,
    LEAST_ROWS,
    calibrate,
    fit_temperature,
    fold_temperature,
)
from keras_pipeline.report.calibration import expected_calibration_error

CLASSES = 3


def answered(rows=4_000, too_sure=3.0):
    """Logits, `too_sure` times what they should be, and labels drawn by what they should be."""
    generator = np.random.default_rng(1)
    honest = generator.normal(size=(rows, CLASSES))
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(CLASSES, p=row) for row in chances])
    return too_sure * honest, labels


def softmax(logits):
    return np.asarray(keras.ops.softmax(logits))


def test_a_model_that_is_too_sure_is_cooled_and_its_calibration_error_falls():
    logits, labels = answered()
    found = calibrate(logits, np.eye(CLASSES)[labels])
    assert abs(found.temperature - 3) < 0.2
    assert found.rows == len(logits)
    assert found.loss < found.loss_before
    before, after = (
        expected_calibration_error(labels, softmax(logits / number))
        for number in (1, found.temperature)
    )
    assert after < 0.03 < before


def test_a_model_that_is_not_sure_enough_is_sharpened():
    logits, labels = answered(too_sure=0.25)
    assert abs(fit_temperature(logits, np.eye(CLASSES)[labels]) - 0.25) < 0.03


def test_few_rows_tell_no_temperature():
    logits, labels = answered(rows=LEAST_ROWS - 1)
    assert calibrate(logits, np.eye(CLASSES)[labels]) is None


def test_a_model_that_is_never_wrong_keeps_finite_weights():
    logits = 5 * np.eye(CLASSES)[[0, 1, 2] * 100]
    assert fit_temperature(logits, logits / 5) >= COLDEST


def test_the_folded_layer_answers_as_the_temperature_says_in_the_same_order():
    layer = keras.layers.Dense(CLASSES, activation="softmax", bias_initializer="random_normal")
    features = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    before = np.asarray(layer(features))
    fold_temperature(layer, 2.5)
    after = np.asarray(layer(features))
    np.testing.assert_allclose(after, softmax(np.log(before) / 2.5), atol=1e-6)
    np.testing.assert_array_equal(after.argsort(axis=1), before.argsort(axis=1))
