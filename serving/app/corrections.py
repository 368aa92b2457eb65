"""What people correct, row by row in a CSV file that `--data` of a training takes."""

import csv
import fcntl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from export.start.utf8 import encode_text
from serving.client.results import Prediction
from serving.client.shell.table.rows import row_writer

COLUMNS: Final = ("text", "sentiment", "answer", "score", "asked", "at")
"""The first two are what a training reads; the others tell people who said what, and when."""


def add_correction(path: Path, text: str, right: str, answer: Prediction, asked: str) -> int:
    """Add a row, after those that are there; several people may add at once.

    Args:
        path: The file; it and its folder are made where they are missing.
        text: As it was typed.
        right: The label that is right.
        answer: What the model said.
        asked: The version that said so, in words.

    Returns:
        Number of rows in the file now.

    Raises:
        OSError: It cannot be written.
        ValueError: The file is no such table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    row = [text, right, answer.label, f"{answer.score:.4f}", asked, at]
    line = row_writer(",")
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        count = _count(path)
        # In one write: a full disk or a kill must not leave half a row before the next one.
        file.write(
            b"".join(([] if count is not None else [line(COLUMNS)]) + [line(_sendable(row))])
        )
    return (count or 0) + 1


def _count(path: Path) -> int | None:
    """Rows of the file; `None` where it is empty."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            rows = csv.reader(file, strict=True)
            header = next(rows, None)
            count = sum(1 for _ in rows)
        except csv.Error as error:
            raise ValueError(
                f"The file for corrections is damaged ({error}). Received: {path}"
            ) from error
    if header is not None and tuple(header) != COLUMNS:
        raise ValueError(
            f"The file for corrections must have the columns {', '.join(COLUMNS)}: move it away, or start with"
            f" another --corrections. Received: {path}"
        )
    return None if header is None else count


def _sendable(cells: Sequence[str]) -> list[str]:
    """Half a surrogate pair, which a browser may send, is U+FFFD, as it was to the model."""
    return [encode_text(cell).decode() for cell in cells]
