"""The classifier over token ids: layers of Keras, and two that Keras lacks.

ids [batch, time] int64 -> Embedding -> SpatialDropout1D -> Bidirectional(LSTM) -> maximum and mean of its outputs
-> Dense -> Dropout -> Dense softmax [-> WordScores] -> probabilities [batch, classes] float32
"""

from collections.abc import Sequence
from typing import Any

import keras

from export.signatures import PROBABILITIES
from keras_pipeline.config import TrainConfig
from keras_pipeline.numeric.max_mean_pooling import MaxMeanPooling1D
from keras_pipeline.numeric.r_drop import RDropModel
from keras_pipeline.numeric.word_scores import WordScores


def build_classifier(
    config: TrainConfig,
    *,
    vocabulary_size: int | None = None,
    dtype: str = "float32",
    bidirectional: type[keras.layers.Bidirectional] = keras.layers.Bidirectional,
) -> keras.Model:
    """The numeric half: `[batch, time] int64 -> [batch, classes] float32`.

    Args:
        config: classes, sizes and dropout rates.
        vocabulary_size: rows of the embedding table; the config's by default. A small corpus may
            know fewer words than the config allows.
        dtype: Keras dtype policy of the inner layers, `mixed_float16` for mixed precision. Weights
            and probabilities stay float32.
        bidirectional: what runs the LSTM in both directions; the weights are the same for each.

    Example:
    >>> build_classifier(TrainConfig(vocabulary_size=50)).output_shape
    (None, 3)
    """
    layers = keras.layers
    policy = {"dtype": dtype}
    ids = keras.Input((None,), dtype="int64", name="token_ids")
    x = layers.Embedding(
        vocabulary_size or config.vocabulary_size,
        config.embedding_dim,
        mask_zero=config.mask_padding,
        name="embedding",
        **policy,
    )(ids)
    x = layers.SpatialDropout1D(config.spatial_dropout, name="spatial_dropout", **policy)(x)
    lstm = layers.LSTM(config.lstm_units, return_sequences=config.max_mean_pooling, **policy)
    x = bidirectional(lstm, name="bilstm", **policy)(x)
    if config.max_mean_pooling:
        x = MaxMeanPooling1D(name="pooling", **policy)(x)
    x = layers.Dense(config.dense_units, activation="relu", name="dense", **policy)(x)
    x = layers.Dropout(config.dropout, name="dropout", **policy)(x)
    x = layers.Dense(len(config.labels), activation="softmax", name=PROBABILITIES, dtype="float32")(
        x
    )
    return keras.Model(ids, x, name="classifier")


def for_training(classifier: keras.Model, config: TrainConfig) -> keras.Model:
    """The same layers, as they are trained: by R-Drop, where the settings want it."""
    if not config.r_drop:
        return classifier
    return RDropModel(classifier.input, classifier.output, config.r_drop, name=classifier.name)


def with_word_scores(classifier: keras.Model, weights: Sequence[Any]) -> keras.Model:
    """The same layers, and `keras_pipeline.numeric.word_scores.WordScores` behind them.

    Args:
        classifier: `[batch, time] int64 -> [batch, classes] float32`.
        weights: of that layer: table, bias and trust, and in front of them pairs and their keys, if any.
    """
    *pairs, table, _, _ = weights
    buckets = len(pairs[0]) if pairs else 0
    layer = WordScores(len(table), pair_buckets=buckets, name="word_scores")
    answer = layer(classifier.output, classifier.input)
    layer.set_weights(weights)
    return keras.Model(classifier.input, answer, name=classifier.name)
