"""An examination from a CSV file of labelled texts.

    text,label
    "so happy, really",positive

UTF-8, a header, one row a text. Whatever is wrong is told with its line, and nothing is taken; rows
without a text or a label are left out, and counted.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from export.errors import UnreadableRunError
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
        with path.open(encoding="utf-8-sig", newline="") as file:
            pairs = list(_pairs(file, text_column, label_column))
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


def _pairs(file: Iterator[str], text_column: str, label_column: str) -> Iterator[tuple[str, str]]:
    """Text and label of each row; csv.Error for what is no table."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        for column in (text_column, label_column):
            if header.count(column) != 1:
                columns = ", ".join(header) or "none"
                raise csv.Error(f"which must have one column `{column}`, with {columns}")
        text, label = header.index(text_column), header.index(label_column)
        for row in reader:
            if row and len(row) != len(header):
                raise csv.Error(
                    f"with {len(row)} cells in line {reader.line_num}, not {len(header)}"
                )
            if row:
                yield row[text], row[label].strip()
    finally:
        csv.field_size_limit(limit)


def _refuse_labels(path: Path, counts: Counter[str], names: Sequence[str]) -> None:
    unknown = [(label, rows) for label, rows in counts.most_common() if label not in names]
    if unknown:
        shown = ", ".join(f"{label!r} ({rows:,} rows)" for label, rows in unknown[:_NAMED])
        raise _refused(f"rows labelled {', '.join(names)}", f"examination={path} with {shown}")
    if len(names) < 2:
        raise _refused("rows of two classes at least", f"examination={path} with {len(names)}")


def _refused(expected: str, received: str) -> UnreadableRunError:
    return UnreadableRunError(f"`examination` must be {expected}. Received: {received}")
