"""What `explain` tells of a word is what leaving it out of the text does to the Keras model's answer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_classifiers import WORDS, build_classifier

from export.gate.answer_checks import NASTY
from export.gate.explanation_check import explained
from export.graph import explaining
from export.graph.saved_model import ServingModule, write_saved_model
from export.graph.serving_graph import can_explain
from export.settings import GRAPHS
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel

SOME_GRAPHS = [GRAPHS[0], *(pytest.param(graph, marks=pytest.mark.slow) for graph in GRAPHS[1:])]
WORD_LIST = [
    "so",
    "sad",
    "today",
    "i",
    "love",
    "my",
    "new",
    "boss",
    "but",
    "the",
    "bus",
    "was",
    "late",
    "again",
]
DRAW = np.random.default_rng(3)
TEXTS = [" ".join(DRAW.choice(WORD_LIST, size)) for size in (1, 2, 3, 5, 8, 13, 21, 39, 40)]
TEXTS += ["so unheard of", "unheard", "sad sad sad"]


def model_of(*, padded_length=None, **kinds):
    cleaner, vectorizer = TweetCleaner(), build_vectorizer(vocabulary_size=WORDS)
    adapt_vectorizer(vectorizer, cleaner, WORD_LIST)
    return SentimentModel(cleaner, vectorizer, build_classifier(**kinds), padded_length)


@pytest.fixture(
    scope="module",
    params=[
        {"pooled": True, "scored": True},
        {"masked": False, "padded_length": 40},
        {"padded_length": 7},
    ],
    ids=["default", "notebook", "short"],
)
def model(request):
    return model_of(**request.param)


def explain(model, texts, graph="auto"):
    module = ServingModule(model, graph)
    found = module.explain(tf.constant(texts, tf.string))
    return {name: value.numpy() for name, value in found.items()}


def without_each_word(text):
    words = text.split()
    return [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]


@pytest.mark.parametrize("graph", SOME_GRAPHS)
def test_an_effect_is_what_leaving_the_word_out_of_the_text_does(graph):
    """By the text itself, which no code of the graph has split."""
    model = model_of(pooled=True, scored=True)
    found = explain(model, TEXTS, graph)
    np.testing.assert_allclose(found["probabilities"], model.predict(TEXTS), atol=1e-5)
    for row, text in enumerate(TEXTS):
        words = text.split()
        expected = model.predict([text]) - model.predict(without_each_word(text))
        np.testing.assert_allclose(found["effects"][row, : len(words)], expected, atol=1e-5)
        assert not found["effects"][row, len(words) :].any()
        padding = [b""] * (40 - len(words))
        assert found["tokens"][row].tolist() == [*(word.encode() for word in words), *padding]
        known = [word in WORD_LIST for word in words]
        assert found["known"][row].tolist() == [*known, *(False for _ in padding)]


@pytest.mark.parametrize("graph", SOME_GRAPHS)
def test_it_agrees_with_the_gates_reference(model, graph):
    """Of texts that no tweet looks like, too: each one's first 40 tokens, or as many as the model reads."""
    reference = explained(model, [*NASTY, *TEXTS], 1e-5, count=99)
    assert reference.compare(explain(model, list(reference.texts), graph)) <= 1e-5


def test_an_empty_text_has_no_words(model):
    """What stands in for one in front of the classifier is no word of the text."""
    found = explain(model, ["", " ", "@someone"])
    assert not found["effects"].any()
    assert set(found["tokens"].flatten()) == {b""}
    assert not found["known"].any()
    np.testing.assert_allclose(found["probabilities"], model.predict([""] * 3), atol=1e-6)


def test_no_texts_have_no_rows(model):
    found = explain(model, [])
    time = model.padded_length or 1
    assert {name: value.shape for name, value in found.items()} == {
        "tokens": (0, time),
        "known": (0, time),
        "effects": (0, time, 3),
        "probabilities": (0, 3),
    }


def test_neighbours_and_groups_change_nothing(monkeypatch):
    """Rows go through the classifier in groups, which begin and end anywhere in a text."""
    model = model_of(pooled=True, scored=True)
    whole = explain(model, TEXTS)
    monkeypatch.setattr(explaining, "ROWS_AT_ONCE", 7)
    for name, value in explain(model, TEXTS).items():
        if value.dtype == np.float32:
            np.testing.assert_allclose(value, whole[name], atol=1e-6, err_msg=name)
        else:
            assert value.tolist() == whole[name].tolist(), name
    alone = explain(model, [TEXTS[3]])
    np.testing.assert_allclose(alone["effects"][0], whole["effects"][3, :5], atol=1e-6)


def test_512_texts_of_40_words_are_answered():
    """Twenty thousand rows, forty groups."""
    found = explain(model_of(pooled=True, scored=True), [TEXTS[8]] * 512)
    assert found["effects"].shape == (512, 40, 3)
    assert np.ptp(found["effects"], axis=0).max() < 1e-6
    np.testing.assert_allclose(found["effects"].sum(axis=2), 0, atol=1e-6)


def test_tokens_that_cannot_be_told_as_text_are_not_explained(tmp_path):
    """Characters are no words; the plain Keras graph serves such a model, without this signature."""
    vectorizer = keras.layers.TextVectorization(split="character", ragged=True)
    vectorizer.adapt(WORD_LIST)
    model = SentimentModel(TweetCleaner(), vectorizer, build_classifier())
    assert not can_explain(model)
    write_saved_model(model, tmp_path / "keras", "keras")
    assert "explain" not in tf.saved_model.load(str(tmp_path / "keras")).signatures
