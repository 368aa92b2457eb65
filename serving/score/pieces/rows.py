"""The rows of a piece, in batches of 2,048, and those that cannot be read."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from export.start.shown import shown
from export.tables.compressed import telling_damage, unpacked
from export.tables.records import cell_text
from serving.score.errors import ScoreError
from serving.score.pieces.layout import Layout, Piece, Plan
from serving.score.pieces.row_ends import LONGEST_CELL, RowEnds
from serving.score.pieces.sources import open_source

BATCH: Final = 2_048
"""Texts that the model is asked at once: its packed loop gains up to there."""
BLOCK: Final = 524_288
assert BLOCK <= LONGEST_CELL  # so that one regular expression finds the rows of most blocks
_LONGEST_ROW: Final = 16 * 2**20

Reject = Callable[[int, str], None]
"""Told the line and the reason."""


@dataclass(frozen=True)
class Batch:
    """Rows side by side.

    Attributes:
        texts: To be asked.
        kept: A sequence for each column that is copied: strings, JSON values, or an Arrow array.
        part: How much of the piece is read, 0 to 1.
    """

    texts: list[str]
    kept: list[Any]
    part: float


def read_batches(plan: Plan, piece: Piece, reject: Reject) -> Iterator[Batch]:
    """Every readable row of a piece once, in order.

    Args:
        plan: Which columns are wanted.
        piece: Of one of its files.
        reject: Is told of every other row.

    Raises:
        ScoreError: The file cannot be read any further.
    """
    layout = plan.files[piece.file]
    with reading(layout.address), open_source(layout.address) as file:
        if layout.is_parquet:
            yield from _of_parquet(file, plan, layout, piece)
        elif layout.is_csv:
            wanted = [layout.header.index(name) for name in (plan.text, *plan.kept)]
            yield from _batched(_csv_rows(file, layout, piece, reject), wanted)
        else:
            names = (plan.text, *plan.kept)
            yield from _batched(_json_rows(file, layout, piece, reject, names), None)


@contextmanager
def reading(address: str) -> Iterator[None]:
    """What a file that is damaged or gone raises, as one sentence."""
    try:
        with telling_damage(address):
            yield
    except (OSError, ValueError) as error:
        reason = str(error)
        if "Received: " in reason:
            raise ScoreError(reason) from None
        raise ScoreError(
            f"A file must stay readable to its end. Received: {address} ({shown(reason, 200)})"
        ) from None


def blocks(
    file: BinaryIO, ends: RowEnds, size: int | None = None, block: int | None = None
) -> Iterator[bytes]:
    """Whole rows at a time; one that is longer than a block alone.

    Args:
        file: Stands where a row begins.
        ends: Tells where rows end.
        size: Bytes to read; by default to the end.
        block: Bytes read at a time, by default half a megabyte.

    Raises:
        ScoreError: A row has no end within 16 MiB.
    """
    block = block or BLOCK
    held, left = b"", size
    while True:
        # The rest of the block before, filled up; one that has no row end grows by another.
        wanted = block - len(held) % block
        got = _read(file, wanted if left is None else min(wanted, left))
        left = None if left is None else left - len(got)
        final = len(got) < wanted
        held += got
        end = ends.last(held, final=final)
        if end:
            yield held[:end]
            held = held[end:]
        if final:
            return
        if len(held) > _LONGEST_ROW:
            raise ScoreError(
                "A row must end within 16 MiB: is this a table, and its delimiter right? "
                f"Received: {getattr(file, 'name', 'a file')}"
            )


def row_ends_of(layout: Layout) -> RowEnds:
    """What tells where the rows of such a file end."""
    if layout.is_csv:
        return RowEnds(layout.delimiter.encode(), quotes=layout.quotes)
    return RowEnds(b",", quotes=False, returns=False)


def plain_bytes(file: BinaryIO, layout: Layout) -> BinaryIO:
    """The file unpacked, and in UTF-8 where its encoding cannot be cut by bytes."""
    plain = cast("BinaryIO", unpacked(file))
    if cuttable(layout.encoding):
        return plain
    return io.BufferedReader(cast("Any", _Recoded(plain, layout.encoding)), BLOCK)


def cuttable(encoding: str) -> bool:
    """Whether line ends, quotes and delimiters are told by their bytes alone.

    >>> [cuttable(name) for name in ("utf-8", "latin-1", "cp1252", "utf-16", "shift_jis", "cp500")]
    [True, True, True, False, False, False]
    """
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return True
    every = bytes(range(256)).decode(encoding, "replace")
    return len(every) == 256 and every[:128].isascii() and every[:128].encode() == bytes(range(128))


def _read(file: BinaryIO, size: int) -> bytes:
    """So many bytes, or all that are left: a stream may give fewer at a time."""
    parts, left = [], size
    while left and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _whole_rows(file: BinaryIO, layout: Layout, piece: Piece) -> Iterator[tuple[bytes, float]]:
    """Blocks of the piece, and how much of it is read with each."""
    ends = row_ends_of(layout)
    plain = plain_bytes(file, layout) if layout.packed else file
    if layout.packed:
        _read(plain, piece.start)
    else:
        plain.seek(piece.start)
    done = 0
    for block in blocks(plain, ends, None if piece.end is None else piece.end - piece.start):
        done += len(block)
        read = file.tell() if layout.packed else done
        yield block, min(read / max(piece.weight, 1), 1.0)


def _csv_rows(
    file: BinaryIO, layout: Layout, piece: Piece, reject: Reject
) -> Iterator[tuple[list[Sequence[Any]], float]]:
    parse = _CsvParser(layout, piece.line, reject)
    for block, part in _whole_rows(file, layout, piece):
        yield parse.rows(block), part


class _CsvParser:
    """Blocks of bytes to rows as wide as the header."""

    def __init__(self, layout: Layout, line: int, reject: Reject) -> None:
        self._width = len(layout.header)
        self._line = line
        self._reject = reject
        self._encoding = layout.encoding if cuttable(layout.encoding) else "utf-8"
        self._ends = row_ends_of(layout)
        quoting: Any = csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE
        self._options: dict[str, Any] = {"delimiter": layout.delimiter, "quoting": quoting}

    def rows(self, block: bytes) -> list[Sequence[Any]]:
        """All at once; row by row where one of them is none, to find it."""
        try:
            rows: list[Sequence[Any]] = self._fitted(self._parsed(block))
        except (csv.Error, _TooWideError):
            rows = self._one_by_one(block)
        self._line += block.count(b"\n")
        return rows

    def _parsed(self, block: bytes) -> list[list[str]]:
        text = io.StringIO(block.decode(self._encoding, "replace"), newline="")
        return [row for row in csv.reader(text, strict=True, **self._options) if row]

    def _fitted(self, rows: list[list[str]]) -> list[Sequence[Any]]:
        return [row if len(row) == self._width else self._padded(row) for row in rows]

    def _padded(self, row: list[str]) -> list[str]:
        """Filled up where it is short; one that is longer has been cut at a wrong place."""
        if any(row[self._width :]):
            raise _TooWideError(
                f"{len(row)} cells below a header of {self._width}: a text that holds the delimiter needs quotes"
            )
        return [*row[: self._width], *[""] * (self._width - len(row))]

    def _one_by_one(self, block: bytes) -> list[Sequence[Any]]:
        rows: list[Sequence[Any]] = []
        start, line = 0, self._line
        ends = list(self._ends.every(block, final=True))
        for end in (*ends, len(block)):
            row = block[start:end]
            try:
                rows += self._fitted(self._parsed(row))
            except (csv.Error, _TooWideError) as error:
                self._reject(line, _reason(error))
                rows += self._behind_first_line(row)
            line += row.count(b"\n")
            start = end
        return rows

    def _behind_first_line(self, row: bytes) -> list[Sequence[Any]]:
        """What a stray quote has drawn into a row that is none: all that is left of it, or it is one bad row."""
        rest = row[self._ends.first_line(row) :]
        if rest and self._ends.are_clean(rest):
            with suppress(csv.Error, _TooWideError):
                return self._fitted(self._parsed(rest))
        return []


class _TooWideError(Exception):
    """A row has more cells than the header."""


def _reason(error: Exception) -> str:
    if isinstance(error, csv.Error):
        return f"no row of a CSV, is a quote not closed ({error})?"
    return str(error)


def _json_rows(
    file: BinaryIO, layout: Layout, piece: Piece, reject: Reject, names: Sequence[str]
) -> Iterator[tuple[list[Sequence[Any]], float]]:
    line = piece.line
    for block, part in _whole_rows(file, layout, piece):
        rows: list[Sequence[Any]] = []
        for text in block.removesuffix(b"\n").split(b"\n"):
            found = _object(text, line, reject)
            if found is not None:
                rows.append([found.get(name) for name in names])
            line += 1
        yield rows, part


def _object(text: bytes, line: int, reject: Reject) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        found = json.loads(text.decode("utf-8-sig" if line == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        reject(line, f"no JSON in UTF-8 ({error})")
        return None
    if not isinstance(found, dict):
        reject(line, "no JSON object")
        return None
    return found


def _batched(
    blocks_of_rows: Iterator[tuple[list[Sequence[Any]], float]], wanted: list[int] | None
) -> Iterator[Batch]:
    """Full batches, whatever the blocks: batches, and so answers, do not depend on how a file is read.

    Args:
        blocks_of_rows: Rows, and the part read with them.
        wanted: Positions of the text and of the columns that are copied; `None` where rows hold just these.
    """
    held: list[Sequence[Any]] = []
    part = 0.0
    for rows, part in blocks_of_rows:
        held += rows
        full = len(held) - len(held) % BATCH
        for start in range(0, full, BATCH):
            yield _batch(held[start : start + BATCH], wanted, part)
        held = held[full:]
    if held:
        yield _batch(held, wanted, part)


def _batch(rows: list[Sequence[Any]], wanted: list[int] | None, part: float) -> Batch:
    columns = list(zip(*rows, strict=True))
    first, *kept = columns if wanted is None else [columns[at] for at in wanted]
    return Batch([cell_text(value) for value in first], kept, part)


def _of_parquet(file: BinaryIO, plan: Plan, layout: Layout, piece: Piece) -> Iterator[Batch]:
    from pyarrow import parquet  # noqa: PLC0415 (an extra; whoever planned has told)

    source = io.BytesIO(plain_bytes(file, layout).read()) if layout.packed else file
    table = parquet.ParquetFile(source)
    groups = list(range(piece.start, table.num_row_groups if piece.end is None else piece.end))
    total = sum(table.metadata.row_group(group).num_rows for group in groups)
    names = list(dict.fromkeys((plan.text, *plan.kept)))
    done = 0
    for batch in table.iter_batches(BATCH, row_groups=groups, columns=names):
        done += batch.num_rows
        if batch.num_rows:
            texts = [cell_text(value) for value in batch.column(plan.text).to_pylist()]
            yield Batch(texts, [batch.column(name) for name in plan.kept], done / total)


class _Recoded(io.RawIOBase):
    """Any text as UTF-8, as it is read."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            got = self._file.read(BLOCK)
            self._ready = self._decode(got, final=not got).encode("utf-8", "replace")
            if not got:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size
