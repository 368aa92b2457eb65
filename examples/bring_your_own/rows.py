"""A table with the columns `text` and `sentiment`, as texts and numbers: what the three examples learn from."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("negative", "neutral", "positive")
TEST_ROWS = 240
"""The last ones; the gate wants 200 at least, and 20 of each class."""

Array = np.ndarray[Any, Any]


def read_rows(table: Path, names: tuple[str, ...] = NAMES) -> tuple[Array, Array]:
    """Texts `[rows] object`, and the position of their label in `names`, `[rows] int64`; other rows are left out."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["sentiment"] in names]
    labels = [names.index(row["sentiment"]) for row in rows]
    return np.array([row["text"] for row in rows], object), np.array(labels)


def write_rows(path: Path, texts: Array, labels: Array, names: tuple[str, ...]) -> Path:
    """The same as a table, for `--test-data`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "sentiment"])
        writer.writerows((text, names[label]) for text, label in zip(texts, labels, strict=True))
    return path
