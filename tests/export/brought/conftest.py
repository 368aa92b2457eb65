"""Made-up rows for models of other people's, and one process for all of their gates."""

import csv

import numpy as np
import pytest
from shared_process import SharedProcess
from trained_runs import write_table

from export.gate import fresh_process
from export.gate.quality import TestSplit

NAMES = ("negative", "neutral", "positive")


class Rows:
    """Texts to learn from and to be tested on, of some classes."""

    def __init__(self, table, names):
        with table.open() as file:
            kept = [row for row in csv.DictReader(file) if row["sentiment"] in names]
        self.names = names
        texts = np.array([row["text"] for row in kept], object)
        labels = np.array([names.index(row["sentiment"]) for row in kept])
        cut = len(kept) - 240
        self.texts, self.labels = texts[:cut], labels[:cut]
        self.split = TestSplit(texts[cut:], labels[cut:])


@pytest.fixture(scope="session")
def made_table(tmp_path_factory):
    """900 rows: the last of them are the test part of every model here."""
    return write_table(tmp_path_factory.mktemp("rows") / "rows.csv", "english", 900, seed=1)


@pytest.fixture(scope="session")
def rows_of(made_table):
    """Rows of three classes; those of a model by the name of binary_... are of two."""
    three, two = Rows(made_table, NAMES), Rows(made_table, (NAMES[0], NAMES[2]))
    return lambda name: two if name.startswith("binary") else three


@pytest.fixture(scope="session")
def one_process(tmp_path_factory):
    process = SharedProcess(tmp_path_factory.mktemp("process") / "errors.txt")
    yield process
    process.close()


@pytest.fixture
def quick_gate(one_process, monkeypatch):
    """The whole gate, but that TensorFlow is imported once for all models."""
    monkeypatch.setattr(fresh_process, "run_alone", one_process.run_alone)
    return one_process


class Published:
    """What the models of the zoo were published as.

    Attributes:
        folder: each under its name.
        answers: by name, the rows, and what the version answered to their test part in the gate's process.
    """

    def __init__(self, folder):
        self.folder, self.answers = folder, {}


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    return Published(tmp_path_factory.mktemp("published"))
