"""examples/teacher/tweets.py: what a teacher may be asked, and what it may never see."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import find_source
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split

_SPEC = importlib.util.spec_from_file_location(
    "teacher_tweets", Path(__file__).parents[2] / "examples/teacher/tweets.py"
)
tweets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tweets)


@given(st.lists(st.text(min_size=1, max_size=40), max_size=5), st.integers(1, 3))
def test_phrases_are_runs_of_words_of_longer_tweets(texts, each):
    """Three words at least and never the whole tweet; the same ones every time."""
    phrases = tweets.phrases_of(texts, each)
    long_enough = [text.split() for text in texts if len(text.split()) > tweets.PHRASE_WORDS]
    runs = {
        " ".join(words[start:end])
        for words in long_enough
        for start in range(len(words))
        for end in range(start + 3, len(words) + 1)
        if end - start < len(words)
    }
    assert set(phrases) <= runs
    assert bool(phrases) == bool(long_enough)
    assert len(phrases) == len(set(phrases)) <= each * len(long_enough)
    assert phrases == tweets.phrases_of(texts, each)


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
