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
from keras_pipeline.table.splits import split

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """One model, and what it took.

    Attributes:
        folder: where its files are.
        seconds: of the whole command: read, prepare, train, evaluate, save.
        peak_bytes: most memory that the command held.
        history: one dict an epoch, with `seconds` and `val_loss`.
        test: figures of the test part, as `keras_pipeline.evaluate.compute_metrics` gives them.
    """

    folder: Path
    seconds: float
    peak_bytes: int
    history: list[dict[str, float]]
    test: dict[str, Any]

    @property
    def best_loss(self) -> float:
        """The lowest validation loss of an epoch, nats.

        Of the network: the words' scores beside this project's learn from the validation rows, too.
        """
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
    _, command, answers_of = _WAYS[who]
    folder = folder_of(who, seed, to)
    limit = [] if epochs is None else [f"--epochs={epochs}"]
    options = [*data_options(source), f"--seed={seed}", f"--output={folder}", *limit]
    done = run_module([*command, *options], folder.with_suffix(".log"))
    parts = split(tweets, TrainConfig(seed=seed))
    answers = answers_of(folder, np.asarray(tweets.texts[parts.test]))
    return Training(
        folder=folder,
        seconds=done.seconds,
        peak_bytes=done.peak_bytes,
        history=pd.read_csv(folder / "history.csv").to_dict("records"),
        test=compute_metrics(tweets.labels[parts.test], answers, tweets.label_names),
    )


def folder_of(who: str, seed: int, to: Path) -> Path:
    """Where `train` leaves it."""
    return to / f"{_WAYS[who][0]}-{seed}"


def _saved_models_answers(folder: Path, texts: Array) -> Array:
    """This project saves a model and its figures: the model is asked once more."""
    answers: Array = load_model(folder).predict(texts, batch_size=512, verbose=0)
    return answers


def _saved_answers(folder: Path, _texts: Array) -> Array:
    answers: Array = np.load(folder / "answers.npy")
    return answers


_WAYS: Final[dict[str, tuple[str, list[str], Callable[[Path, Array], Array]]]] = {
    PRODUCT: ("product", ["keras_pipeline.train", "--no-export"], _saved_models_answers),
    NOTEBOOK: ("notebook", ["benchmarks.peers.notebook"], _saved_answers),
}
"""Name of its folder, its command, and how its answers to texts are had: `[rows, 3] float32`."""
