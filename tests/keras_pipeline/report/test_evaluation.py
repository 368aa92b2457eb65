"""Figures that a reader can check by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.report.evaluation import compute_metrics


@pytest.fixture(scope="module")
def answers():
    generator = np.random.default_rng(1)
    return generator.integers(0, 3, 500), generator.dirichlet([1, 1, 1], 500).astype(np.float32)


def test_figures_by_hand():
    """Four tweets, one neutral taken for positive."""
    metrics = compute_metrics(np.array([0, 1, 1, 2]), np.eye(3)[[0, 1, 2, 2]], SENTIMENTS)
    assert metrics["accuracy"] == 0.75
    assert metrics["confusion_matrix"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert metrics["per_class"]["neutral"] == pytest.approx(
        {"precision": 1, "recall": 0.5, "f1": 2 / 3, "rows": 2}
    )
    assert metrics["macro_f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert metrics["weighted_average"]["f1"] == pytest.approx((1 + 2 * 2 / 3 + 2 / 3) / 4)


def test_macro_f1_is_scikit_learns(answers):
    labels, probabilities = answers
    expected = f1_score(labels, probabilities.argmax(axis=1), average="macro")
    assert compute_metrics(labels, probabilities, SENTIMENTS)["macro_f1"] == pytest.approx(expected)


def test_a_class_that_never_occurs_is_no_error():
    metrics = compute_metrics(np.array([0, 0]), np.eye(3)[[0, 1]], SENTIMENTS)
    assert metrics["per_class"]["positive"]["rows"] == 0


def test_calibration_error_of_one_who_knows_and_one_who_boasts():
    labels = np.array([0] * 8 + [1] * 2)
    knows = np.tile([0.8, 0.1, 0.1], (10, 1))
    boasts = np.tile([1.0, 0.0, 0.0], (10, 1))
    assert expected_calibration_error(labels, knows) == pytest.approx(0)
    assert expected_calibration_error(labels, boasts) == pytest.approx(0.2)
