"""A functional model with a layer of its own, a BiLSTM and one sigmoid unit; from its file, by the command.

    python examples/bring_your_own/one_sigmoid.py rows.csv models/one_sigmoid

The unit is the probability of the second label; the exported graph answers [1 - p, p].
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf
from elongated import Shortened
from rows import TEST_ROWS, Array, read_rows, write_rows

from export.__main__ import main as export

NAMES = ("negative", "positive")


def main(table: Path, to: Path) -> int:
    """Train, save, export; the command's exit code."""
    texts, labels = read_rows(table, NAMES)
    to.parent.mkdir(parents=True, exist_ok=True)
    file = to.parent / "one_sigmoid.keras"
    train(texts[:-TEST_ROWS], labels[:-TEST_ROWS]).save(file)
    test = write_rows(
        to.parent / "one_sigmoid_test.csv", texts[-TEST_ROWS:], labels[-TEST_ROWS:], NAMES
    )
    own = Path(__file__).with_name("elongated.py")
    # python -m export one_sigmoid.keras --labels negative,positive --test-data one_sigmoid_test.csv ...
    words = ["--labels", ",".join(NAMES), "--test-data", str(test), "--import", str(own)]
    return export([str(file), "--to", str(to), *words])


def train(texts: Array, labels: Array) -> keras.Model:
    """An LSTM in both directions over words, their padding masked."""
    layers = keras.layers
    vectorizer = layers.TextVectorization(2000, output_sequence_length=30)
    vectorizer.adapt(texts)
    text = keras.Input((1,), dtype="string", name="text")
    x = vectorizer(Shortened()(text))
    x = layers.Embedding(2000, 16, mask_zero=True)(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    model = keras.Model(text, layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", jit_compile=False)
    rows = tf.data.Dataset.from_tensor_slices((texts[:, None], labels)).batch(32)
    model.fit(rows, epochs=3, shuffle=False, verbose=0)
    return model


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
