"""Small classifiers of the default structure, and ids to ask them: for whatever computes the same by other ops."""

import keras
import numpy as np

from keras_pipeline.numeric.classifier import with_word_scores
from keras_pipeline.numeric.max_mean_pooling import MaxMeanPooling1D

WORDS = 50
LONGEST = 40


def build_classifier(*, masked=True, pooled=False, scored=False, **changes):
    """The default structure, small, with weights large enough for every one of them to show."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int64")
    x = layers.Embedding(WORDS, 6, mask_zero=masked)(ids)
    x = layers.SpatialDropout1D(0.1)(x)
    lstm = layers.LSTM(5, return_sequences=pooled, **changes.get("lstm", {}))
    x = layers.Bidirectional(lstm, merge_mode=changes.get("merge_mode", "concat"))(x)
    if pooled:
        x = MaxMeanPooling1D()(x)
    x = layers.Dense(8, activation=changes.get("activation", "relu"))(x)
    x = layers.Dropout(0.1)(x)
    model = keras.Model(ids, layers.Dense(3, activation="softmax")(x))
    draw = np.random.default_rng(7)
    model.set_weights([draw.normal(scale=0.7, size=w.shape) for w in model.get_weights()])
    return with_word_scores(model, random_scores(draw)) if scored else model


def random_scores(draw):
    """Weights of WordScores; padding says nothing, squares are none below 0, most of all pairs are there."""
    pairs, table = (draw.normal(size=(rows, 4)) for rows in (3 * WORDS**2, WORDS))
    for rows in (pairs, table):
        rows[:, 3] **= 2
        rows[0] = 0
    keys = np.zeros(len(pairs), np.int64)
    first, second = (ids.ravel() for ids in np.indices((WORDS, WORDS)))
    asked = (first * WORDS + second)[(first > 0) & (second > 0) & ((first + second) % 3 > 0)]
    keys[asked % len(keys)] = asked
    return [pairs, keys, table, draw.normal(size=3), np.asarray(0.8)]


def random_ids(rows, time, seed=0):
    """Padded at the right; lengths from 0 to `time`, one row without padding and one without words."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(0, time + 1, rows)
    lengths[:2] = [time, 0][:rows]
    ids = draw.integers(1, WORDS, (rows, time))
    return np.where(np.arange(time) < lengths[:, np.newaxis], ids, 0)
