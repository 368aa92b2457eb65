"""What several tests of the gate compare on."""

import pytest
from changed_models import scaled

from export.gate.quality import TestSplit
from keras_pipeline.run_folder import RunFolder
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split


@pytest.fixture(scope="session")
def test_split(tiny_run):
    """The test part of the tiny run."""
    run = RunFolder(tiny_run)
    tweets = read_tweets(run.source())
    rows = split(tweets, run.config()).test
    return TestSplit(tweets.texts[rows], tweets.labels[rows])


@pytest.fixture(scope="session")
def lively_model(tiny_model):
    """The tiny model, its answers far enough apart for the rounding of its weights to show."""
    return scaled(tiny_model, 3)
