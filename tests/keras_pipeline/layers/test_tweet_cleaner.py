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
    "thanks@anna! bye@bob?!": "thanks ! bye ?!",
    "!@a!b!": "! !b!",
    "@http://t.co/x y": "y",
    "a@b@c?http http://": "a ?http",
    "a@b@c?http://t.co": "a ?",
    "": "",
    "   ": "",
}


def notebook_clean(text: str) -> str:
    """The notebook's five lines, in Python's own regexes: what the layer has to equal."""
    text = re.sub(r"http\S+", " ", text)
    text = re.sub(r"@[A-Za-z0-9_]+", " ", text)
    text = re.sub(r"[^a-zA-Z\s!?]", " ", text)
    text = text.lower()
    return re.sub(r"\s+", " ", text).strip()


def clean(texts: list[str]) -> list[str]:
    return [text.decode() for text in TweetCleaner()(tf.constant(texts)).numpy()]


@pytest.mark.parametrize(("raw", "cleaned"), PAIRS.items())
def test_examples(raw, cleaned):
    assert clean([raw]) == [cleaned] == [notebook_clean(raw)]


CONTEXTS = ("A{c}b", "x http{c}y{c}z", "{c}@a{c}b{c}", "ht{c}tp://q {c}!?{c}")
"""Where a character may join or part words, end a link or a mention, or break a prefix."""

POINTS = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
"""All 1,112,064 Unicode scalar values: what a UTF-8 text can hold."""


def different(context: str, points: list[str]) -> list[str]:
    """The code points that, put into the context, are cleaned otherwise than in the notebook."""
    texts = [context.format(c=point) for point in points]
    expected = np.array([notebook_clean(text).encode() for text in texts], dtype=object)
    wrong = np.flatnonzero(TweetCleaner()(tf.constant(texts)).numpy() != expected)
    return [f"U+{ord(points[index]):04X}" for index in wrong]


@pytest.mark.parametrize("context", CONTEXTS)
def test_first_and_every_97th_code_point_as_in_python(context):
    """The fast sample: all up to U+33FF, where every whitespace is, then strides over the rest."""
    assert not different(context, POINTS[:0x3400] + POINTS[0x3400::97])


@pytest.mark.slow
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_code_point_as_in_python(context):
    assert len(POINTS) == 1_112_064
    assert not different(context, POINTS)


def test_the_sample_holds_all_of_pythons_whitespace():
    r"""What `\s` matches is what `strip` strips: 29 characters, the last of them U+3000."""
    stripped = {point for point in POINTS if not point.strip()}
    assert set(re.findall(r"\s", "".join(POINTS))) == stripped
    assert (len(stripped), max(stripped)) == (29, "\u3000")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=20))
def test_any_text_as_in_python(texts):
    assert clean(texts) == [notebook_clean(text) for text in texts]


tweetish = st.lists(
    st.sampled_from(
        ["http", "https://", "ht", "tp", "@", "@a", "_", "A", "z", "9", "!", "?", " ", "\t", "\u00a0",
         "\u0085", "\x0b", "\x1c", "\u2028", "\ufeff", "\u200b", "\u0130", "\u212a", "\x00",
         "\U0001f600", "\u0301", "\n", "."]
    ),
    min_size=8,
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(tweetish, min_size=5, max_size=20))
def test_what_rules_are_about_as_in_python(texts):
    """Dense in prefixes, mentions and all kinds of whitespace, which plain random text seldom has."""
    assert clean(texts) == [notebook_clean(text) for text in texts]


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


def test_ragged_rows_keep_their_lengths():
    """Eagerly and in tf.data, where `ragged_batch` makes them of rows of any length."""
    raw, cleaned = list(PAIRS), [text.encode() for text in PAIRS.values()]
    layer, rows = TweetCleaner(), tf.ragged.constant([raw[:3], [], raw[3:]])
    expected = [cleaned[:3], [], cleaned[3:]]
    assert layer(rows).to_list() == expected
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    assert [layer(row).numpy().tolist() for row in dataset] == expected
    assert next(iter(dataset.ragged_batch(3).map(layer))).to_list() == expected


def test_survives_its_config():
    layer = TweetCleaner(name="clean")
    assert TweetCleaner.from_config(layer.get_config()).name == "clean"
