"""One file of the output: rows with their answers, as Parquet, CSV or JSON Lines; equal rows are equal bytes."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

from export.start.shown import shown
from export.start.utf8 import encode_text
from export.tables.records import cell_text
from serving.score.errors import ScoreError
from serving.score.model import Answers
from serving.score.pieces.rows import Batch

FORMATS: Final = ("parquet", "csv", "jsonl")
_ROWS_A_GROUP: Final = 65_536


@dataclass(frozen=True)
class Columns:
    """Of the output.

    Attributes:
        kept: Copied ones.
        classes: Names of the model's classes.
        prefix: Put before the names of those that are added.
        arrow_types: Of the kept ones in Parquet; by default text.
    """

    kept: tuple[str, ...]
    classes: tuple[str, ...]
    prefix: str
    arrow_types: dict[str, str]

    @property
    def added(self) -> list[str]:
        """As the client's bulk mode names them.

        >>> Columns((), ("joy", "fear"), "p_", {}).added
        ['p_label', 'p_score', 'p_known', 'p_probability_joy', 'p_probability_fear']
        """
        names = ["label", "score", "known", *(f"probability_{name}" for name in self.classes)]
        return [f"{self.prefix}{name}" for name in names]

    def check(self) -> None:
        """Refuse two columns of one name.

        Raises:
            ScoreError: There are such.
        """
        taken = [name for name in self.added if name in self.kept]
        if taken:
            raise ScoreError(
                f"The table has a column {shown(taken[0])} already, which is one of those to be added; leave it out by "
                "--keep-columns, or give them other names, as by --column-prefix predicted_. "
                f"Received: --column-prefix={self.prefix}"
            )


class Writer(Protocol):
    """Takes batches, and writes what is left at the end."""

    def add(self, batch: Batch, answers: Answers) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write what is left; the file stays open."""


def open_writer(name: str, file: BinaryIO, columns: Columns) -> Writer:
    """A writer of one of `FORMATS`."""
    kinds: dict[str, Any] = {"csv": _Csv, "jsonl": _JsonLines, "parquet": _Parquet}
    writer: Writer = kinds[name](file, columns)
    return writer


def _values(column: Any) -> Sequence[Any]:
    return column.to_pylist() if hasattr(column, "to_pylist") else column


class _Csv:
    """Cells of the input as they were, numbers with six digits, lines that end by LF."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file = file
        # Told "\n", Python up to 3.12 leaves a bare "\r" unquoted; what `writerow` returns is the line.
        self._line = csv.writer(_Echo(), lineterminator="\r\n").writerow
        self._write([[*columns.kept, *columns.added]])

    def add(self, batch: Batch, answers: Answers) -> None:
        kept = [list(map(cell_text, _values(column))) for column in batch.kept]
        known = [""] * len(answers.labels) if answers.known is None else _six(answers.known)
        numbers = zip(*map(_six, answers.probabilities.T), strict=True)
        added = zip(answers.labels, _six(answers.scores), known, numbers, strict=True)
        copied = zip(*kept, strict=True) if kept else [()] * len(answers.labels)
        self._write(
            [
                [*cells, label, score, share, *others]
                for cells, (label, score, share, others) in zip(copied, added, strict=True)
            ]
        )

    def close(self) -> None:
        pass

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        lines = [str(self._line(row))[:-2] for row in rows]
        self._file.write(encode_text("\n".join([*lines, ""])))


def _six(numbers: Any) -> list[str]:
    return [f"{number:.6f}" for number in numbers.tolist()]


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


class _JsonLines:
    """Values of the input as they were; numbers rounded to six digits."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file = file
        self._names = [*columns.kept, *columns.added]

    def add(self, batch: Batch, answers: Answers) -> None:
        count = len(answers.labels)
        known = [None] * count if answers.known is None else _rounded(answers.known)
        columns = [
            *map(_values, batch.kept),
            answers.labels,
            _rounded(answers.scores),
            known,
            *map(_rounded, answers.probabilities.T),
        ]
        rows = (dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True))
        lines = [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
        self._file.write(encode_text("\n".join([*lines, ""])))

    def close(self) -> None:
        pass


def _rounded(numbers: Any) -> list[float]:
    return [round(number, 6) for number in numbers.tolist()]


class _Parquet:
    """Columns of a Parquet file keep their types, others are text; numbers are float32."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        import pyarrow as pa  # noqa: PLC0415 (an extra; whoever chose the format has told)
        from pyarrow import parquet  # noqa: PLC0415 (as above)

        self._pa: Any = pa
        self._file, self._columns = file, columns
        self._parquet: Any = parquet
        self._writer: Any = None
        self._held: list[Any] = []
        self._rows = 0

    def add(self, batch: Batch, answers: Answers) -> None:
        pa = self._pa
        count = len(answers.labels)
        known = pa.nulls(count, pa.float32()) if answers.known is None else pa.array(answers.known)
        columns = [
            *map(self._kept, self._columns.kept, batch.kept),
            pa.array(answers.labels, pa.string()),
            pa.array(answers.scores, pa.float32()),
            known,
            *(pa.array(numbers, pa.float32()) for numbers in answers.probabilities.T.copy()),
        ]
        names = [*self._columns.kept, *self._columns.added]
        self._held.append(pa.RecordBatch.from_arrays(columns, names))
        self._rows += count
        if self._rows >= _ROWS_A_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        if self._writer is None:  # no rows: a file of its columns
            self._begin(self._empty())
        self._writer.close()

    def _kept(self, name: str, column: Any) -> Any:
        if name in self._columns.arrow_types:
            return column
        return self._pa.array(list(map(cell_text, _values(column))), self._pa.string())

    def _flush(self) -> None:
        if self._held:
            table = self._pa.Table.from_batches(self._held)
            self._begin(table.schema)
            self._writer.write_table(table, row_group_size=_ROWS_A_GROUP)
            self._held, self._rows = [], 0

    def _begin(self, schema: Any) -> None:
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._file, schema, compression="zstd")

    def _empty(self) -> Any:
        """Its schema where no row tells it; the kept ones of Parquet are then text, too."""
        pa = self._pa
        kept = [(name, pa.string()) for name in self._columns.kept]
        added = [
            (name, pa.string() if at == 0 else pa.float32())
            for at, name in enumerate(self._columns.added)
        ]
        return pa.schema([*kept, *added])
