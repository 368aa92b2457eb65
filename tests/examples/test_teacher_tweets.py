"""examples/teacher/tweets.py: what a teacher may be asked, and what it may never see."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import find_source
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split

_SPEC = importlib.util.spec_from_file_location(
    "teacher_tweets", Path(__file__).parents[2] / "examples/teacher/tweets.py"
)
tweets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tweets)


@pytest.fixture
def table(sample_csv):
    return read_tweets(find_source(sample_csv))


def test_no_tweet_of_a_held_out_part_is_given_however_it_is_spelled(table, sample_csv, tmp_path):
    """An unlabelled tweet that reads, once cleaned, like one of the test part is left out, too."""
    parts = split(table, TrainConfig())
    spelled_otherwise = "@someone " + table.texts[parts.test[0]].upper()
    more = tmp_path / "more.csv"
    pd.DataFrame({"text": [spelled_otherwise, "a tweet of its own", "null"]}).to_csv(more)
    found = tweets.tweets_outside(("test",), sample_csv, more)
    assert not {spelled_otherwise, *table.texts[parts.test]} & set(found)
    assert {"a tweet of its own", "null", *table.texts[parts.train]} <= set(found)


def test_the_validation_part_is_that_of_the_run_to_be_taught(table, sample_csv):
    for seed in (42, 43):
        validation = table.texts[split(table, TrainConfig(seed=seed)).validation]
        found = tweets.tweets_outside(("validation", "test"), sample_csv, seed=seed)
        assert not set(validation) & set(found)
