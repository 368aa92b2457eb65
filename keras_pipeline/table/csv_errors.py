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
def explain_csv_errors(path: Path, encoding: str) -> Iterator[None]:
    """Turn what goes wrong while reading a CSV into a `UserError`.

    Raises:
        UserError: empty, no CSV, bytes that do not decode.
    """
    try:
        yield
    except pd.errors.EmptyDataError:
        raise UserError(
            f"`{path}` must be a CSV with a header row. Received: an empty file"
        ) from None
    except (UnicodeDecodeError, UnicodeError):
        raise UserError(_undecodable(path, encoding)) from None
    except LookupError:
        raise UserError(
            f"`encoding` must be one that Python knows, such as utf-8 or latin-1. "
            f"Received: encoding={encoding!r}"
        ) from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise UserError(
            f"`{path}` must be a CSV with one header row; a delimiter can be named by --delimiter, and "
            f"--no-quotes takes quotes for text. Received: {reason}"
        ) from None


def check_columns(
    chunk: pd.DataFrame, path: Path, source: "DataSource", *, labelled: bool = True
) -> None:
    """Refuse a table without the two columns; or without the one of texts, where labels are not asked for.

    Raises:
        UserError: as told.
    """
    wanted = source.found_columns(list(chunk), labelled=labelled)
    missing = [
        f"`{name}` (--{option})"
        for option, name in zip(("text-column", "label-column"), wanted, strict=False)
        if name not in chunk
    ]
    if missing:
        named = ", ".join(f"`{name}`" for name in list(chunk)[:20])
        mended = "; --delimiter tells what parts them" if len(chunk.columns) == 1 else ""
        raise UserError(
            f"`{path}` must have the column {' and '.join(missing)}{mended}. Received columns: {named}"
        )


def check_width(table: pd.DataFrame, path: Path, mended: str = "") -> None:
    """Refuse a table with more cells a row than its header has: pandas takes the first ones for an index.

    Args:
        table: as pandas read it.
        path: for messages.
        mended: what to do, such as an option; nothing where there is none.

    Raises:
        UserError: as told.
    """
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(
            f"`{path}` must be a CSV with one header row{mended}. Received: rows of more cells than the header"
        )


def refuse_what_is_no_file(path: Path, option: str = "data") -> None:
    """No file, or a folder.

    Args:
        path: what is given.
        option: that names it.

    Raises:
        UserError: as told.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise UserError(f"`{option}` must be a CSV file. Received: {option}={path} ({found})")


def start_of_file(path: Path) -> bytes:
    """The first bytes of a file that must be there.

    Raises:
        UserError: it is not, or cannot be read.
    """
    refuse_what_is_no_file(path)
    try:
        with path.open("rb") as file:
            return file.read(_SNIFFED_BYTES)
    except OSError as error:
        raise UserError(
            f"`data` must be readable. Received: data={path} ({error.strerror})"
        ) from None


def refuse_what_is_no_text(path: Path, start: bytes, encoding: str) -> None:
    """Bytes that no CSV has: NUL, unless the encoding has them.

    Args:
        path: for messages.
        start: the first bytes of the file, unpacked.
        encoding: a codec's name.

    Raises:
        UserError: as told.
    """
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
