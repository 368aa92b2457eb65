"""fastText, supervised, from the wheel `fasttext-numpy2` (the extra `bench`); it may be missing.

Cleaned as the notebook did: fastText splits at whitespace and leaves the rest to its user. On the
validation part of Twitter_Data.csv, learning rate 0.1, 10 epochs, word pairs and characters 2 to 5
gave macro F1 0.691, the best of 16 settings (rates 0.1 and 0.3, 10 and 25 epochs, with and without
word pairs and characters); rate 0.3 over 25 epochs gave 0.622 to 0.663.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.cleaning import clean
from keras_pipeline.labels import SENTIMENTS

NOT_INSTALLED: Final = "not installed: pip install '.[bench]'"

_PREFIX: Final = "__label__"

Array = np.ndarray[Any, Any]


def is_installed() -> bool:
    """Whether the wheel is there."""
    return find_spec("fasttext") is not None


class FastText:
    """A bag of words, word pairs and characters to three probabilities.

    Args:
        model: what `fasttext.train_supervised` gave.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def train(cls, texts: Array, labels: Array, seed: int) -> "FastText":
        """Learn from raw tweets and class ids; one thread, so that a seed gives one model."""
        import fasttext  # noqa: PLC0415 (an optional package)

        lines = [
            f"{_PREFIX}{label} {clean(text)}\n" for text, label in zip(texts, labels, strict=True)
        ]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "train.txt")
            file.write_text("".join(lines), encoding="utf-8")
            model = fasttext.train_supervised(
                str(file), lr=0.1, epoch=10, dim=100, wordNgrams=2, minn=2, maxn=5,
                bucket=200_000, thread=1, seed=seed, verbose=0,
            )  # fmt: skip
        return cls(model)

    def predict(self, texts: Any) -> Array:
        """`[batch, 3] float32`."""
        names, scores = self._model.predict([clean(text) for text in texts], k=len(SENTIMENTS))
        probabilities = np.zeros((len(names), len(SENTIMENTS)), np.float32)
        for row, (found, values) in enumerate(zip(names, scores, strict=True)):
            for name, value in zip(found, values, strict=True):
                probabilities[row, int(name.removeprefix(_PREFIX))] = value
        # fastText adds 1e-5 to each against the logarithm of 0.
        return np.minimum(probabilities, 1.0)
