"""Pairs of neighbouring words: which get a bucket, and that they are found again."""

import itertools

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_pipeline.fit.batches import TokenRows
from keras_pipeline.fit.words.word_pairs import WordPairs

WORDS = 30
TEXTS = st.lists(st.lists(st.integers(1, WORDS - 1), max_size=8), min_size=1, max_size=30)


def token_rows(ids, classes=3):
    ids = tf.ragged.constant(ids, dtype=tf.int64, ragged_rank=1)
    return TokenRows(ids, tf.one_hot([0] * ids.nrows(), classes), tf.ones(ids.nrows()))


@given(TEXTS)
def test_what_is_counted_is_what_stands_there(texts):
    """Each pair that has a bucket is counted as often as it stands in a text; the others are not there."""
    rows = token_rows(texts)
    pairs = WordPairs.of(rows, WORDS)
    counts = pairs.counts(rows).toarray()
    for number, text in enumerate(texts):
        keys = [first * WORDS + second for first, second in itertools.pairwise(text)]
        for bucket, key in enumerate(pairs.keys):
            assert counts[number, bucket] == (keys.count(key) if key else 0)


@given(TEXTS)
def test_pairs_of_two_texts_and_of_known_words_alone(texts):
    pairs = WordPairs.of(token_rows(texts), WORDS)
    texts_with = [set(itertools.pairwise(text)) for text in texts]
    for key in pairs.keys[pairs.keys > 0]:
        pair = divmod(int(key), WORDS)
        assert min(pair) > 1
        assert sum(pair in one for one in texts_with) >= 2
    assert pairs.keys[0] == 0


def test_the_more_frequent_pair_keeps_the_bucket():
    """With two pairs there are seven buckets: 2 4 and 2 11, seven further, want the same one."""
    often, seldom = [[2, 11]] * 9, [[2, 4]] * 2
    keys = WordPairs.of(token_rows(seldom + often), WORDS).keys
    assert keys[keys > 0].tolist() == [2 * WORDS + 11]


def test_texts_of_one_word_have_none():
    assert not WordPairs.of(token_rows([[2], [3], []]), WORDS).keys.any()


def test_rows_stand_apart():
    """The last word of a text and the first of the next are no neighbours."""
    assert not np.any(WordPairs.of(token_rows([[2], [3]] * 5), WORDS).keys)
