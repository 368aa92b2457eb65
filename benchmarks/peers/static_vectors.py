"""model2vec: static vectors of a text's pieces, averaged, and scikit-learn's logistic regression behind them.

The vectors are those that this project begins with, of the encoder which the extra `vectors` reads: nothing is
downloaded. model2vec's own classifier trains with PyTorch; its documentation shows scikit-learn in front
of `StaticModel.encode`, as here. Raw tweets, as its tokenizer takes them; balanced classes, as TF-IDF's.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_pipeline.fit.words.encoder_files import find_encoder
from keras_pipeline.fit.words.encoder_vectors import read_encoder

NOT_INSTALLED: Final = "not installed: pip install '.[bench,vectors]', and the encoder's wheel"

Array = np.ndarray[Any, Any]


def is_installed() -> bool:
    """Whether the package and the encoder's files are there."""
    return find_spec("model2vec") is not None and _encoder() is not None


@cache
def _encoder() -> Path | None:
    """Looked for once: its 90 MB are checked by their sha256."""
    return find_encoder()


class Model2Vec:
    """The mean of static vectors to a probability for each class."""

    def __init__(self) -> None:
        from model2vec import StaticModel  # noqa: PLC0415 (an optional package)

        path = _encoder()
        assert path is not None
        self._vectors = StaticModel(*read_encoder(path))
        self._classifier: Pipeline = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
        )

    def fit(self, texts: Array, labels: Array) -> "Model2Vec":
        """Learn from raw tweets and class ids; every run gives the same."""
        self._classifier.fit(self._encoded(texts), labels)
        return self

    def predict(self, texts: Any) -> Array:
        """`[batch, classes]`, by predict_proba."""
        return self._classifier.predict_proba(self._encoded(texts))

    def _encoded(self, texts: Any) -> Array:
        return self._vectors.encode(list(texts), use_multiprocessing=False)
