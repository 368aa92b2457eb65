"""The peers do what the notebook and the libraries do, or the comparison would be with a straw man."""

import dataclasses
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.peers import fast_text, notebook, static_vectors
from benchmarks.peers.cleaning import clean
from benchmarks.peers.notebook import Notebook
from benchmarks.peers.tfidf import Tfidf
from benchmarks.shared.bench import missing_contenders
from benchmarks.shared.results import FASTTEXT, MODEL2VEC
from keras_pipeline.config import TrainConfig
from keras_pipeline.layers.tweet_cleaner import TweetCleaner

TEXTS = ["so sad today", "what a lovely day", "the bus is late", "I love this", "I hate this", "ok"]
LABELS = np.array([0, 2, 1, 2, 0, 1])


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Look http://x.co !!", "look !!"),
        ("https and more", "and more"),
        ("http://a\u00a0b", "b"),
        ("@anna_9 you rock", "you rock"),
        ("me@home", "me"),
        ("@4nn4x rocks", "rocks"),
        ("I`m 2 COOL", "i m cool"),
        ("caf\u00e9 na\u00efve", "caf na ve"),
        (" a \t\u2003 b\n", "a b"),
        ("why?!", "why?!"),
        ("!@a!b!", "! !b!"),
        ("thanks@anna!", "thanks !"),
        ("", ""),
    ],
)
def test_cleaning_is_the_notebooks_definition(raw, cleaned):
    assert clean(raw) == cleaned


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20))
def test_cleaning_is_the_graphs_cleaning(texts):
    """Two writings of one definition: Python's, and the layer that claims to equal it."""
    in_graph = [text.decode() for text in TweetCleaner()(tf.constant(texts)).numpy()]
    assert [clean(text) for text in texts] == in_graph


def test_the_network_has_the_notebooks_sizes():
    """The peer keeps its own numbers; `--preset notebook` stays what it is."""
    preset = dataclasses.asdict(TrainConfig.preset("notebook"))
    own = {
        "vocabulary_size": notebook.VOCABULARY_SIZE,
        "sequence_length": notebook.SEQUENCE_LENGTH,
        "embedding_dim": notebook.EMBEDDING_DIM,
        "spatial_dropout": notebook.SPATIAL_DROPOUT,
        "lstm_units": notebook.LSTM_UNITS,
        "dense_units": notebook.DENSE_UNITS,
        "dropout": notebook.DROPOUT,
        "learning_rate": notebook.LEARNING_RATE,
        "batch_size": notebook.BATCH_SIZE,
        "epochs": notebook.EPOCHS,
        "patience": notebook.PATIENCE,
    }
    assert {name: preset[name] for name in own} == own


@pytest.fixture(scope="module")
def untrained():
    return Notebook.untrained(TEXTS)


def test_the_notebook_pads_to_forty_at_the_right_and_loses_punctuation(untrained):
    short, unknown, long = untrained.token_ids(["love !!", "zebra", "day " * 50])
    index = untrained.tokenizer.word_index
    assert short.tolist() == [index["love"]] + [0] * 39
    assert unknown[0] == index[notebook.UNKNOWN_WORD] == 1
    assert long.tolist() == [index["day"]] * 40


def test_the_notebook_does_not_mask_its_padding(untrained):
    """A mask would make it faster and better than the notebook was."""
    assert not untrained.network.layers[0].mask_zero


def test_the_compiled_notebook_is_the_same_function(untrained):
    np.testing.assert_allclose(
        untrained.predict_compiled(TEXTS), untrained.predict(TEXTS), atol=1e-6
    )


def test_a_saved_notebook_answers_as_before(untrained, tmp_path):
    untrained.save(tmp_path)
    np.testing.assert_array_equal(Notebook.load(tmp_path).predict(TEXTS), untrained.predict(TEXTS))


@pytest.mark.slow
def test_the_notebook_trains_and_tells_every_epoch():
    small = Notebook.untrained(TEXTS)
    before = small.predict(TEXTS)
    data = (np.array(TEXTS), LABELS)
    history = notebook.train(small, data, data, {0: 1.0, 1: 1.0, 2: 1.0}, epochs=2)
    assert [epoch["epoch"] for epoch in history] == [1, 2]
    assert all(epoch["seconds"] > 0 and epoch["val_loss"] > 0 for epoch in history)
    assert np.abs(small.predict(TEXTS) - before).max() > 1e-4


def test_tfidf_gives_probabilities_in_the_order_of_the_labels():
    texts, labels = np.array(TEXTS * 3, dtype=object), np.tile(LABELS, 3)
    probabilities = Tfidf().fit(texts, labels).predict(TEXTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities.argmax(axis=1).tolist() == LABELS.tolist()


def test_a_missing_fast_text_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "fasttext", None)  # as if the wheel were not there
    assert not fast_text.is_installed()
    (told,) = missing_contenders({MODEL2VEC: len}, "one tweet, p50", "ms")
    assert (told.who, told.value, told.note) == (FASTTEXT, None, fast_text.NOT_INSTALLED)


@pytest.mark.skipif(not fast_text.is_installed(), reason=fast_text.NOT_INSTALLED)
def test_fast_text_gives_probabilities_in_the_order_of_the_labels():
    texts, labels = np.array(TEXTS * 400, dtype=object), np.tile(LABELS, 400)
    peer = fast_text.FastText.train(texts, labels, seed=1)
    probabilities = peer.predict([*TEXTS, "", "line\nbreak"])
    assert probabilities.shape == (8, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-3)
    assert probabilities[:6].argmax(axis=1).tolist() == LABELS.tolist()
    again = fast_text.FastText.train(texts, labels, seed=1).predict(TEXTS)
    np.testing.assert_array_equal(again, probabilities[:6])


def test_model2vec_gives_probabilities_in_the_order_of_the_labels():
    if (
        not static_vectors.is_installed()
    ):  # asked here: a checksum of 90 MB is no part of collection
        pytest.skip(static_vectors.NOT_INSTALLED)
    peer = static_vectors.Model2Vec().fit(np.array(TEXTS, dtype=object), LABELS)
    probabilities = peer.predict([*TEXTS, ""])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities[:6].argmax(axis=1).tolist() == LABELS.tolist()
