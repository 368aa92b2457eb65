"""TweetCleaner means exactly what the notebook's Python regexes meant, for every string there is."""

import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline import TweetCleaner

PAIRS = {
    "Look at http://t.co/x?y=1 now": "look at now",
    "@anna_1 you ROCK": "you rock",
    "I`m 2 cool 4 this!?": "i m cool this!?",
    "a\t\n  b": "a b",
    "caf\u00e9 \u4f60\u597d \U0001f600 ok": "caf ok",
    "HTTP stays, https://goes": "http stays",
    "mail me@home.org": "mail me org",
    "": "",
    "   ": "",
}


def notebook_clean(text: str) -> str:
    """The notebook's cleaning in Python's own regexes: what the layer has to match."""
    text = re.sub(r"http\S+", "", text)
    text = re.sub(r"@[A-Za-z0-9_]+", "", text)
    text = re.sub(r"[^A-Za-z\s!?]", " ", text)
    return re.sub(r"\s+", " ", text.lower()).strip()


def clean(texts: list[str]) -> list[str]:
    return [text.decode() for text in TweetCleaner()(tf.constant(texts)).numpy()]


@pytest.mark.parametrize(("raw", "cleaned"), PAIRS.items())
def test_examples(raw, cleaned):
    assert clean([raw]) == [cleaned] == [notebook_clean(raw)]


@pytest.mark.parametrize(
    "context",
    [
        "a{0}B http{0}x y",
        pytest.param("{0}", marks=pytest.mark.slow),
        pytest.param("@me{0}x {0}{0} http{0}", marks=pytest.mark.slow),
    ],
)
def test_every_code_point_as_in_python(context):
    """All 1,112,064 Unicode scalar values, in contexts where each rule would notice them."""
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    assert len(points) == 1_112_064
    texts = [context.format(point) for point in points]
    expected = np.array([notebook_clean(text).encode() for text in texts], dtype=object)
    wrong = np.flatnonzero(TweetCleaner()(tf.constant(texts)).numpy() != expected)
    assert not len(wrong), [f"U+{ord(points[i]):04X}" for i in wrong[:30]]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=20))
def test_any_text_as_in_python(texts):
    assert clean(texts) == [notebook_clean(text) for text in texts]


tweetish = st.lists(
    st.sampled_from(
        ["http", "https://", "@", "_", "A", "z", "9", "!", "?", " ", "\u00a0", "\u0085", "\x0b", "\x1c",
         "\u2028", "\ufeff", "\u200b", "\u0130", "\u212a", "\x00", "\U0001f600", "\u0301", "\n", "."]
    )
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(tweetish)
def test_what_rules_are_about_as_in_python(text):
    """Dense in prefixes, mentions and all kinds of whitespace, which plain random text seldom has."""
    assert clean([text]) == [notebook_clean(text)]


@settings(max_examples=300, deadline=None)
@given(st.binary())
def test_bytes_that_are_no_utf8_neither_raise_nor_pass(raw):
    """Whatever comes in, only lower-case ASCII letters, `!`, `?` and single spaces come out."""
    cleaned = TweetCleaner()(tf.constant([raw])).numpy()[0]
    assert re.fullmatch(rb"([a-z!?]+( [a-z!?]+)*)?", cleaned), cleaned


def test_same_eagerly_in_tf_data_and_in_any_shape():
    raw, cleaned = list(PAIRS), [text.encode() for text in PAIRS.values()]
    layer, dataset = TweetCleaner(), tf.data.Dataset.from_tensor_slices(raw)
    assert [layer(tf.constant(text)).numpy() for text in raw] == cleaned
    assert list(dataset.map(layer).as_numpy_iterator()) == cleaned
    assert next(dataset.batch(100).map(layer).as_numpy_iterator()).tolist() == cleaned
    assert layer(tf.constant([raw, raw])).numpy().tolist() == [cleaned, cleaned]


def test_survives_its_config():
    layer = TweetCleaner(name="clean")
    assert TweetCleaner.from_config(layer.get_config()).name == "clean"
