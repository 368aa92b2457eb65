"""The rows that a stopped job has written: each is compared with the input before one is added."""

import io
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from serving.client.shell.table.rows import Columns, RowWriter

_NUMBER: Final = rb"-?\d\.\d{6}"


class Kept:
    """The rows of an unfinished table.

    A row counts if it is the input's row at its place, byte for byte as this command writes it, and then
    label, score and the rest. The last may have been cut off anywhere, as when a machine stops; it is
    taken away and asked again. Anything else is somebody's file or of another input: it stays as it is.

    Args:
        file: To be read and written.
        head: The header's line.
        line: Gives the line of a row.
        answers: What a row holds after the input's cells; `answers` gives it.
        received: The option and name of the file, for messages.
    """

    def __init__(
        self,
        file: io.BufferedRandom,
        head: bytes,
        line: RowWriter,
        answers: re.Pattern[bytes],
        received: str,
    ) -> None:
        self._file = file
        self._head = head
        self._line = line
        self._answers = answers
        self._received = received

    def check(self, rows: Iterator[list[str]]) -> tuple[int, Iterator[list[str]]]:
        """Compare, and leave the file ready for the next row.

        Args:
            rows: The input's.

        Returns:
            Number of rows that are there, and the input's rows that are not.

        Raises:
            ValueError: The file holds something else.
        """
        count, end = 0, len(self._head)
        found = self._file.read(end)
        if found != self._head:
            if not self._head.startswith(found):
                raise self._stranger("header")
            self._cut(0)
            self._file.write(self._head)
            return 0, rows
        while self._file.peek(1):
            row = next(rows, None)
            if row is None:
                raise self._stranger(f"row {count + 1}, where the input ends,")
            size = self._match(row, count + 1)
            if size is None:
                rows = chain([row], rows)
                break
            count, end = count + 1, end + size
        self._cut(end)
        return count, rows

    def _match(self, row: list[str], number: int) -> int | None:
        """Bytes of the row that stands next in the file; none if it was cut off."""
        wanted = self._line([*row, ""])[:-1]
        found = self._file.read(len(wanted)) + self._file.readline()
        ours = found.startswith(wanted)
        # A class may have a name of several lines.
        while (quoted := found.count(b'"', len(wanted)) % 2) and ours and self._file.peek(1):
            found += self._file.readline()
        if ours and self._answers.fullmatch(found, len(wanted)):
            return len(found)
        cut_off = wanted.startswith(found) or (ours and (quoted or not found.endswith(b"\n")))
        if cut_off and not self._file.peek(1):
            return None
        raise self._stranger(f"row {number}")

    def _cut(self, end: int) -> None:
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)

    def _stranger(self, what: str) -> ValueError:
        return ValueError(
            f"--resume goes on with rows of the same input and options only, and its {what} is not of"
            f" these: move the file away, or choose another --out. Received: {self._received}"
        )


def answers(columns: Columns, labels: Sequence[str], line: RowWriter) -> re.Pattern[bytes]:
    """What `Columns.cells` may give for a model with these classes, as it stands in a line.

    Args:
        columns: Those that are added.
        labels: Class names.
        line: Gives the line of a row.
    """
    # With an empty cell after it, for a name that is empty is written otherwise alone.
    delimiter = line(["", ""])[:-1]
    names = (re.escape(line([label, ""])[: -1 - len(delimiter)]) for label in labels)
    label = b"(?:%s)" % b"|".join(names)
    cells = [label, _NUMBER, b"(?:%s)?" % _NUMBER]
    others = len(columns.added(labels)) - len(cells)
    cells += [_NUMBER] * others if columns.top is None else [label, _NUMBER] * (others // 2)
    return re.compile(re.escape(delimiter).join(cells) + b"\n")
