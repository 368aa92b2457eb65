"""The notebook's way: Python cleaning, legacy Tokenizer, pad_sequences, an unmasked BiLSTM.

    python -m benchmarks.peers.notebook --data=CSV --seed=42 --output=DIR

trains it in a process of its own and writes `notebook.keras`, `tokenizer.json`, `history.csv` and
`answers.npy`, of the test part. The rows are those that this project trains on, and early stopping watches the same
validation part: the notebook watched its test part, which would flatter its figures on it.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from benchmarks.peers.cleaning import clean
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import find_source
from keras_pipeline.errors import exits_cleanly
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split

VOCABULARY_SIZE: Final = 20_000
SEQUENCE_LENGTH: Final = 40
EMBEDDING_DIM: Final = 100
SPATIAL_DROPOUT: Final = 0.1
LSTM_UNITS: Final = 128
DENSE_UNITS: Final = 64
DROPOUT: Final = 0.3
LEARNING_RATE: Final = 1e-3
BATCH_SIZE: Final = 32
EPOCHS: Final = 20
PATIENCE: Final = 2
UNKNOWN_WORD: Final = "<OOV>"

Array = np.ndarray[Any, Any]


class Notebook:
    """Tokenizer and network.

    Args:
        tokenizer: a fitted `tf.keras.preprocessing.text.Tokenizer`.
        network: `[batch, 40] int32 -> [batch, 3] float32`.
    """

    def __init__(self, tokenizer: Any, network: keras.Model) -> None:
        self.tokenizer = tokenizer
        self.network = network
        self._compiled = tf.function(
            lambda ids: network(ids, training=False),
            input_signature=[tf.TensorSpec([None, SEQUENCE_LENGTH], tf.int32)],
        )

    @classmethod
    def untrained(cls, texts: Iterable[str]) -> "Notebook":
        """Words of `texts`, random weights: speed does not depend on them."""
        tokenizer = tf.keras.preprocessing.text.Tokenizer(VOCABULARY_SIZE, oov_token=UNKNOWN_WORD)
        tokenizer.fit_on_texts([clean(text) for text in texts])
        return cls(tokenizer, build_network())

    @classmethod
    def load(cls, folder: Path) -> "Notebook":
        """What `save` wrote, to answer with: its optimizer stays behind."""
        saved = (folder / "tokenizer.json").read_text(encoding="utf-8")
        tokenizer = tf.keras.preprocessing.text.tokenizer_from_json(saved)
        return cls(tokenizer, keras.saving.load_model(folder / "notebook.keras", compile=False))

    def save(self, folder: Path) -> None:
        """Write both parts into an existing folder."""
        (folder / "tokenizer.json").write_text(self.tokenizer.to_json(), encoding="utf-8")
        self.network.save(folder / "notebook.keras")

    def token_ids(self, texts: Iterable[str]) -> Array:
        """Raw tweets -> `[batch, 40] int32`, words left, zeros right."""
        sequences = self.tokenizer.texts_to_sequences([clean(text) for text in texts])
        return keras.utils.pad_sequences(
            sequences, maxlen=SEQUENCE_LENGTH, padding="post", truncating="post"
        )

    def predict(self, texts: Iterable[str]) -> Array:
        """`[batch, 3] float32`, as the notebook asked its model."""
        return self.network.predict(self.token_ids(texts), verbose=0)

    def predict_compiled(self, texts: Iterable[str]) -> Array:
        """`[batch, 3] float32` by one tf.function over the whole batch."""
        return self._compiled(tf.constant(self.token_ids(texts))).numpy()


def build_network() -> keras.Model:
    """Compiled and untrained, as the notebook built it."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((SEQUENCE_LENGTH,), dtype="int32"),
            layers.Embedding(VOCABULARY_SIZE, EMBEDDING_DIM),
            layers.SpatialDropout1D(SPATIAL_DROPOUT),
            layers.Bidirectional(layers.LSTM(LSTM_UNITS)),
            layers.Dense(DENSE_UNITS, activation="relu"),
            layers.Dropout(DROPOUT),
            layers.Dense(len(SENTIMENTS), activation="softmax"),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


class _Clock(keras.callbacks.Callback):
    """Seconds and figures of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[dict[str, float]] = []
        self._began_at = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._began_at = perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep what Keras tells; its seconds hold the validation, too."""
        figures = {name: float(value) for name, value in (logs or {}).items()}
        seconds = perf_counter() - self._began_at
        self.history.append({"epoch": epoch + 1, "seconds": seconds, **figures})


def train(
    notebook: Notebook,
    training: tuple[Array, Array],
    validation: tuple[Array, Array],
    class_weights: dict[int, float],
    epochs: int = EPOCHS,
) -> list[dict[str, float]]:
    """Fit the network; give one dict an epoch: epoch, seconds, Keras's figures.

    Args:
        notebook: untrained; holds the best epoch's weights afterwards.
        training: raw tweets and class ids to learn from.
        validation: the same, to watch.
        class_weights: balanced weights by class id.
        epochs: most epochs.
    """
    (texts, labels), (watched, watched_labels) = training, validation
    clock = _Clock()
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=PATIENCE, restore_best_weights=True
    )
    notebook.network.fit(
        notebook.token_ids(texts),
        labels,
        validation_data=(notebook.token_ids(watched), watched_labels),
        batch_size=BATCH_SIZE,
        epochs=epochs,
        class_weight=class_weights,
        callbacks=[stopping, clock],
        verbose=2,
    )
    return clock.history


@exits_cleanly
def main(arguments: list[str] | None = None) -> int:
    """Read, train, answer the test and the validation part, write everything down."""
    options = _parse(arguments)
    tweets = read_tweets(find_source(options.data, encoding=options.encoding))
    parts = split(tweets, TrainConfig(seed=options.seed))
    keras.utils.set_random_seed(options.seed)
    notebook = Notebook.untrained(tweets.texts[parts.train])
    history = train(
        notebook,
        (np.asarray(tweets.texts[parts.train]), tweets.labels[parts.train]),
        (np.asarray(tweets.texts[parts.validation]), tweets.labels[parts.validation]),
        parts.class_weights,
        options.epochs,
    )
    options.output.mkdir(parents=True, exist_ok=True)
    notebook.save(options.output)
    pd.DataFrame(history).to_csv(options.output / "history.csv", index=False)
    np.save(options.output / "answers.npy", notebook.predict(tweets.texts[parts.test]))
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.notebook", description="Train the notebook's network."
    )
    parser.add_argument("--data", required=True, metavar="CSV")
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
