"""Several files that are one table: `--csv part-1.csv part-2.csv`, a folder, a glob."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from export.start.shown import shown
from export.tables.paths import table_files
from export.tables.reading import Reading
from serving.client.shell.sources import STANDARD, naming, open_source
from serving.client.shell.table.rows import LONGEST_HEADER, Rows

if TYPE_CHECKING:
    from typing import Self

OPTION: Final = "--csv"


class FileRows(Iterator[list[str]]):
    """The rows of all files, one open at a time; each file has the columns of the first.

        with FileRows(["in.csv"], Reading()) as rows:
            print(rows.header, next(rows))

    Args:
        names: Files, folders and globs; or `-` for standard input alone.
        reading: What is known of them.

    Attributes:
        header: Names of the columns.
        delimiter: Of the first file.
        inputs: What each file is, so that none of them is written to.

    Raises:
        OSError: The first cannot be read, or another is not there.
        ValueError: The first is no table, or `-` does not stand alone.
    """

    def __init__(self, names: Sequence[str], reading: Reading) -> None:
        if STANDARD in names and len(names) > 1:
            raise ValueError(
                f"- for standard input stands alone. Received: {OPTION}={' '.join(names)}"
            )
        self._names = (
            list(names) if STANDARD in names else [str(path) for path in table_files(names, OPTION)]
        )
        self._reading = reading
        self.inputs = [status for name in self._names if (status := _status(name))]
        self._at = 0
        self._file, self._rows = self._opened()
        self.header, self.delimiter = self._rows.header, self._rows.delimiter

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __next__(self) -> list[str]:
        while (row := next(self._rows, None)) is None:
            if self._at + 1 == len(self._names):
                raise StopIteration
            self._file.close()
            self._at += 1
            self._file, self._rows = self._opened()
        return row

    def part_read(self) -> float | None:
        """How much of the files is read, 0 to 1; `None` where the open one has no size."""
        part = self._rows.part_read()
        return None if part is None else (self._at + part) / len(self._names)

    def _opened(self) -> tuple[BinaryIO, Rows]:
        name = self._names[self._at]
        file = open_source(OPTION, name)
        try:
            rows = Rows(file, name, self._reading)
            self._check_columns(name, rows.header)
        except BaseException:
            file.close()
            raise
        return file, rows

    def _check_columns(self, name: str, header: list[str]) -> None:
        if self._at and header != self.header:
            raise ValueError(
                f"Every file must have the columns of {self._names[0]}. Received: {OPTION}={name}, columns:"
                f" {shown(', '.join(header), LONGEST_HEADER) or 'nothing'}"
            )


def _status(name: str) -> os.stat_result | None:
    """None of a stream that is no file, as where a test stands in for standard input."""
    if name != STANDARD:
        with naming("read the file", OPTION, name):
            return Path(name).stat()
    with suppress(OSError):
        return None if sys.stdin is None else os.fstat(sys.stdin.fileno())
    return None
