"""A CSV that cannot be read, in one sentence: what is wrong with it and what to try."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from keras_pipeline.errors import UserError

if TYPE_CHECKING:
    from keras_pipeline.data_source import DataSource

_SNIFFED_BYTES = 65_536

CELLS_AS_TEXT: Final[dict[str, Any]] = {
    "dtype": object,
    # Only an empty cell is missing: a tweet that reads "null" or "NA" is a tweet.
    "keep_default_na": False,
    "na_values": [""],
}
"""Options of `pandas.read_csv` for tables of tweets."""


@contextmanager
def explain_csv_errors(source: "DataSource") -> Iterator[None]:
    """Turn what goes wrong while reading `source` into a `UserError`.

    Raises:
        UserError: no such file, empty, no CSV, a column missing, bytes that do not decode.
    """
    path = source.path
    _refuse_what_is_no_text(path, source.encoding)
    try:
        yield
    except pd.errors.EmptyDataError:
        raise UserError(
            f"`{path}` must be a CSV with a header row. Received: an empty file"
        ) from None
    except (UnicodeDecodeError, UnicodeError):
        raise UserError(_undecodable(path, source.encoding)) from None
    except LookupError:
        raise UserError(
            f"`encoding` must be one that Python knows, such as utf-8 or latin-1. "
            f"Received: encoding={source.encoding!r}"
        ) from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise UserError(f"`{path}` must be a CSV with one header row. Received: {reason}") from None


def check_columns(chunk: pd.DataFrame, source: "DataSource") -> None:
    """Refuse a table without the two columns, or with more cells a row than its header has.

    Raises:
        UserError: as told.
    """
    check_width(chunk, source.path)
    wanted = {"text-column": source.text_column, "label-column": source.label_column}
    missing = [f"`{name}` (--{option})" for option, name in wanted.items() if name not in chunk]
    if missing:
        named = ", ".join(f"`{name}`" for name in list(chunk)[:20])
        raise UserError(
            f"`{source.path}` must have the column {' and '.join(missing)}. Received columns: {named}"
        )


def check_width(table: pd.DataFrame, path: Path) -> None:
    """Refuse a table with more cells a row than its header has: pandas takes the first ones for an index.

    Raises:
        UserError: as told.
    """
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(
            f"`{path}` must be a CSV with one header row. Received: rows of more cells than the header"
        )


def _refuse_what_is_no_text(path: Path, encoding: str) -> None:
    """No file, a folder, or bytes no CSV has (NUL, unless the encoding has them)."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise UserError(f"`data` must be a CSV file. Received: data={path} ({found})")
    try:
        with path.open("rb") as file:
            start = file.read(_SNIFFED_BYTES)
    except OSError as error:
        raise UserError(
            f"`data` must be readable. Received: data={path} ({error.strerror})"
        ) from None
    wide = re.match(r"utf[-_]?(16|32)", encoding, re.IGNORECASE)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and not wide:
        raise UserError(f"`{path}` starts with a UTF-16 mark; try --encoding utf-16")
    if b"\0" in start and not wide:
        raise UserError(f"`{path}` must be a CSV. Received: binary data (it holds NUL bytes)")


def _undecodable(path: Path, encoding: str) -> str:
    """Name the first row that does not decode, and an encoding that would do."""
    row = next(_undecodable_rows(path, encoding), None)
    where = f"row {row:,}" if row else "some row"
    return (
        f"`{path}` must be {encoding} text; try --encoding {_encoding_that_fits(path)}. "
        f"Received: bytes in {where} that are not {encoding}"
    )


def _undecodable_rows(path: Path, encoding: str) -> Iterator[int]:
    """Numbers of the data rows (the first below the header is 1) that hold such bytes."""
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            for number, row in enumerate(csv.reader(file)):
                if any("\udc80" <= character <= "\udcff" for cell in row for character in cell):
                    yield number
    except (UnicodeError, csv.Error):
        return


def _encoding_that_fits(path: Path) -> str:
    """cp1252 where every byte of the file has a meaning in it, else latin-1, which takes any byte."""
    try:
        with path.open(encoding="cp1252") as file:
            while file.read(_SNIFFED_BYTES):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
