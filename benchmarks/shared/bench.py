"""What the measurements share: data, models and peers, each made once, when first asked for."""

import sys
from functools import cache, cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import tensorflow as tf

from benchmarks.options import Plan
from benchmarks.peers import fast_text, static_vectors
from benchmarks.peers.fast_text import FastText
from benchmarks.peers.notebook import Notebook
from benchmarks.peers.static_vectors import Model2Vec
from benchmarks.peers.tfidf import Tfidf
from benchmarks.shared.results import (
    COMPILED,
    FASTTEXT,
    MODEL2VEC,
    NOTEBOOK,
    PLAIN_EXPORT,
    PRODUCT,
    TFIDF,
    Row,
)
from benchmarks.shared.trainings import Training, folder_of, train
from benchmarks.shared.turns import Call
from benchmarks.shared.workload import TWITTER_SHA256, smaller_table
from export.graph.saved_model import write_saved_model
from export.settings import GRAPHS
from export.signatures import PROBABILITIES, SERVING_DEFAULT, TEXT
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, sha256_of
from keras_pipeline.model import SentimentModel, load_model
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import split

Array = np.ndarray[Any, Any]

HOW_TO_INSTALL: Final = {
    FASTTEXT: fast_text.NOT_INSTALLED,
    MODEL2VEC: static_vectors.NOT_INSTALLED,
}
"""Said of peers that may be missing."""

_BEGAN_AT: Final = perf_counter()


def say(what: str) -> None:
    """What the run is doing, behind the seconds since its start; on stderr, stdout is for the table."""
    print(f"[{perf_counter() - _BEGAN_AT:6.0f} s] {what}", file=sys.stderr, flush=True)


class Bench:
    """One run's material.

    Args:
        plan: how much is measured.
        whole: the table; a quick run draws a smaller one from it.
        folder: new files go here.
        run: run folder of a model trained before, in place of training one.
        tables: folder of public tables, for the measurement of that name.

    Attributes:
        whole: the table as it is.
        source: the table that is used.
    """

    def __init__(
        self,
        plan: Plan,
        whole: DataSource,
        folder: Path,
        run: Path | None = None,
        tables: Path | None = None,
    ) -> None:
        self.plan = plan
        self.whole = whole
        self.folder = folder
        self.run = run
        self.tables = tables
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
    def learnable(self) -> tuple[Array, Array]:
        """Raw tweets and class ids for the peers that need no validation part.

        All that is not test, without rows that stand, once cleaned, in the test part.
        """
        tweets = self.tweets
        rest = np.setdiff1d(np.arange(len(tweets.labels)), self.test_rows)
        rest = rest[~np.isin(tweets.twins[rest], tweets.twins[self.test_rows])]
        return np.asarray(tweets.texts[rest]), tweets.labels[rest]

    @cache  # noqa: B019 (one Bench a process)
    def training(self, who: str, seed: int) -> Training:
        """This project's or the notebook's, trained in a process of its own."""
        say(f"training {who}, seed {seed}")
        to, epochs = self.folder, self.plan.epochs
        return train(who, self.source, self.tweets, seed=seed, to=to, epochs=epochs)

    @property
    def trained_run(self) -> Path | None:
        """The first seed's run folder, once it has been trained."""
        folder = folder_of(PRODUCT, self.plan.seeds[0], self.folder)
        return folder if (folder / "data.json").is_file() else None

    @cached_property
    def run_folder(self) -> Path:
        """The trained model whose speed is measured: `--run`, else the first seed's."""
        return self.run or self.training(PRODUCT, self.plan.seeds[0]).folder

    @cached_property
    def model(self) -> SentimentModel:
        """That model as a Keras object."""
        return load_model(self.run_folder)

    @cache  # noqa: B019
    def export(self, graph: str) -> Path:
        """Its SavedModel by one of `export.settings.GRAPHS`; by `keras`, what plain Keras would export."""
        model, path = self.model, self.folder / "exports" / graph
        say(f"exporting, graph {graph}")
        write_saved_model(model, path, graph)
        return path

    @property
    def product_export(self) -> Path:
        """Its SavedModel, as this project exports it."""
        return self.export(GRAPHS[0])

    @cached_property
    def notebook(self) -> Notebook:
        """The notebook's way with the words of the table and random weights, for speed."""
        return Notebook.untrained(self.learnable[0])

    @cached_property
    def tfidf(self) -> Tfidf:
        """The scikit-learn peer, trained."""
        say("training TF-IDF + logistic regression")
        return Tfidf().fit(*self.learnable)

    @cache  # noqa: B019
    def fast_text(self, seed: int) -> FastText | None:
        """The fastText peer, trained; None where it is not installed."""
        if not fast_text.is_installed():
            return None
        say(f"training fastText, seed {seed}")
        return FastText.train(*self.learnable, seed)

    @cached_property
    def model2vec(self) -> Model2Vec | None:
        """The model2vec peer, trained; None where it is not installed."""
        if not static_vectors.is_installed():
            return None
        say("training model2vec + logistic regression")
        return Model2Vec().fit(*self.learnable)

    @cached_property
    def contenders(self) -> dict[str, Call]:
        """Everyone who answers raw tweets in this process, as far as they are installed."""
        optional = {FASTTEXT: self.fast_text(self.plan.seeds[0]), MODEL2VEC: self.model2vec}
        calls: dict[str, Call] = {
            PRODUCT: signature_call(self.product_export),
            PLAIN_EXPORT: signature_call(self.export("keras")),
            NOTEBOOK: self.notebook.predict,
            COMPILED: self.notebook.predict_compiled,
            TFIDF: self.tfidf.predict,
        }
        return calls | {who: peer.predict for who, peer in optional.items() if peer is not None}


def signature_call(directory: Path) -> Call:
    """A SavedModel as a function: list of raw tweets -> `[batch, 3] float32` NumPy."""
    loaded = tf.saved_model.load(str(directory))
    signature = loaded.signatures[SERVING_DEFAULT]

    def call(texts: list[str]) -> Array:
        return signature(**{TEXT: tf.constant(texts)})[PROBABILITIES].numpy()

    call.owner = loaded  # type: ignore[attr-defined] # a signature does not keep its variables
    return call


def missing_contenders(calls: dict[str, Call], what: str, unit: str) -> list[Row]:
    """A row that says so for each peer that is not installed."""
    return [
        Row.missing(what, who, unit, note)
        for who, note in HOW_TO_INSTALL.items()
        if who not in calls
    ]
