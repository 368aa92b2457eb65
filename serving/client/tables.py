"""A CSV file in, the same file with sentiments out."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from export.signatures import LABELS
from serving.client.results import Prediction

_ROWS_AT_ONCE: Final = 4096
"""Rows held in memory and sent before the next are read: eight requests of the default size."""

Report = Callable[[float, int], None]
"""Told the part of the file that is done, 0 to 1, and the number of rows."""


def predict_table(
    source: Path,
    target: Path,
    column: str,
    predict: Callable[[Sequence[str]], list[Prediction]],
    report: Report,
) -> int:
    """Copy a CSV file with columns `label`, `score` and one probability for each label added.

    The target appears once it is complete. Bytes that are no UTF-8 are copied as they are.

    Args:
        source: CSV file with a header.
        target: CSV file to write.
        column: Name of the column that holds the texts.
        predict: Gives the sentiments of a list of texts.
        report: Is told the progress.

    Returns:
        Number of rows written.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The source has no such column, or is no CSV.
    """
    partial = target.with_name(f"{target.name}.part")
    try:
        with _open(source, "r", "utf-8-sig") as text, _open(partial, "w", "utf-8") as out:
            rows = _copy(text, out, column, predict, report)
        partial.replace(target)
    except csv.Error as error:
        raise ValueError(f"{source} is not a CSV file that can be read: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _open(path: Path, mode: Literal["r", "w"], encoding: str) -> io.TextIOWrapper:
    return path.open(mode, encoding=encoding, errors="surrogateescape", newline="")


def _copy(
    text: io.TextIOWrapper,
    out: io.TextIOWrapper,
    column: str,
    predict: Callable[[Sequence[str]], list[Prediction]],
    report: Report,
) -> int:
    size = max(os.fstat(text.fileno()).st_size, 1)
    reader = csv.reader(text)
    writer = csv.writer(out, lineterminator="\n")
    header = next(reader, [])
    if column not in header:
        raise ValueError(
            f'The CSV file has no column "{column}", only: {", ".join(header) or "nothing"}; choose'
            " one with --text-column"
        )
    writer.writerow([*header, "label", "score", *(f"probability_{label}" for label in LABELS)])
    position, count = header.index(column), 0
    for rows in _pieces(reader):
        predictions = predict([_cell(row, position) for row in rows])
        writer.writerows(map(_with_sentiment, rows, predictions, [len(header)] * len(rows)))
        count += len(rows)
        report(min(os.lseek(text.fileno(), 0, os.SEEK_CUR) / size, 1.0), count)
    report(1.0, count)
    return count


def _pieces(reader: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while rows := list(islice(reader, _ROWS_AT_ONCE)):
        # csv yields an empty row for an empty line; it is no record.
        yield [row for row in rows if row]


def _cell(row: Sequence[str], position: int) -> str:
    return row[position] if position < len(row) else ""


def _with_sentiment(row: Sequence[str], prediction: Prediction, width: int) -> list[str]:
    """The row, filled up where it is short, so that the new columns stand below their names."""
    filled = [*row, *[""] * (width - len(row))]
    numbers = (prediction.score, *(prediction.probabilities[label] for label in LABELS))
    return [*filled, prediction.label, *(f"{number:.6f}" for number in numbers)]
