"""What is counted of a training: the seconds that "three times faster" stands on, and the loss."""

import dataclasses
from math import inf

import numpy as np
import pytest
from sklearn import metrics

from benchmarks.shared.trainings import Training, log_loss


def training(losses):
    """A training whose epochs took 10, 11, 12 ... seconds."""
    history = [{"seconds": 10.0 + n, "val_loss": loss} for n, loss in enumerate(losses)]
    fields = {field.name: None for field in dataclasses.fields(Training)}
    return Training(**{**fields, "history": history})


def test_seconds_to_the_best_epoch_end_with_it():
    assert training([0.9, 0.7, 0.8, 0.75]).seconds_to_best == 21.0


@pytest.mark.parametrize(("loss", "seconds"), [(1.0, 10.0), (0.8, 21.0), (0.7, 21.0), (0.6, inf)])
def test_seconds_until_another_runs_loss_end_with_the_first_epoch_as_good(loss, seconds):
    """How "three times faster to an equal or better model" is counted."""
    assert training([0.9, 0.7, 0.8, 0.75]).seconds_until(loss) == seconds


def test_log_loss_is_scikit_learns():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]], np.float32)
    expected = metrics.log_loss([0, 2, 0], probabilities, labels=[0, 1, 2])
    assert log_loss(np.array([0, 2, 0]), probabilities) == pytest.approx(expected, rel=1e-5)
    assert log_loss(np.array([0]), np.array([[0.0, 1.0, 0.0]])) < 20  # never infinite
