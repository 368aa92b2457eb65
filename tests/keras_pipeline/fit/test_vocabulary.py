"""The words that a model knows: which are forgotten, and what that does to the ids."""

import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.fit.words.vocabulary import adapt_vectorizer, forget_rare_words
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer


def ids_of(vectorizer, texts):
    return vectorizer(TweetCleaner()(tf.constant(texts))).values.numpy().astype(np.uint16)


@pytest.mark.parametrize(
    ("keep", "words"),
    [((), ["so", "sad", "!"]), ({"rare", "never"}, ["so", "sad", "!", "rare"])],
    ids=["rare words are unknown", "but for those known from elsewhere"],
)
def test_words_that_come_up_once_are_forgotten(keep, words):
    """The others keep their order; the ids that training learns from are those of the vectorizer."""
    vectorizer, texts = build_vectorizer(), ["so sad so rare", "so sad !", "sad ! once"]
    adapt_vectorizer(vectorizer, TweetCleaner(), np.array(texts, object))
    given = forget_rare_words(vectorizer, ids_of(vectorizer, texts), least_count=2, keep=keep)
    assert vectorizer.get_vocabulary() == ["", "[UNK]", *words]
    assert vectorizer(tf.constant(["once sad never"])).to_list() == [[1, 3, 1]]
    assert given.dtype == np.uint16
    assert given.tolist() == ids_of(vectorizer, texts).tolist()


def test_where_every_word_is_rare_one_is_kept():
    vectorizer, texts = build_vectorizer(), ["a b c"]
    adapt_vectorizer(vectorizer, TweetCleaner(), np.array(texts, object))
    given = forget_rare_words(vectorizer, ids_of(vectorizer, texts), least_count=2)
    assert len(vectorizer.get_vocabulary()) == 3
    assert given.tolist() == ids_of(vectorizer, texts).tolist()


def test_a_least_count_of_one_forgets_nothing():
    """Not even a word that only stands behind the sequence's end, and so has no id."""
    vectorizer, texts = build_vectorizer(sequence_length=1), ["a b"]
    adapt_vectorizer(vectorizer, TweetCleaner(), np.array(texts, object))
    given = forget_rare_words(vectorizer, ids_of(vectorizer, texts), least_count=1)
    assert set(vectorizer.get_vocabulary()[2:]) == {"a", "b"}
    assert given.tolist() == ids_of(vectorizer, texts).tolist()
