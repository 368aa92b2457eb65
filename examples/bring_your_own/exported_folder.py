"""A subclassed model that gives logits, and of which only the folder is left that `model.export` wrote.

    python examples/bring_your_own/exported_folder.py rows.csv models/exported_folder

A SavedModel knows no activation and no loss: that its numbers are logits is told by --output, or by the numbers.
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf
from rows import NAMES, TEST_ROWS, Array, read_rows, write_rows

from export.__main__ import main as export


class Average(keras.Model):
    """The mean of the words' vectors, and a dense layer; not registered, for the folder needs no class."""

    def __init__(self, vectorizer: keras.layers.TextVectorization) -> None:
        super().__init__()
        self.vectorizer = vectorizer
        self.embedding = keras.layers.Embedding(2000, 16, mask_zero=True)
        self.average = keras.layers.GlobalAveragePooling1D()
        self.dense = keras.layers.Dense(len(NAMES))

    def call(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, classes]` logits."""
        ids = self.vectorizer(text)
        return self.dense(self.average(self.embedding(ids)))


def main(table: Path, to: Path) -> int:
    """Train, write the folder, export it; the command's exit code."""
    texts, labels = read_rows(table)
    to.parent.mkdir(parents=True, exist_ok=True)
    folder = to.parent / "average"
    model = train(texts[:-TEST_ROWS], labels[:-TEST_ROWS])
    text = keras.InputSpec(shape=(None,), dtype="string")
    model.export(folder, input_signature=[text], verbose=False)
    test = write_rows(
        to.parent / "average_test.csv", texts[-TEST_ROWS:], labels[-TEST_ROWS:], NAMES
    )
    # python -m export average --labels negative,neutral,positive --test-data average_test.csv --output logits ...
    words = ["--labels", ",".join(NAMES), "--test-data", str(test), "--output", "logits"]
    return export([str(folder), "--to", str(to), *words])


def train(texts: Array, labels: Array) -> keras.Model:
    """By Keras's own fit."""
    vectorizer = keras.layers.TextVectorization(2000, output_sequence_length=30)
    vectorizer.adapt(texts)
    model = Average(vectorizer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, jit_compile=False)
    rows = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(32)
    model.fit(rows, epochs=3, shuffle=False, verbose=0)
    return model


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
