"""A task for the process that trains on JAX: thirty rows of nine words."""

import keras
import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.on_jax.exchange import Exchange, IdRows, Task
from keras_pipeline.numeric.classifier import build_classifier

CONFIG = TrainConfig(
    epochs=2,
    embedding_dim=4,
    lstm_units=2,
    dense_units=4,
    batch_size=8,
    sequence_length=8,
    early_stopping=False,
)


def exchange_of(folder, config=CONFIG, words=9):
    """A task of a few rows, given."""
    exchange = Exchange(folder / "jax")
    exchange.given.mkdir(parents=True)
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 9, 30).astype(np.int32)
    targets = np.eye(3, dtype="float32")[draw.integers(0, 3, 30)]
    ids = draw.integers(1, words, lengths.sum()).astype(np.uint16)
    for part in ("train", "validation"):
        IdRows(ids, lengths, targets, np.ones(30, "float32")).save(exchange.given, part)
    keras.utils.set_random_seed(0)
    build_classifier(config, vocabulary_size=words).save_weights(exchange.first_weights)
    Task(config, words).save(exchange.given)
    return exchange
