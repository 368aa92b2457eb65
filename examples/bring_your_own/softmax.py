"""A Sequential of stock layers with a softmax, exported from Python without a file between.

python examples/bring_your_own/softmax.py rows.csv models/softmax
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf
from rows import NAMES, TEST_ROWS, Array, read_rows

from export.exporter import export_model
from export.gate.quality import TestSplit


def main(table: Path, to: Path) -> Path:
    """Train, export, and ask what was published; its folder."""
    texts, labels = read_rows(table)
    model = train(texts[:-TEST_ROWS], labels[:-TEST_ROWS])
    split = TestSplit(texts[-TEST_ROWS:], labels[-TEST_ROWS:])
    path, report = export_model(model, to, labels=NAMES, split=split)
    print(report.summary())
    served = tf.saved_model.load(str(path))  # as anybody may who has TensorFlow alone
    print(served.labels().numpy(), served(["so happy, thanks"]).numpy())
    return path


def train(texts: Array, labels: Array) -> keras.Model:
    """Pairs of words weighted by TF-IDF, and one dense layer above them."""
    vectorizer = keras.layers.TextVectorization(2000, ngrams=2, output_mode="tf_idf")
    vectorizer.adapt(texts)
    model = keras.Sequential(
        [
            keras.Input((), dtype="string", name="text"),
            vectorizer,
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(len(NAMES), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    rows = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(32)
    model.fit(rows, epochs=3, shuffle=False, verbose=0)
    return model


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
