"""A table of whatever kind, piece by piece, every cell a text: what all who read labelled rows begin with.

CSV with any delimiter goes through pandas; JSON Lines and Parquet through `export.tables`. All may be packed.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pandas as pd

from export.tables.compressed import START_BYTES, start_of, telling_damage, unpacked
from export.tables.delimiters import find_delimiter, quotes_are_text
from export.tables.errors import TableError
from export.tables.formats import CSV, kind_of
from export.tables.records import Records
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.csv_errors import (
    CELLS_AS_TEXT,
    check_columns,
    check_width,
    explain_csv_errors,
    refuse_what_is_no_file,
    refuse_what_is_no_text,
)

CHUNK_ROWS: Final = 10_000

_MENDED: Final = (
    ", as wide as its rows; one without is read by --columns, other delimiters by --delimiter"
)
_QUOTE_NONE: Final = 3  # csv.QUOTE_NONE, as pandas wants it


def read_chunks(
    path: Path, source: DataSource, rows: int = CHUNK_ROWS, *, labelled: bool = True
) -> Iterator[pd.DataFrame]:
    """The file piece by piece, all its columns; NaN for an empty cell.

    Args:
        path: one of the source's files.
        source: how to read it.
        rows: of a piece.
        labelled: whether it must have the column of labels, too.

    Raises:
        UserError: no such file, or none of a kind that is known; a column missing; bytes that do not decode.
    """
    with _opened(path) as file:
        start = start_of(file)
        if kind_of(path.name, start) == CSV:
            chunks = _csv(path, file, start, source, rows, labelled=labelled)
        else:
            chunks = _records(path, file, start, source, rows)
        with closing(chunks):  # before the file, where the caller wants no more
            for chunk in chunks:
                check_columns(chunk, path, source, labelled=labelled)
                yield chunk


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    refuse_what_is_no_file(path)
    try:
        with (
            telling_damage(path),
            path.open("rb", START_BYTES) as raw,
            closing(unpacked(raw)) as file,
        ):
            yield file
    except TableError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(
            f"`data` must be readable. Received: data={path} ({error.strerror or error})"
        ) from None


def _csv(
    path: Path, file: BinaryIO, start: bytes, source: DataSource, rows: int, *, labelled: bool
) -> Generator[pd.DataFrame]:
    refuse_what_is_no_text(path, start, source.encoding)
    with explain_csv_errors(path, source.encoding):
        options = _csv_options(path, start, source, labelled=labelled)
        # Every column is parsed, though two are kept: asked for two, pandas would not notice a row with
        # a delimiter too many.
        with pd.read_csv(
            file, encoding=source.encoding, chunksize=rows, **options, **CELLS_AS_TEXT
        ) as reader:
            for chunk in reader:
                check_width(chunk, path, _MENDED)
                yield chunk


def _csv_options(path: Path, start: bytes, source: DataSource, *, labelled: bool) -> dict[str, Any]:
    names, quotes = source.columns, source.quotes
    text = start.decode(source.encoding, errors="replace")
    delimiter = source.delimiter or find_delimiter(
        text,
        path.name,
        wanted=() if names else [source.text_column, *([source.label_column] if labelled else [])],
        width=len(names) if names else None,
        quotes=quotes,
    )
    if delimiter == "\t" and quotes:
        quotes = not quotes_are_text(text, delimiter)
    header: dict[str, Any] = {"header": None, "names": list(names)} if names else {}
    return {"sep": delimiter, **header, **({} if quotes else {"quoting": _QUOTE_NONE})}


def _records(
    path: Path, file: BinaryIO, start: bytes, source: DataSource, rows: int
) -> Generator[pd.DataFrame]:
    if source.columns:
        raise UserError(
            f"`--columns` names those of CSV files without a header; leave it out. Received: `{path}`, which "
            "has names of its own"
        )
    records = Records(file, str(path), kind_of(path.name, start))
    while piece := list(islice(records, rows)):
        yield pd.DataFrame(piece, columns=records.header, dtype=object).replace("", np.nan)
