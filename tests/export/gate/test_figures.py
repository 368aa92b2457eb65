"""Figures and their intervals, beside scikit-learn's and beside a bootstrap that really draws rows."""

import numpy as np
import pytest
from sklearn.metrics import classification_report

from export.gate.bootstrap import count, interval, resample
from export.gate.figures import calibration_error, figures
from export.settings import RESAMPLES
from keras_pipeline.report.calibration import expected_calibration_error

NAMES = ("negative", "neutral", "positive")


def answers(rows, accuracy, seed, classes=3):
    """Labels, and answers that are right that often."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, rows)
    wrong = draw.random(rows) > accuracy
    return labels, np.where(wrong, draw.integers(0, classes, rows), labels)


class TestFigures:
    """The same as others count."""

    def test_scikit_learn_counts_the_same(self):
        draw = np.random.default_rng(0)
        labels, probabilities = draw.integers(0, 3, 500), draw.dirichlet(np.ones(3), 500)
        found = figures(labels, probabilities, NAMES)
        report = classification_report(
            labels, probabilities.argmax(axis=1), target_names=NAMES, output_dict=True
        )
        assert found["rows"] == 500
        assert found["accuracy"] == pytest.approx(report["accuracy"])
        assert found["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])
        for name in NAMES:
            for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"), ("rows", "support")):  # fmt: skip
                assert found["per_class"][name][ours] == pytest.approx(report[name][theirs])

    def test_training_counts_calibration_the_same(self):
        draw = np.random.default_rng(0)
        labels, probabilities = draw.integers(0, 3, 500), draw.dirichlet(np.ones(3), 500)
        ours = calibration_error(labels, probabilities)
        assert ours == pytest.approx(expected_calibration_error(labels, probabilities))

    def test_a_class_without_rows_or_answers_counts_as_nothing_right(self):
        found = figures(np.array([0, 0, 1]), np.eye(3)[[0, 0, 0]], NAMES)
        assert found["per_class"]["positive"] == {"precision": 0, "recall": 0, "f1": 0, "rows": 0}
        assert found["macro_f1"] == pytest.approx(0.8 / 3)


class TestResamples:
    """Drawn by counts; it must be what drawing rows gives."""

    def test_intervals_are_those_of_drawn_rows(self):
        """Ends of an interval of 1,000 resamples vary by about a tenth of its width."""
        labels, one = answers(400, 0.7, 1)
        other = np.where(np.random.default_rng(2).random(400) < 0.2, 0, one)
        drawn = [c.macro_f1 for c in resample(labels, [one, other], 3)]
        low, high = interval(drawn[0] - drawn[1])
        random, differences = np.random.default_rng(3), []
        for _ in range(RESAMPLES):
            rows = random.integers(0, 400, 400)
            a, b = count(labels[rows], [one[rows], other[rows]], 3)
            differences.append(a.macro_f1 - b.macro_f1)
        expected_low, expected_high = np.quantile(differences, [0.025, 0.975])
        tenth = (expected_high - expected_low) / 10
        assert low == pytest.approx(expected_low, abs=tenth)
        assert high == pytest.approx(expected_high, abs=tenth)

    def test_the_interval_holds_the_truth_as_often_as_it_says(self):
        """95 of 100 examinations drawn from one population; 3 standard deviations are 6.5."""
        labels, found = answers(200_000, 0.7, 4)
        (truth,) = count(labels, [found], 3)
        random, inside = np.random.default_rng(5), 0
        for _ in range(100):
            rows = random.integers(0, len(labels), 400)
            (drawn,) = resample(labels[rows], [found[rows]], 3)
            low, high = interval(drawn.macro_f1)
            inside += low <= truth.macro_f1 <= high
        assert 88 <= inside <= 100

    def test_it_is_always_the_same(self):
        labels, found = answers(300, 0.7, 1)
        one, other = (resample(labels, [found], 3)[0].macro_f1 for _ in range(2))
        assert (one == other).all()

    def test_equal_answers_differ_in_no_resample(self):
        """Paired: the same rows are drawn for both."""
        labels, found = answers(300, 0.7, 1)
        one, other = resample(labels, [found, found.copy()], 3)
        assert (one.macro_f1 == other.macro_f1).all()

    @pytest.mark.parametrize(("rows", "classes"), [(1_000_000, 3), (20_000, 77)])
    def test_many_rows_and_many_classes_take_seconds(self, rows, classes):
        labels, one = answers(rows, 0.7, 1, classes)
        _, other = answers(rows, 0.7, 2, classes)
        counts = resample(labels, [one, other], classes)
        assert counts[0].macro_f1.shape == (RESAMPLES,)
        assert (counts[0].true.sum(axis=1) == rows).all()
