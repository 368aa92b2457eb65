"""Rows of JSON Lines and Parquet, as text cells below a header, read as they are asked for."""

import io
import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO, Final

from export.start.shown import shown
from export.start.utf8 import encode_text
from export.tables.errors import TableError
from export.tables.formats import PARQUET

_ROWS_AT_ONCE: Final = 4_096
_OBJECTS_WITH_COLUMNS: Final = 1_000

Cells = list[str]


class Records(Iterator[Cells]):
    """The rows of such a file, each as wide as the header.

    Args:
        file: unpacked, to be read from its beginning; one of Parquet that is not seekable is read as a whole.
        name: for messages.
        kind: `json lines` or `parquet`.

    Attributes:
        header: the columns: of JSON Lines those of its first 1,000 objects; what later ones have beside is left out.

    Raises:
        TableError: it is no such file.
    """

    def __init__(self, file: BinaryIO, name: str, kind: str) -> None:
        self.name = name
        self.header: Cells = []
        self._rows = self._of_parquet(file) if kind == PARQUET else self._of_json(file)

    def __next__(self) -> Cells:
        return next(self._rows)

    def _of_json(self, file: BinaryIO) -> Iterator[Cells]:
        objects = self._objects(file)
        first = list(islice(objects, _OBJECTS_WITH_COLUMNS))
        self.header = list(dict.fromkeys(name for found in first for name in found))
        every = chain(first, objects)
        return ([cell_text(found.get(name)) for name in self.header] for found in every)

    def _objects(self, file: BinaryIO) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                raise self._refused(f"line {number:,}: {error}") from None
            if not isinstance(found, dict):
                raise self._refused(f"line {number:,} is no object")
            yield found

    def _refused(self, what: str) -> TableError:
        return TableError(
            f'`{self.name}` must hold one JSON object a line, as {{"text": "so good", "label": "positive"}}, in '
            f"UTF-8. Received: {what}"
        )

    def _of_parquet(self, file: BinaryIO) -> Iterator[Cells]:
        try:
            from pyarrow import ArrowException, parquet  # noqa: PLC0415 (an extra)
        except ImportError:
            raise TableError(
                "A Parquet file needs the package pyarrow; install it by: pip install '.[parquet]'. "
                f"Received: {self.name}"
            ) from None
        if not file.seekable():
            file = io.BytesIO(file.read())
        try:
            table = parquet.ParquetFile(file)
        except (ArrowException, OSError) as error:
            raise self._no_parquet(error) from None
        self.header = list(table.schema_arrow.names)
        return self._batches(table, (ArrowException, OSError, UnicodeDecodeError))

    def _batches(self, table: Any, damages: tuple[type[Exception], ...]) -> Iterator[Cells]:
        batches = table.iter_batches(batch_size=_ROWS_AT_ONCE)
        while True:
            try:
                batch = next(batches, None)
                columns = [] if batch is None else [c.to_pylist() for c in batch.columns]
            except damages as error:
                raise self._no_parquet(error) from None
            if batch is None:
                return
            for row in zip(*columns, strict=True):
                yield list(map(cell_text, row))

    def _no_parquet(self, error: Exception) -> TableError:
        return TableError(
            f"`{self.name}` must be a whole Parquet file. Received: {shown(str(error), 200)}"
        )


def cell_text(value: Any) -> str:
    r"""A cell as CSV would hold it; a whole number has no point.

    >>> [cell_text(value) for value in (None, "a\ud83d", 4, 4.0, 0.5, True)]
    ['', 'a�', '4', '4', '0.5', 'true']
    """
    if value is None:
        return ""
    if isinstance(value, str):  # JSON may escape half a surrogate pair, which is no text
        return value if value.isascii() else encode_text(value).decode()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value) if isinstance(value, (bool, list, dict)) else str(value)
