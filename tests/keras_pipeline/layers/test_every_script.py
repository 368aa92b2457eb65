"""With `every_script` both cleaners keep what people write in any script, and still tell nothing else."""

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.tweet_cleaner import TweetCleaner

PAIRS = {
    "Qué CANCIÓN más Ñoña": "qué canción más ñoña",
    "Не Люблю ТЕБЯ!": "не люблю тебя!",
    "मुझे पसंद है": "मुझे पसंद है",
    "مُحَمَّد جميـــل": "محمد جميل",
    "我不喜欢 http://x.co": "我 不 喜 欢 URL",
    "ありがとうカナ": "あ り が と う カ ナ",
    "ดีมาก": "ดี ม า ก",
    "한국어 좋아요": "한국어 좋아요",
    "👍👍🏽 🎸": "👍 👍 🎸",
    "👩\u200d🚀🇩🇪🇫🇷": "👩\u200d🚀 🇩🇪 🇫🇷",
    "so sad 😢 ❤️": "so sad FROWN HEART",
    "i can’t… #Fußball2day": "i cant DOTS fußball2day",
    "motherï¿½s \ufffd": "mothers",
    "€ § — “quoted”": "quoted",
    "": "",
}


def clean(texts, layer=ExpressiveTweetCleaner):
    cleaned = layer(every_script=True)(tf.constant(texts)).numpy()
    return [text.decode() for text in cleaned]


@pytest.mark.parametrize(("raw", "cleaned"), PAIRS.items())
def test_examples(raw, cleaned):
    assert clean([raw]) == [cleaned]


def test_texts_that_ascii_makes_equal_stay_apart():
    """👍👍👍, "не люблю" and the empty text had one answer."""
    assert len(set(clean(["👍👍👍", "не люблю", "我不喜欢", ""]))) == 4
    assert len(set(clean(["👍👍👍", "не люблю", "我不喜欢", ""], TweetCleaner))) == 4


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_letters_and_digits_of_every_script_come_through_and_nothing_else(raw):
    """Letters, marks, numbers, symbols such as emoji, the two joiners, ! and ?."""
    (cleaned,) = clean([raw.encode("utf-8", "replace")])
    allowed = {"L", "M", "N"}
    for character in cleaned:
        kind = unicodedata.category(character)
        assert (
            kind[0] in allowed
            or kind in {"So", "Cn"}  # Cn: newer than Python's tables, or older than RE2's
            or character in "!? \u200c\u200d"
        ), (character, kind)
    assert "  " not in cleaned
    assert cleaned == cleaned.strip(" ")


def test_same_eagerly_in_tf_data_and_in_batches():
    raw, cleaned = list(PAIRS), [text.encode() for text in PAIRS.values()]
    layer, dataset = (
        ExpressiveTweetCleaner(every_script=True),
        tf.data.Dataset.from_tensor_slices(raw),
    )
    assert [layer(tf.constant(text)).numpy() for text in raw] == cleaned
    assert list(dataset.map(layer).as_numpy_iterator()) == cleaned
    assert next(dataset.batch(100).map(layer).as_numpy_iterator()).tolist() == cleaned


@pytest.mark.parametrize("layer", [ExpressiveTweetCleaner, TweetCleaner])
def test_the_choice_survives_saving_and_models_from_before_it_stay_as_they_were(layer):
    config = layer(every_script=True).get_config()
    assert layer.from_config(config).every_script
    del config["every_script"]
    assert not layer.from_config(config).every_script
