"""fastText, supervised, from the wheel `fasttext-numpy2` (the extra `bench`); it may be missing.

Cleaned as the notebook did: fastText splits at whitespace and leaves the rest to its user. On the
validation part of Twitter_Data.csv, learning rate 0.1, 10 epochs, word pairs and characters 2 to 5
gave macro F1 0.691, the best of 16 settings (rates 0.1 and 0.3, 10 and 25 epochs, with and without
word pairs and characters); rate 0.3 over 25 epochs gave 0.622 to 0.663.
"""

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.cleaning import clean

NOT_INSTALLED: Final = "not installed: pip install '.[bench]'"

_PREFIX: Final = "__label__"
_SETTINGS: Final = {
    "lr": 0.1, "epoch": 10, "dim": 100, "wordNgrams": 2, "minn": 2, "maxn": 5, "bucket": 200_000,
    "thread": 1, "verbose": 0,
}  # fmt: skip

Array = np.ndarray[Any, Any]
Clean = Callable[[str], str]


def is_installed() -> bool:
    """Whether the wheel is there."""
    return find_spec("fasttext") is not None


class FastText:
    """A bag of words, word pairs and characters to a probability for each class.

    Args:
        model: what `fasttext.train_supervised` gave.
        clean: what it was trained behind: raw text to one line of tokens.
    """

    def __init__(self, model: Any, clean: Clean = clean) -> None:
        self._model = model
        self._clean = clean

    @classmethod
    def train(
        cls, texts: Array, labels: Array, seed: int, clean: Clean = clean, **settings: Any
    ) -> "FastText":
        """Learn from raw tweets and class ids; one thread, so that a seed gives one model.

        Args:
            texts: `[rows] str`.
            labels: from 0 on, each class with a row at least, `[rows] int`.
            seed: of its weights and of the order of its rows.
            clean: raw text to one line of tokens, split at spaces.
            **settings: of `fasttext.train_supervised`, in place of those here.
        """
        import fasttext  # noqa: PLC0415 (an optional package)

        lines = [
            f"{_PREFIX}{label} {clean(text)}\n" for text, label in zip(texts, labels, strict=True)
        ]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "train.txt")
            file.write_text("".join(lines), encoding="utf-8")
            model = fasttext.train_supervised(str(file), seed=seed, **{**_SETTINGS, **settings})
        return cls(model, clean)

    def predict(self, texts: Any) -> Array:
        """`[batch, classes] float32`."""
        classes = len(self._model.labels)
        names, scores = self._model.predict([self._clean(text) for text in texts], k=classes)
        probabilities = np.zeros((len(names), classes), np.float32)
        for row, (found, values) in enumerate(zip(names, scores, strict=True)):
            for name, value in zip(found, values, strict=True):
                probabilities[row, int(name.removeprefix(_PREFIX))] = value
        # fastText adds 1e-5 to each against the logarithm of 0.
        return np.minimum(probabilities, 1.0)
