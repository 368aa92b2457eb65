"""Tweets without labels: of a CSV, or of the bundled corpus."""

import pandas as pd

from keras_pipeline.data_source import DataSource, find_corpus
from keras_pipeline.dataset import read_tweets

CORPUS = "corpus"


def read_unlabelled(which: str) -> list[str]:
    """Raw tweets of a CSV's column `text`; `corpus` gives those of the bundled corpus."""
    if which == CORPUS:
        return list(read_tweets(DataSource(find_corpus(), encoding="latin-1")).texts)
    return list(pd.read_csv(which, usecols=["text"], dtype=str, keep_default_na=False)["text"])
