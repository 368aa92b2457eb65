"""Words to ids: punctuation is kept, no tweet is empty, long ones are cut."""

import keras
import pytest
import tensorflow as tf

from keras_pipeline import TweetCleaner
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.layers.vectorizer import build_vectorizer


@pytest.fixture
def vectorizer():
    layer = build_vectorizer(vocabulary_size=50, sequence_length=5)
    adapt_vectorizer(layer, TweetCleaner(), ["So SAD!!", "so happy? http://x.co", "sad sad day"])
    return layer


def tokens(vectorizer, text):
    words = vectorizer.get_vocabulary()
    return [words[i] for i in vectorizer(tf.constant([text])).to_list()[0]]


def test_vocabulary_is_of_cleaned_words(vectorizer):
    """Padding and unknown first, then by frequency."""
    assert vectorizer.get_vocabulary()[:3] == ["", "[UNK]", "sad"]
    assert set(vectorizer.get_vocabulary()[3:]) == {"!", "?", "so", "happy", "day"}


def test_each_mark_is_a_token(vectorizer):
    assert tokens(vectorizer, "sad!!?") == ["sad", "!", "!", "?"]


def test_the_notebook_lost_them():
    layer = build_vectorizer(vocabulary_size=50, punctuation_tokens=False)
    adapt_vectorizer(layer, TweetCleaner(), ["so sad!!", "sad?no"])
    assert tokens(layer, "sad!!?no") == ["sad", "no"]


@pytest.mark.parametrize("text", ["", " ", "zzz"])
def test_every_tweet_has_a_token(vectorizer, text):
    """A row without one would be refused by cuDNN."""
    assert vectorizer(tf.constant([text])).to_list() == [[1]]


def test_long_tweets_are_cut(vectorizer):
    assert len(tokens(vectorizer, "so " * 99)) == 5


def test_same_eagerly_and_in_tf_data(vectorizer):
    texts = ["so sad!!", "", "a very long tweet about nothing at all"]
    eager = vectorizer(tf.constant(texts)).to_list()
    dataset = tf.data.Dataset.from_tensor_slices(texts)
    assert next(iter(dataset.batch(3).map(vectorizer))).to_list() == eager
    one_by_one = dataset.map(lambda text: vectorizer(text[tf.newaxis]))
    assert [row.to_list()[0] for row in one_by_one] == eager


def test_survives_its_config(vectorizer):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(vectorizer))
    copy.set_vocabulary(vectorizer.get_vocabulary())
    text = tf.constant(["so sad!!"])
    assert copy(text).to_list() == vectorizer(text).to_list()
