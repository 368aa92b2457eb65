"""ExpressiveTweetCleaner keeps what people express beside their words, and lets nothing else through."""

import re

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner

PAIRS = {
    "loooove it": "loove it",
    "aaaand zzzzz mm": "aand zz mm",
    "Good :) :-D =] (: xD XDD \U0001f60a\U0001f602": "good" + 7 * " SMILE",
    "bad :( :'( :-/ ): \U0001f622": "bad" + 5 * " FROWN",
    "<3 <333 \u2764\ufe0f \U0001f495": "HEART HEART HEART HEART",
    ":p =P pop": "TONGUE TONGUE pop",
    "what the f*** ****ing": "what the CENSORED CENSORED",
    "I can`t, can't, can\u2019t mother\u00ef\u00bf\u00bds": "i cant cant cant mothers",
    "wait.. what... \u2026": "wait DOTS what DOTS DOTS",
    "see https://x.co/:)b or www.y.org now": "see URL or URL now",
    "@anna_1 you ROCK 2day!?": "you rock 2day!?",
    "SMILE URL": "smile url",
    "ratio 8:30 a:b": "ratio 8 30 a b",
    "caf\u00e9 \u4f60\u597d ok": "caf ok",
    "a\t\n\u2028  b": "a b",
    "": "",
    " . ": "",
}
TOKENS = "URL|HEART|SMILE|FROWN|TONGUE|CENSORED|DOTS"


def clean(texts):
    return ExpressiveTweetCleaner()(tf.constant(texts)).numpy().tolist()


@pytest.mark.parametrize(("raw", "cleaned"), PAIRS.items())
def test_examples(raw, cleaned):
    assert clean([raw]) == [cleaned.encode()]


def test_every_letter_is_shortened_alike():
    """RE2 has no back reference: the letters are spread over several patterns, none forgotten."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert clean([f"{letter * 5}!" for letter in letters]) == [
        f"{letter * 2}!".encode() for letter in letters
    ]


tweetish = st.lists(
    st.sampled_from(
        [":", ";", "=", ")", "(", "-", "'", "d", "x", "p", "<", "3", "*", "**", ".", "..", "http://", "www.", "@", "aaa",
         "T", "!", "?", " ", "\u00a0", "\ufffd", "\u2019", "\u2764", "\U0001f602", "\U0001f622", "\x00", "\u0130"]
    )
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.one_of(tweetish.map(str.encode), st.text().map(str.encode), st.binary()))
def test_only_words_marks_and_known_tokens_come_out(raw):
    """Whatever comes in, bytes that are no UTF-8 among it; upper case is for tokens alone."""
    (cleaned,) = clean([raw])
    word = rf"(?:[a-z0-9!?]|{TOKENS})+"
    assert re.fullmatch(rf"(?:{word}(?: {word})*)?".encode(), cleaned), cleaned
    assert not re.search(rb"([a-z])\1\1", cleaned)


def test_same_eagerly_in_tf_data_and_in_any_shape():
    raw, cleaned = list(PAIRS), [text.encode() for text in PAIRS.values()]
    layer, dataset = ExpressiveTweetCleaner(), tf.data.Dataset.from_tensor_slices(raw)
    assert [layer(tf.constant(text)).numpy() for text in raw] == cleaned
    assert list(dataset.map(layer).as_numpy_iterator()) == cleaned
    assert next(dataset.batch(100).map(layer).as_numpy_iterator()).tolist() == cleaned
    assert layer(tf.constant([raw, raw])).numpy().tolist() == [cleaned, cleaned]


def test_survives_its_config():
    layer = ExpressiveTweetCleaner(name="clean")
    assert ExpressiveTweetCleaner.from_config(layer.get_config()).name == "clean"
