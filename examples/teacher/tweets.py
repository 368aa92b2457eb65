"""Which tweets the scripts here may see, and their words as the graph reads them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, find_corpus, find_source
from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.vectorizer import separate_punctuation
from keras_pipeline.table.csv_errors import CELLS_AS_TEXT
from keras_pipeline.table.dataset import measure, read_tweets
from keras_pipeline.table.splits import split

CORPUS = "corpus"
SEED = TrainConfig().seed
_ROWS = 2048


def tweets_outside(
    parts: Sequence[str], data: str | None, unlabelled: str | None = None, seed: int = SEED
) -> list[str]:
    """Raw tweets of the table and the unlabelled ones, each once; none that stands, cleaned, in `parts`.

    Args:
        parts: such as ("validation", "test").
        data: the labelled table, as `keras_pipeline.train` finds it.
        unlabelled: a CSV with a column `text`; `corpus` for the tweets of the bundled corpus.
        seed: of the run that is to be taught; it governs the validation part.
    """
    table = read_tweets(find_source(data))
    splits = split(table, TrainConfig(seed=seed))
    held_out = table.twins[np.concatenate([getattr(splits, part) for part in parts])]
    more = _unlabelled(unlabelled)
    twins = np.concatenate([table.twins, measure(more)[1]])
    texts = np.concatenate([table.texts, more])[~np.isin(twins, held_out)]
    return list(dict.fromkeys(texts))


def _unlabelled(source: str | None) -> np.ndarray[Any, Any]:
    if source is None:
        return np.empty(0, object)
    if source == CORPUS:
        return np.asarray(read_tweets(DataSource(find_corpus(), encoding="latin-1")).texts)
    table = pd.read_csv(source, usecols=["text"], **CELLS_AS_TEXT)
    return table["text"].dropna().to_numpy(object)


def words_of(texts: Sequence[str]) -> Iterator[list[str]]:
    """Each tweet's words, cleaned and split as the default graph does."""
    cleaner = ExpressiveTweetCleaner()
    for start in range(0, len(texts), _ROWS):
        cleaned = cleaner(tf.constant(texts[start : start + _ROWS]))
        for text in separate_punctuation(cleaned).numpy():
            yield text.decode().split()
