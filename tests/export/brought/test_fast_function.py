"""Models of the known shapes by the fast ops: the same answers as Keras's at every batch size, and none of other shapes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from zoo import LENGTH, text_input, vectorizer

from export.brought.brought_model import bring

pytestmark = pytest.mark.slow

layers = keras.layers
WORDS = [f"word{n}" for n in range(60)]
POOLINGS = {"last": None, "max": layers.GlobalMaxPooling1D, "mean": layers.GlobalAveragePooling1D}
RECURRENT = {"LSTM": layers.LSTM, "GRU": layers.GRU}


def texts(rows, seed):
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(0, LENGTH + 3))) for _ in range(rows)]


def model_of(layer, pooling, *, both, masked=True, length=LENGTH):
    """Weights large enough for each of them to show."""
    recurrent = RECURRENT[layer](5, return_sequences=pooling != "last")
    text = text_input()
    x = vectorizer(WORDS, output_sequence_length=length)(text)
    x = layers.Embedding(200, 6, mask_zero=masked)(x)
    x = layers.Bidirectional(recurrent)(x) if both else recurrent(x)
    x = POOLINGS[pooling]()(x) if POOLINGS[pooling] else x
    model = keras.Model(text, layers.Dense(3, activation="softmax")(layers.BatchNormalization()(x)))
    draw = np.random.default_rng(3)
    for weight in model.weights:
        values = draw.normal(scale=0.7, size=weight.shape)
        weight.assign(np.abs(values) if weight.path.endswith("variance") else values)
    return model


@pytest.mark.filterwarnings("ignore:Layer 'global_max_pooling1d:UserWarning")
@pytest.mark.parametrize(
    ("layer", "pooling", "both", "masked"),
    [
        ("GRU", "last", False, True),
        ("GRU", "max", True, True),
        ("GRU", "mean", False, True),
        ("LSTM", "max", True, True),
        ("LSTM", "mean", True, True),
        ("LSTM", "max", False, True),
        ("GRU", "last", True, False),
        ("LSTM", "max", True, False),
    ],
)
def test_the_fast_graph_answers_as_keras_does(layer, pooling, both, masked):
    """Of no rows, of one, of so few that BlockLSTM takes them, and of many; empty texts among them."""
    model = model_of(layer, pooling, both=both, masked=masked)
    found = bring(model, labels=("a", "b", "c"), texts=texts(40, 1))
    assert found.told()["graph"] == "fast"
    graph = found.own_graph()
    for rows in (0, 1, 3, 9, 70):
        asked = texts(rows, rows)
        answers = graph(tf.constant(asked, tf.string, shape=[rows])).numpy()
        np.testing.assert_allclose(answers, found.predict(asked), atol=2e-6)


def other_shapes():
    ids = vectorizer(WORDS)
    text = text_input()
    embedded = layers.Embedding(200, 6, mask_zero=True)(ids(text))
    sums = layers.Bidirectional(layers.GRU(4), merge_mode="sum")
    hard = layers.GRU(4, recurrent_activation="hard_sigmoid")
    old = layers.GRU(4, reset_after=False)
    backwards = layers.LSTM(4, go_backwards=True)
    twice = layers.Concatenate()([layers.GRU(4)(embedded), layers.LSTM(4)(embedded)])
    stacked = layers.GRU(4)(layers.GRU(4, return_sequences=True)(embedded))
    for x in (sums(embedded), hard(embedded), old(embedded), backwards(embedded), twice, stacked):
        yield keras.Model(text, layers.Dense(3, activation="softmax")(x))


def test_other_shapes_are_served_by_the_general_graph():
    """A graph that computes another function than the trained one would be worse than a slow one."""
    graphs = [
        bring(model, labels=("a", "b", "c"), texts=texts(20, 1)).told()["graph"]
        for model in other_shapes()
    ]
    assert graphs == ["general"] * 6


def test_the_general_graph_can_be_asked_for():
    model = model_of("LSTM", "last", both=True)
    found = bring(model, labels=("a", "b", "c"), texts=texts(20, 1), fast=False)
    assert found.told()["graph"] == "general"
