"""Made-up rows for models of other people's."""

import csv

import numpy as np
import pytest
from trained_runs import write_table

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
