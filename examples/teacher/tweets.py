"""Which tweets the scripts here may see, and their words as the graph reads them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_pipeline.config import TrainConfig
from keras_pipeline.csv_errors import CELLS_AS_TEXT
from keras_pipeline.data_source import DataSource, find_corpus, find_source
from keras_pipeline.dataset import read_tweets
from keras_pipeline.expressive_cleaning import ExpressiveTweetCleaner
from keras_pipeline.splits import split
from keras_pipeline.vectorizer import separate_punctuation

CORPUS = "corpus"
_ROWS = 2048


def tweets_outside_the_test(data: str | None, unlabelled: str | None = None) -> list[str]:
    """Raw tweets of every row that is not in the test part, and the unlabelled ones; each once.

    Args:
        data: the labelled table, as `keras_pipeline.train` finds it.
        unlabelled: a CSV with a column `text`; `corpus` for the tweets of the bundled corpus.
    """
    table = read_tweets(find_source(data))
    texts = list(np.delete(table.texts, split(table, TrainConfig()).test))
    if unlabelled == CORPUS:
        texts += list(read_tweets(DataSource(find_corpus(), encoding="latin-1")).texts)
    elif unlabelled:
        texts += list(pd.read_csv(unlabelled, usecols=["text"], **CELLS_AS_TEXT)["text"].dropna())
    return list(dict.fromkeys(texts))


def words_of(texts: Sequence[str]) -> Iterator[list[str]]:
    """Each tweet's words, cleaned and split as the default graph does."""
    cleaner = ExpressiveTweetCleaner()
    for start in range(0, len(texts), _ROWS):
        cleaned = cleaner(tf.constant(texts[start : start + _ROWS]))
        for text in separate_punctuation(cleaned).numpy():
            yield text.decode().split()
