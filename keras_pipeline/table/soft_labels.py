"""A teacher's answers: probabilities for tweets of the table, and for tweets that have no label.

    text,negative,neutral,positive
    I love it,0.01,0.07,0.92

Whatever wrote the file: a larger model, an ensemble, several people. A row belongs to the tweets of the
table with the very same text (or the same id, where the file has the table's id column instead); a
text that the table does not have is one more tweet to learn from.
"""

import codecs
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.csv_errors import (
    CELLS_AS_TEXT,
    check_width,
    explain_csv_errors,
    refuse_what_is_no_text,
    start_of_file,
)
from keras_pipeline.table.stored_texts import Texts

_SUM_TOLERANCE: Final = 0.02
"""Probabilities written with two decimals may miss a sum of 1 by so much."""


@dataclasses.dataclass(frozen=True, eq=False)
class SoftLabels:
    """What the teacher says.

    Attributes:
        by: `text` or `id`: what `keys` are.
        keys: texts or ids, each once, `[rows]` object array of str.
        probabilities: `[rows, classes] float32`, each row's sum is 1.
    """

    by: str
    keys: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.keys)

    def match(self, keys: Texts) -> np.ndarray[Any, Any]:
        """Position of each key among the teacher's, -1 where it has none: `[n] str -> [n] int64`."""
        return pd.Index(self.keys).get_indexer(pd.Index(np.asarray(keys)))


def read_soft_labels(path: Path, source: DataSource, names: Sequence[str]) -> SoftLabels:
    """Read the file; of rows with one key the first counts.

    Args:
        path: a CSV with a column for each class, and the text or id column of `source`.
        source: the labelled table; its column names are those of the file, too, and so is its encoding, unless
            the file begins with UTF-8's mark.
        names: of the classes.

    Raises:
        UserError: no such file, no CSV, a column missing, rows of more cells than the header, or numbers
            that are no probabilities.
    """
    start = start_of_file(path)
    encoding = "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else source.encoding
    refuse_what_is_no_text(path, start, encoding)
    with explain_csv_errors(path, encoding):
        table = pd.read_csv(path, encoding=encoding, **CELLS_AS_TEXT)
    check_width(table, path)
    by = _key_column(table, path, source, names)
    column = source.text_column if by == "text" else source.id_column
    table = table.dropna(subset=[column]).drop_duplicates(column)
    return SoftLabels(by, table[column].to_numpy(dtype=object), _probabilities(table, path, names))


def _key_column(table: pd.DataFrame, path: Path, source: DataSource, names: Sequence[str]) -> str:
    missing = [name for name in names if name not in table]
    by = next(
        (
            kind
            for kind, column in (("text", source.text_column), ("id", source.id_column))
            if column in table
        ),
        None,
    )
    if missing or by is None:
        named = ", ".join(f"`{name}`" for name in table.columns[:20])
        raise UserError(
            f"`{path}` must have the columns {', '.join(names)}, and `{source.text_column}` or "
            f"`{source.id_column}`. Received columns: {named}"
        )
    return by


def _probabilities(table: pd.DataFrame, path: Path, names: Sequence[str]) -> np.ndarray[Any, Any]:
    numbers = table[list(names)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    sums = numbers.sum(axis=1)
    wrong = ~((numbers >= 0).all(axis=1) & (np.abs(sums - 1) <= _SUM_TOLERANCE))
    if wrong.any():
        row = int(wrong.argmax())
        received = ", ".join(str(table.iloc[row][name]) for name in names)
        raise UserError(
            f"`{path}` must hold probabilities, one for each class, whose sum is 1. "
            f"Received: {received} in row {table.index[row] + 1:,}"
        )
    return (numbers / sums[:, None]).astype(np.float32)
