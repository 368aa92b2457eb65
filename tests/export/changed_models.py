"""Copies of a trained string model with other words or weights, and one of other layers."""

import keras
import numpy as np

from keras_pipeline import SentimentModel, TweetCleaner, build_vectorizer


def copy_of(model, *, words=None, weights=None):
    """A copy; with another vocabulary or other weights of the classifier where given."""
    copy = type(model).from_config(model.get_config())
    copy.vectorizer.set_vocabulary(words or model.vectorizer.get_vocabulary())
    copy.classifier.set_weights(weights or model.classifier.get_weights())
    return copy


def scaled(model, factor):
    """A copy with every weight of the classifier so many times as large."""
    return copy_of(model, weights=_changed(model, lambda weight: weight * factor))


def rounded(model):
    """A copy whose weights lost what half precision does not keep, after the output layer took over trust and bias."""
    served = copy_of(model, weights=_as_served(model))
    return copy_of(model, weights=_changed(served, lambda weight: weight.astype("float16")))


def _as_served(model):
    """The same function: trust and bias of the words' scores stand in the output layer, as in the served graph."""
    weights, scores = model.classifier.get_weights(), model.classifier.layers[-1]
    kernel = -len(scores.weights) - 2
    *_, shift, trust = weights
    weights[kernel] = weights[kernel] * trust
    weights[kernel + 1] = weights[kernel + 1] * trust + shift
    weights[-2:] = np.zeros_like(shift), np.ones_like(trust)
    return weights


def _changed(model, change):
    """Keys of pairs are whole numbers, and stay what they are."""
    weights = model.classifier.get_weights()
    return [weight if weight.dtype.kind == "i" else change(weight) for weight in weights]


def inclined(model, label, by):
    """A copy that says one label more often than it should: the worse, the more it is inclined."""
    weights = model.classifier.get_weights()
    last = -1 if weights[-1].ndim else -2  # behind the bias of WordScores stands its trust
    weights[last] = weights[last] + by * np.eye(len(weights[last]), dtype="float32")[label]
    return copy_of(model, weights=weights)


def of_unknown_layers():
    """A model of two words whose classifier is none that the fast graphs know."""
    ids = keras.Input((None,), dtype="int64")
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(5, 4)(ids))
    classifier = keras.Model(ids, keras.layers.Dense(3, activation="softmax")(pooled))
    vectorizer = build_vectorizer()
    vectorizer.set_vocabulary(["so", "sad"])
    return SentimentModel(TweetCleaner(), vectorizer, classifier)
