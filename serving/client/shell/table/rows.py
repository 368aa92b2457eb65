"""Rows of a table: read with their lines, for messages; written so that equal rows are equal bytes."""

import csv
import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from export.start.shown import shown
from export.tables.compressed import start_of, telling_damage, unpacked
from export.tables.formats import CSV, kind_of
from export.tables.reading import Reading
from export.tables.records import Records
from serving.client.results import Prediction

RowWriter = Callable[[Sequence[str]], bytes]
"""Gives the line of a row, with its end."""
_FOUND_OUT: Final = Reading()
LONGEST_HEADER: Final = 300
"""Characters of a header in a message."""


class Rows(Iterator[list[str]]):
    """The rows of a table, each as wide as the header; empty lines are none.

    CSV, JSON Lines or Parquet, packed or not. Bytes of a CSV that are no UTF-8 come out of `row_writer` as they
    were.

    Args:
        file: To be read from its beginning; need not be seekable.
        name: Its name, for messages.
        reading: What is known of it.

    Attributes:
        header: Names of the columns; empty for an empty file.
        delimiter: As given or found; a comma where the file is no CSV.

    Raises:
        ValueError: The file is no such table; the message names the line.
    """

    def __init__(self, file: BinaryIO, name: str, reading: Reading = _FOUND_OUT) -> None:
        self._file = file
        self._name = name
        self.delimiter = reading.delimiter or ","
        self.header: list[str] = []
        with telling_damage(name):
            self._plain = unpacked(file)
            start = start_of(self._plain)
            kind = kind_of(name, start)
            if kind != CSV:
                if reading.columns:
                    raise ValueError(
                        "--columns names those of CSV files without a header; leave it out."
                        f" Received: {name}, which has names of its own"
                    )
                records = Records(self._plain, name, kind)
                self._rows: Iterator[list[str]] = records
                self.header = records.header
                return
        parsing = reading.parsing(start, name)
        self.delimiter = parsing["delimiter"]
        self._text = io.TextIOWrapper(self._plain, newline="", **reading.decoding(start))
        # Without `strict` a quote that is never closed takes the rest of the file for one text.
        self._reader = csv.reader(self._text, strict=True, **parsing)
        self._rows = self._of_csv()
        self.header = list(reading.columns) or next(self, [])

    def __next__(self) -> list[str]:
        with telling_damage(self._name):
            return next(self._rows)

    def _of_csv(self) -> Iterator[list[str]]:
        """The header, then the rows."""
        while True:
            line = self._reader.line_num + 1
            try:
                row = next(self._reader, None)
            except csv.Error as error:
                raise ValueError(
                    f"Not a row of a CSV file: is a quote not closed, or the delimiter another ({error})?"
                    f" Received: {self._name}, line {line}"
                ) from error
            if row is None:
                return
            if row:
                yield self._fitted(row, line) if self.header else row

    def _fitted(self, row: list[str], line: int) -> list[str]:
        """The row, filled up where it is short; one that is longer has been cut at a wrong place."""
        width = len(self.header)
        if any(row[width:]):
            raise ValueError(
                f"A row has {len(row)} cells, the header {width}: a text that holds the delimiter needs"
                f" quotes. Received: {self._name}, line {line}"
            )
        return [*row[:width], *[""] * (width - len(row))]

    def part_read(self) -> float | None:
        """How much of the file is read, 0 to 1; `None` where it has no size."""
        try:
            status = os.fstat(self._file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            position = os.lseek(self._file.fileno(), 0, os.SEEK_CUR)
        except OSError:
            return None
        return min(position / max(status.st_size, 1), 1.0)


@dataclass(frozen=True)
class Columns:
    """Which column is asked, and which are added.

    Attributes:
        text: Name of the column that holds the texts.
        prefix: Put before the names of the columns that are added.
        top: How many classes a row tells, the most probable first; `None` for a column for each.
    """

    text: str
    prefix: str = ""
    top: int | None = None

    def added(self, labels: Sequence[str] = ()) -> list[str]:
        """Names of the columns that are added for a model with these classes.

        >>> Columns("text", "p_").added(["joy", "fear"])
        ['p_label', 'p_score', 'p_known', 'p_probability_joy', 'p_probability_fear']
        >>> Columns("text", top=2).added(["joy", "fear", "anger"])
        ['label', 'score', 'known', 'label_2', 'score_2']
        """
        names = ["label", "score", "known"]
        if self.top is None:
            names += (f"probability_{label}" for label in labels)
        else:
            places = range(2, min(self.top, len(labels)) + 1)
            names += (f"{name}_{place}" for place in places for name in ("label", "score"))
        return [f"{self.prefix}{name}" for name in names]

    def header(self, header: Sequence[str], labels: Sequence[str]) -> list[str]:
        """The header with the columns that are added.

        Raises:
            ValueError: It has one of these already.
        """
        for name in (added := self.added(labels)):
            if name in header:
                raise ValueError(
                    f'The CSV file has a column "{name}" already, which is one of those to be added;'
                    f" give them other names, as with --column-prefix predicted_."
                    f" Received: --column-prefix={self.prefix}"
                )
        return [*header, *added]

    def position(self, header: Sequence[str]) -> int:
        """Where the texts are.

        Raises:
            ValueError: The header has no such column, or has it twice.
        """
        if header.count(self.text) != 1:
            columns = shown(", ".join(header), LONGEST_HEADER) or "nothing"
            raise ValueError(
                "The CSV file must have one column for the texts; choose it with --text-column, and how"
                f" cells are told apart with --delimiter. Received: --text-column={self.text}, columns:"
                f" {columns}"
            )
        return header.index(self.text)

    def cells(self, prediction: Prediction) -> list[str]:
        """What is added to a row, below `added`; `known` is empty where the model does not tell it."""
        known = "" if prediction.known is None else f"{prediction.known:.6f}"
        found = [prediction.label, f"{prediction.score:.6f}", known]
        if self.top is None:
            return [*found, *(f"{number:.6f}" for number in prediction.probabilities.values())]
        others = list(prediction.best(self.top).items())[1:]
        return [*found, *(cell for label, number in others for cell in (label, f"{number:.6f}"))]


def row_writer(delimiter: str) -> RowWriter:
    r"""A function that gives a row's line.

    >>> row_writer(",")(["two, quoted", "a\rb", "c"])
    b'"two, quoted","a\rb",c\n'
    """
    # Told that lines end with both, the writer quotes both; told "\n", Python up to 3.12 leaves "\r" bare,
    # and a reader takes what follows for a row of its own.
    writer = csv.writer(_Echo(), delimiter=delimiter, lineterminator="\r\n")

    def line(row: Sequence[str]) -> bytes:
        text: str = writer.writerow(row)
        return f"{text[:-2]}\n".encode("utf-8", "surrogateescape")

    return line


class _Echo:
    """A file that hands back what is written: `writerow` returns it."""

    def write(self, text: str) -> str:
        return text
