"""Train this project and the notebook's way, seed by seed, each by its command in a fresh process.

This project is trained by `python -m keras_pipeline.train` with its own defaults and read from the
files that it leaves: whatever training becomes, it is measured here as a user meets it.
"""

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.processes import run_module
from benchmarks.shared.workload import data_options
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.model import load_model
from keras_pipeline.report.evaluation import compute_metrics
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.table.splits import split

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """One model, and what it took.

    Attributes:
        folder: where its files are.
        seed: of its run.
        seconds: of the whole command: read, prepare, train, evaluate, save.
        peak_bytes: most memory that the command held.
        history: one dict an epoch, with `seconds` and `val_loss`.
        test: figures of the test part, as `keras_pipeline.evaluate.compute_metrics` gives them.
        validation: the same of the validation part.
        validation_loss: log loss of the validation part, nats; the same formula for everyone.
    """

    folder: Path
    seed: int
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


def train_product(
    source: DataSource, tweets: Tweets, seed: int, to: Path, epochs: int | None
) -> Training:
    """Train this project into the new folder `to`.

    Raises:
        BenchError: the command failed.
    """
    limit = [] if epochs is None else [f"--epochs={epochs}"]
    command = ["keras_pipeline.train", *data_options(source), f"--seed={seed}", "--no-export"]
    done = run_module([*command, *limit, f"--output={to}"], to.with_suffix(".log"))
    parts, model = split(tweets, TrainConfig(seed=seed)), load_model(to)
    answers = {
        name: model.predict(tweets.texts[rows], batch_size=512, verbose=0)
        for name, rows in (("test", parts.test), ("validation", parts.validation))
    }
    with (to / "history.csv").open(encoding="utf-8", newline="") as file:
        history = [
            {name: float(value) for name, value in row.items()} for row in csv.DictReader(file)
        ]
    return Training(
        folder=to, seed=seed, seconds=done.seconds, peak_bytes=done.peak_bytes, history=history,
        **_figures(tweets, seed, answers),
    )  # fmt: skip


def train_notebook(
    source: DataSource, tweets: Tweets, seed: int, to: Path, epochs: int | None
) -> Training:
    """Train the notebook's way into the new folder `to`.

    Raises:
        BenchError: the command failed.
    """
    limit = [] if epochs is None else [f"--epochs={epochs}"]
    command = ["benchmarks.peers.notebook", *data_options(source), f"--seed={seed}"]
    done = run_module([*command, *limit, f"--output={to}"], to.with_suffix(".log"))
    with np.load(to / "answers.npz") as saved:
        answers = dict(saved)
    return Training(
        folder=to, seed=seed, seconds=done.seconds, peak_bytes=done.peak_bytes,
        history=json.loads((to / "history.json").read_text()),
        **_figures(tweets, seed, answers),
    )  # fmt: skip


def _figures(tweets: Tweets, seed: int, answers: dict[str, Array]) -> dict[str, Any]:
    """Figures of both parts from the probabilities, one formula for everyone."""
    parts = split(tweets, TrainConfig(seed=seed))
    watched = tweets.labels[parts.validation]
    return {
        "test": compute_metrics(tweets.labels[parts.test], answers["test"]),
        "validation": compute_metrics(watched, answers["validation"]),
        "validation_loss": log_loss(watched, answers["validation"]),
    }


def log_loss(labels: Array, probabilities: Array) -> float:
    """Mean negative logarithm of the true class's probability, nats.

    Example:
    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    likelihood = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(likelihood, 1e-7, 1.0)).mean())
