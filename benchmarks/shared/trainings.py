"""Train this project and the notebook's way, seed by seed, each by its command in a fresh process.

This project is trained by `python -m keras_pipeline.train` with its own defaults and read from the
files that it leaves: whatever training becomes, it is measured here as a user meets it.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.shared.processes import run_module
from benchmarks.shared.results import NOTEBOOK, PRODUCT
from benchmarks.shared.workload import data_options
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.model import load_model
from keras_pipeline.report.evaluation import compute_metrics
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.table.splits import Splits, split

Array = np.ndarray[Any, Any]
Answers = dict[str, Array]
"""Probabilities of the parts `test` and `validation`, each `[rows, 3] float32`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """One model, and what it took.

    Attributes:
        folder: where its files are.
        seconds: of the whole command: read, prepare, train, evaluate, save.
        peak_bytes: most memory that the command held.
        history: one dict an epoch, with `seconds` and `val_loss`.
        test: figures of the test part, as `keras_pipeline.evaluate.compute_metrics` gives them.
        validation: the same of the validation part.
        validation_loss: log loss of the validation part, nats; the same formula for everyone.
    """

    folder: Path
    seconds: float
    peak_bytes: int
    history: list[dict[str, float]]
    test: dict[str, Any]
    validation: dict[str, Any]
    validation_loss: float

    @property
    def best_loss(self) -> float:
        """The lowest validation loss of an epoch, nats."""
        return min(epoch["val_loss"] for epoch in self.history)

    @property
    def seconds_to_best(self) -> float:
        """Seconds of all epochs up to the one with the lowest validation loss."""
        return self.seconds_until(self.best_loss)

    def seconds_until(self, loss: float) -> float:
        """Seconds of all epochs up to the first whose validation loss is `loss` or lower; inf if none's is."""
        passed = 0.0
        for epoch in self.history:
            passed += epoch["seconds"]
            if epoch["val_loss"] <= loss:
                return passed
        return float("inf")


def train(
    who: str, source: DataSource, tweets: Tweets, *, seed: int, to: Path, epochs: int | None
) -> Training:
    """Train one model into a new folder in `to`.

    Args:
        who: `PRODUCT` or `NOTEBOOK`.
        source: the table.
        tweets: the same, read.
        seed: of the run.
        to: an existing folder.
        epochs: at most so many; None for the command's own.

    Raises:
        BenchError: the command failed.
    """
    name, command, answers_of = _WAYS[who]
    folder = to / f"{name}-{seed}"
    limit = [] if epochs is None else [f"--epochs={epochs}"]
    options = [*data_options(source), f"--seed={seed}", f"--output={folder}", *limit]
    done = run_module([*command, *options], folder.with_suffix(".log"))
    parts = split(tweets, TrainConfig(seed=seed))
    answers, watched = answers_of(folder, tweets, parts), tweets.labels[parts.validation]
    return Training(
        folder=folder,
        seconds=done.seconds,
        peak_bytes=done.peak_bytes,
        history=pd.read_csv(folder / "history.csv").to_dict("records"),
        test=compute_metrics(tweets.labels[parts.test], answers["test"], tweets.label_names),
        validation=compute_metrics(watched, answers["validation"], tweets.label_names),
        validation_loss=log_loss(watched, answers["validation"]),
    )


def log_loss(labels: Array, probabilities: Array) -> float:
    """Mean negative logarithm of the true class's probability, nats.

    Example:
    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    likelihood = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(likelihood, 1e-7, 1.0)).mean())


def _saved_models_answers(folder: Path, tweets: Tweets, parts: Splits) -> Answers:
    """This project saves a model and its figures: the model is asked once more."""
    model = load_model(folder)
    rows = {"test": parts.test, "validation": parts.validation}
    return {
        part: model.predict(tweets.texts[which], batch_size=512, verbose=0)
        for part, which in rows.items()
    }


def _saved_answers(folder: Path, _tweets: Tweets, _parts: Splits) -> Answers:
    with np.load(folder / "answers.npz") as saved:
        return dict(saved)


_WAYS: Final[dict[str, tuple[str, list[str], Callable[[Path, Tweets, Splits], Answers]]]] = {
    PRODUCT: ("product", ["keras_pipeline.train", "--no-export"], _saved_models_answers),
    NOTEBOOK: ("notebook", ["benchmarks.peers.notebook"], _saved_answers),
}
"""Name of its folder, its command, and how its answers are had."""
