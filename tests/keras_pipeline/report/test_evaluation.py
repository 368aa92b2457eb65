"""Figures that a reader can check by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, recall_score, top_k_accuracy_score

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.report.evaluation import class_rows, compute_metrics


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


def test_macro_recall_is_scikit_learns(answers):
    labels, probabilities = answers
    expected = recall_score(labels, probabilities.argmax(axis=1), average="macro")
    found = compute_metrics(labels, probabilities, SENTIMENTS)
    assert found["macro_recall"] == pytest.approx(expected)
    assert not {"top_3_accuracy", "average_precision"} & found.keys()


@pytest.mark.parametrize("classes", [6, 20])
def test_from_six_classes_on_three_answers_are_counted(classes):
    draw = np.random.default_rng(2)
    labels = draw.integers(0, classes, 300)
    probabilities = draw.dirichlet(np.ones(classes), 300)
    expected = top_k_accuracy_score(labels, probabilities, k=3, labels=range(classes))
    names = [f"class {number}" for number in range(classes)]
    assert compute_metrics(labels, probabilities, names)["top_3_accuracy"] == pytest.approx(
        expected
    )
    assert "top_3_accuracy" not in compute_metrics(labels % 5, probabilities[:, :5], names[:5])


def test_of_two_classes_each_has_its_average_precision():
    """Which of them is the one that is looked for, only the user knows."""
    draw = np.random.default_rng(3)
    labels = draw.integers(0, 2, 300)
    probabilities = draw.dirichlet([1, 1], 300)
    found = compute_metrics(labels, probabilities, ["hate", "other"])["average_precision"]
    assert found == pytest.approx(
        {
            "hate": average_precision_score(labels == 0, probabilities[:, 0]),
            "other": average_precision_score(labels, probabilities[:, 1]),
        }
    )
    one = compute_metrics(np.zeros(3, int), probabilities[:3], ["hate", "other"])
    assert one["average_precision"] == {"hate": 1.0}


def test_a_class_may_be_called_as_an_average_is():
    metrics = compute_metrics(np.array([0, 1]), np.eye(2), ["macro average", "accuracy"])
    rows = [row[0] for row in class_rows(metrics)]
    assert rows == ["macro average", "accuracy", "macro average", "weighted average"]
