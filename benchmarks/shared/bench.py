"""What the measurements share: data, models and peers, each made once, when first asked for."""

import dataclasses
import sys
from functools import cache, cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import tensorflow as tf

from benchmarks.options import Plan
from benchmarks.peers.fast_text import NOT_INSTALLED, FastText, is_installed
from benchmarks.peers.notebook import Notebook
from benchmarks.peers.plain_keras import write_plain_export
from benchmarks.peers.tfidf import Tfidf
from benchmarks.shared.results import (
    COMPILED,
    FASTTEXT,
    NOTEBOOK,
    PLAIN_EXPORT,
    PRODUCT,
    TFIDF,
    Row,
    missing_row,
)
from benchmarks.shared.trainings import Training, train_notebook, train_product
from benchmarks.shared.turns import Call
from benchmarks.shared.workload import TWITTER_SHA256, smaller_table
from export.graph.saved_model import write_saved_model
from export.signatures import PROBABILITIES, SERVING_DEFAULT, TEXT
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, sha256_of
from keras_pipeline.model import SentimentModel, load_model
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import split

Array = np.ndarray[Any, Any]

_BEGAN_AT: Final = perf_counter()


def say(what: str) -> None:
    """What the run is doing, behind the seconds since its start; on stderr, stdout is for the table."""
    print(f"[{perf_counter() - _BEGAN_AT:6.0f} s] {what}", file=sys.stderr, flush=True)


@dataclasses.dataclass(frozen=True, eq=False)
class Learnable:
    """Rows for the peers that need no validation part.

    Attributes:
        texts: raw tweets of the training and the validation part, `[rows]`.
        labels: their class ids.
    """

    texts: Array
    labels: Array


class Bench:
    """One run's material.

    Args:
        plan: how much is measured.
        whole: the table; a quick run draws a smaller one from it.
        folder: new files go here.
        run: run folder of a model trained before, in place of training one.

    Attributes:
        whole: the table as it is.
        source: the table that is used.
    """

    def __init__(
        self, plan: Plan, whole: DataSource, folder: Path, run: Path | None = None
    ) -> None:
        self.plan = plan
        self.whole = whole
        self.folder = folder
        self.run = run
        self.is_twitter = sha256_of(whole.path) == TWITTER_SHA256
        smaller = folder / "tweets.csv"
        self.source = whole if plan.rows is None else smaller_table(whole, plan.rows, smaller)

    @cached_property
    def tweets(self) -> Tweets:
        """The table, read by this project."""
        return read_tweets(self.source)

    @cached_property
    def test_rows(self) -> Array:
        """Row numbers of the test part, the same for every seed."""
        return split(self.tweets, TrainConfig()).test

    @cached_property
    def speed_texts(self) -> Array:
        """Tweets to time with: the test part, which no contender has seen."""
        return np.asarray(self.tweets.texts[self.test_rows])

    @cached_property
    def learnable(self) -> Learnable:
        """All that is not test, without rows that stand, once cleaned, in the test part."""
        tweets = self.tweets
        rest = np.setdiff1d(np.arange(len(tweets.labels)), self.test_rows)
        rest = rest[~np.isin(tweets.twins[rest], tweets.twins[self.test_rows])]
        return Learnable(np.asarray(tweets.texts[rest]), tweets.labels[rest])

    @cached_property
    def trainings(self) -> tuple[list[Training], list[Training]]:
        """This project's and the notebook's, trained in turns, one each a seed."""
        ours, theirs = [], []
        for seed in self.plan.seeds:
            ours.append(self._train_product(seed))
            theirs.append(self._train_notebook(seed))
        return ours, theirs

    @property
    def notebook_trainings(self) -> list[Training]:
        """The notebook's alone, where this project's model was trained before."""
        if self.run is None:
            return self.trainings[1]
        return [self._train_notebook(seed) for seed in self.plan.seeds]

    @cache  # noqa: B019 (one Bench a process)
    def _train_product(self, seed: int) -> Training:
        say(f"training this project, seed {seed}")
        to = self.folder / f"product-{seed}"
        return train_product(self.source, self.tweets, seed, to, self.plan.epochs)

    @cache  # noqa: B019
    def _train_notebook(self, seed: int) -> Training:
        say(f"training the notebook's way, seed {seed}")
        to = self.folder / f"notebook-{seed}"
        return train_notebook(self.source, self.tweets, seed, to, self.plan.epochs)

    @cached_property
    def run_folder(self) -> Path:
        """The trained model whose speed is measured: `--run`, else the first seed's."""
        return self.run or self._train_product(self.plan.seeds[0]).folder

    @cached_property
    def model(self) -> SentimentModel:
        """That model as a Keras object."""
        return load_model(self.run_folder)

    @cached_property
    def product_export(self) -> Path:
        """Its SavedModel, as this project exports it."""
        say("exporting")
        path = self.folder / "exports" / "product"
        write_saved_model(self.model, path)
        return path

    @cached_property
    def plain_export(self) -> Path:
        """Its SavedModel, as plain Keras would export it."""
        path = self.folder / "exports" / "plain"
        write_plain_export(self.model, path)
        return path

    @cached_property
    def notebook(self) -> Notebook:
        """The notebook's way with the words of the table and random weights, for speed."""
        return Notebook.untrained(self.learnable.texts)

    @cached_property
    def tfidf(self) -> Tfidf:
        """The scikit-learn peer, trained."""
        say("training TF-IDF + logistic regression")
        return Tfidf().fit(self.learnable.texts, self.learnable.labels)

    @cache  # noqa: B019
    def fast_text(self, seed: int) -> FastText | None:
        """The fastText peer, trained; None where it is not installed."""
        if not is_installed():
            return None
        say(f"training fastText, seed {seed}")
        return FastText.train(self.learnable.texts, self.learnable.labels, seed)


def signature_call(directory: Path) -> Call:
    """A SavedModel as a function: list of raw tweets -> `[batch, 3] float32` NumPy."""
    loaded = tf.saved_model.load(str(directory))
    signature = loaded.signatures[SERVING_DEFAULT]

    def call(texts: list[str]) -> Array:
        return signature(**{TEXT: tf.constant(texts)})[PROBABILITIES].numpy()

    call.owner = loaded  # type: ignore[attr-defined] # a signature does not keep its variables
    return call


@cache
def contenders(bench: Bench) -> dict[str, Call]:
    """Name to a function of raw tweets; fastText is left out where it is not installed."""
    fast_text = bench.fast_text(bench.plan.seeds[0])
    calls: dict[str, Call] = {
        PRODUCT: signature_call(bench.product_export),
        PLAIN_EXPORT: signature_call(bench.plain_export),
        NOTEBOOK: bench.notebook.predict,
        COMPILED: bench.notebook.predict_compiled,
        TFIDF: bench.tfidf.predict,
    }
    return calls if fast_text is None else {**calls, FASTTEXT: fast_text.predict}


def missing_contenders(calls: dict[str, Call], what: str, unit: str) -> list[Row]:
    """A row that says so where fastText is not installed."""
    return [] if FASTTEXT in calls else [missing_row(what, FASTTEXT, unit, NOT_INSTALLED)]
