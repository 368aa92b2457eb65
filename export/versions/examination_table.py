"""An examination from a table of labelled texts: CSV with any delimiter, JSON Lines or Parquet, packed or not.

    text,label
    "so happy, really",positive

UTF-8, a header, one row a text. Whatever is wrong is told with its line, and nothing is taken; rows
without a text or a label are left out, and counted.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import numpy as np

from export.errors import UnreadableRunError
from export.start.shown import listed, shown
from export.tables.compressed import START_BYTES, start_of, telling_damage, unpacked
from export.tables.delimiters import find_delimiter
from export.tables.errors import TableError
from export.tables.formats import CSV, kind_of
from export.tables.records import Records
from export.versions.examination import Examination

_LONGEST_CELL: Final = (
    10_000_000  # characters; Python's own limit, 131,072, is less than a long text
)
_NAMED: Final = 5


def read_table(
    path: Path, *, text_column: str, label_column: str, label_names: Sequence[str] | None
) -> Examination:
    """Read the rows of a CSV.

    Args:
        path: of the file.
        text_column: name of the column that holds raw texts.
        label_column: name of the column that holds labels in words.
        label_names: classes in the order of the versions that are to be judged; where there are none
            yet, those of the table in alphabetical order.

    Raises:
        UnreadableRunError: the file cannot be read as this, or holds labels that no version knows.
    """
    try:
        with (
            _long_cells(),
            telling_damage(path.name),
            path.open("rb", START_BYTES) as raw,
            closing(unpacked(raw)) as file,
        ):
            pairs = list(_pairs(*_rows(file, path.name, text_column, label_column)))
    except TableError as error:
        raise _refused("a table of labelled texts", f"examination={path}: {error}") from error
    except OSError as error:
        raise _refused("a CSV file", f"examination={path} ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _refused("a CSV file in UTF-8", f"examination={path} ({error.reason})") from error
    except csv.Error as error:
        raise _refused("a CSV file", f"examination={path}, {error}") from error
    kept = [(text, label) for text, label in pairs if text.strip() and label]
    names = tuple(label_names or sorted({label for _, label in kept}))
    _refuse_labels(path, Counter(label for _, label in kept), names)
    texts = np.empty(len(kept), object)
    texts[:] = [text for text, _ in kept]
    left_out = (
        f", {len(pairs) - len(kept):,} without text or label" if len(kept) < len(pairs) else ""
    )
    return Examination(
        texts=texts,
        labels=np.array([names.index(label) for _, label in kept], np.int64),
        label_names=names,
        source=f"{path.name}{left_out}",
        chosen=True,
    )


def _rows(
    file: io.BufferedReader, name: str, text_column: str, label_column: str
) -> tuple[Iterator[list[str]], int, int]:
    """Rows, and where texts and labels are; csv.Error for what is no table."""
    start = start_of(file)
    kind = kind_of(name, start)
    if kind == CSV:
        delimiter = find_delimiter(
            start.decode("utf-8-sig", errors="replace"), wanted=(text_column, label_column)
        )
        rows = _of_csv(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter)
        header = next(rows, [])
    else:
        records = Records(file, name, kind)
        rows, header = records, records.header
    for column in (text_column, label_column):
        if header.count(column) != 1:
            columns = shown(", ".join(header)) or "none"
            raise csv.Error(f"which must have one column `{column}`, with {columns}")
    return rows, header.index(text_column), header.index(label_column)


def _of_csv(file: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    """The header, and rows as wide as it."""
    try:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        width = 0
        for row in reader:
            if row and len(row) != (width or len(row)):
                raise csv.Error(f"with {len(row)} cells in line {reader.line_num}, not {width}")
            if row:
                width = len(row)
                yield row
    finally:
        with suppress(ValueError):  # closed already
            file.detach()  # whoever opened the bytes closes them


@contextmanager
def _long_cells() -> Iterator[None]:
    """Python's limit is one for the whole process: it is back when the table has been read, or refused."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _pairs(rows: Iterator[list[str]], text: int, label: int) -> Iterator[tuple[str, str]]:
    """Text and label of each row."""
    for row in rows:
        yield row[text], row[label].strip()


def _refuse_labels(path: Path, counts: Counter[str], names: Sequence[str]) -> None:
    unknown = [(label, rows) for label, rows in counts.most_common() if label not in names]
    if unknown:
        first = ", ".join(f"{label!r} ({rows:,} rows)" for label, rows in unknown[:_NAMED])
        raise _refused(f"rows labelled {listed(names, _NAMED)}", f"examination={path} with {first}")
    if len(names) < 2:
        raise _refused("rows of two classes at least", f"examination={path} with {len(names)}")


def _refused(expected: str, received: str) -> UnreadableRunError:
    return UnreadableRunError(f"`examination` must be {expected}. Received: {received}")
