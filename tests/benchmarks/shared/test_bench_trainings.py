"""What is counted of a training: the seconds that "three times faster" stands on."""

import dataclasses
from math import inf

import pytest

from benchmarks.shared.trainings import Training


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
