"""From files to pieces: what each file is, which columns are wanted, and where large files are cut.

A CSV and JSON Lines are walked once from their beginning, for only so are a CSV's row ends certain; at hundreds
of MB a second that is a hundredth of what scoring takes. Row groups of Parquet are told by its footer. A packed
file is one piece.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO, Final, cast

from export.start.shown import listed, shown
from export.tables.compressed import start_of, unpacked
from export.tables.formats import CSV, PARQUET, kind_of
from export.tables.reading import Reading
from export.tables.records import Records
from serving.score.errors import ScoreError
from serving.score.pieces.layout import Layout, Piece, Plan
from serving.score.pieces.rows import BLOCK, blocks, cuttable, plain_bytes, reading, row_ends_of
from serving.score.pieces.sources import OPTION, open_source, size_of

_BOM: Final = b"\xef\xbb\xbf"
_OBJECTS_WITH_COLUMNS: Final = 1_000


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        reading: How CSV files are read; its `text` is the column that is asked.
        kept: Columns to copy; `None` for all of the first file.
        piece_bytes: About so many of a file are a piece.
    """

    reading: Reading
    kept: tuple[str, ...] | None
    piece_bytes: int


@dataclass(frozen=True)
class _Begun:
    """A file of which the beginning is read."""

    layout: Layout
    first_byte: int
    first_line: int


def make_plan(
    addresses: Sequence[str],
    wish: Wish,
    pieces: tuple[Piece, ...] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Look at every file, and cut.

    Args:
        addresses: Of the files.
        wish: What was asked for.
        pieces: Where an earlier run has cut; by default that is found out.
        report: Is told which file is walked, and how far.

    Raises:
        ScoreError: A file is no table, or has other columns.
    """
    begun = [_begin(address, wish.reading) for address in addresses]
    layouts = [one.layout for one in begun]
    kept = layouts[0].header if wish.kept is None else wish.kept
    wanted = (wish.reading.text, *kept)
    for layout in layouts:
        _check_columns(layout, layouts[0], wanted, wish)
    types = _arrow_types(layouts, kept)
    if pieces is None:
        pieces = tuple(_all_pieces(begun, wish.piece_bytes, report))
    return Plan(tuple(layouts), pieces, wish.reading.text, kept, types)


def _all_pieces(
    begun: Sequence[_Begun], piece_bytes: int, report: Callable[[str], None]
) -> Iterator[Piece]:
    for place, one in enumerate(begun):
        report(one.layout.address)
        with reading(one.layout.address):
            for piece in _cut(one, place, piece_bytes):
                yield piece
                report(f"{one.layout.address} behind {piece.end or piece.weight:,}")


def _check_columns(layout: Layout, first: Layout, wanted: Sequence[str], wish: Wish) -> None:
    text = wish.reading.text
    columns = f"columns: {listed(layout.header) or 'none'}"
    if layout.header.count(text) != 1:
        raise ScoreError(
            "Every file must have one column for the texts; name it by --text-column, and what parts the cells of a "
            f"CSV by --delimiter. Received: --text-column={text}, {OPTION}={layout.address}, {columns}"
        )
    if wish.kept is None and set(layout.header) != set(first.header):
        raise ScoreError(
            f"Every file must have the columns of the first, or choose some by --keep-columns. Received: "
            f"{OPTION}={layout.address}, {columns}; the first has {listed(first.header)}"
        )
    missing = [name for name in wanted if layout.header.count(name) != 1]
    if missing:
        raise ScoreError(
            f"Every file must have each column that is kept, once; choose them by --keep-columns. Received: "
            f"{OPTION}={layout.address}, {columns}, and not one {shown(missing[0])}"
        )


def _arrow_types(layouts: Sequence[Layout], kept: Sequence[str]) -> dict[str, str]:
    """By column; none where a file is no Parquet, for then all become text."""
    if not all(layout.is_parquet for layout in layouts):
        return {}
    types = [dict(zip(layout.header, layout.types, strict=True)) for layout in layouts]
    for name in kept:
        for layout, found in zip(layouts, types, strict=True):
            if found[name] != types[0][name]:
                raise ScoreError(
                    f"A column of Parquet files must have one type; leave it out by --keep-columns. Received: "
                    f"{shown(name)} of {types[0][name]}, and of {found[name]} in {layout.address}"
                )
    return {name: types[0][name] for name in kept}


def _begin(address: str, how: Reading) -> _Begun:
    with reading(address), open_source(address) as file:
        plain = unpacked(cast("BinaryIO", io.BufferedReader(cast("Any", _NoClose(file)), 65_536)))
        packed = plain.raw.__class__ is not _NoClose
        start = start_of(plain)
        kind = kind_of(address, start)
        layout = Layout(address, kind, packed, ())
        if kind == CSV:
            return _begin_csv(layout, how, start)
        if how.columns:
            raise ScoreError(
                "--columns names those of CSV files without a header; leave it out. "
                f"Received: {OPTION}={address}, which has names of its own"
            )
        if kind == PARQUET:
            return _begin_parquet(layout, plain if packed else file)
        return _Begun(replace(layout, header=_json_header(address, plain)), 0, 1)


class _NoClose(io.RawIOBase):
    """A file for a reader of its own, which leaves it open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._file.read(len(buffer))
        buffer[: len(got)] = got
        return len(got)


def _begin_csv(layout: Layout, how: Reading, start: bytes) -> _Begun:
    parsing = how.parsing(start, layout.address)
    encoding = str(how.decoding(start)["encoding"])
    layout = replace(
        layout,
        encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        delimiter=parsing["delimiter"],
        quotes=parsing["quoting"] == csv.QUOTE_MINIMAL,
    )
    layout = replace(layout, packed=layout.packed or not cuttable(layout.encoding))
    first = len(_BOM) if start.startswith(_BOM) and layout.encoding == "utf-8" else 0
    if how.columns:
        return _Begun(replace(layout, header=how.columns), first, 1)
    return _header_of_csv(layout, first)


def _header_of_csv(layout: Layout, first: int) -> _Begun:
    """The first row that is not empty, and where it ends."""
    ends = row_ends_of(layout)
    encoding = layout.encoding if cuttable(layout.encoding) else "utf-8"
    quoting: Any = csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE
    with open_source(layout.address) as file:
        plain = plain_bytes(file, layout) if layout.packed else file
        plain.read(first)
        block = next(blocks(plain, ends), b"")
    lines = block.splitlines(keepends=True)
    rows = csv.reader(
        (line.decode(encoding, "replace").removeprefix("\ufeff") for line in lines),
        delimiter=layout.delimiter,
        quoting=quoting,
    )
    header = next((row for row in rows if row), [])
    read = b"".join(lines[: rows.line_num])
    layout = replace(layout, header=tuple(header))
    return _Begun(layout, first + len(read), 1 + read.count(b"\n"))


def _json_header(address: str, plain: io.BufferedReader) -> tuple[str, ...]:
    """Names in its first 1,000 lines; one that is no object names none, and is told when it is read."""
    lines = b"".join(line for line in islice(plain, _OBJECTS_WITH_COLUMNS) if _is_object(line))
    return tuple(Records(io.BytesIO(lines), address, "json lines").header)


def _is_object(line: bytes) -> bool:
    try:
        Records(io.BytesIO(line), "", "json lines")
    except ValueError:
        return False
    return True


def _begin_parquet(layout: Layout, file: BinaryIO) -> _Begun:
    source = io.BytesIO(file.read()) if layout.packed else file
    source.seek(0)
    records = Records(source, layout.address, PARQUET)
    from pyarrow import parquet  # noqa: PLC0415 (an extra, which is there if `Records` came so far)

    source.seek(0)
    schema = parquet.ParquetFile(source).schema_arrow
    types = tuple(map(str, schema.types))
    return _Begun(replace(layout, header=tuple(records.header), types=types), 0, 1)


def _cut(one: _Begun, place: int, piece_bytes: int) -> Iterator[Piece]:
    layout = one.layout
    if layout.is_parquet:
        yield from _row_groups(layout, place, piece_bytes)
        return
    size = size_of(layout.address)
    if size <= one.first_byte and not layout.packed:
        return  # no rows
    if layout.packed or size - one.first_byte <= piece_bytes:
        yield Piece(place, one.first_byte, None, one.first_line, size)
        return
    with open_source(layout.address) as file:
        yield from _byte_ranges(file, one, place, piece_bytes)


def _byte_ranges(file: BinaryIO, one: _Begun, place: int, piece_bytes: int) -> Iterator[Piece]:
    layout = one.layout
    ends = row_ends_of(layout)
    file.seek(one.first_byte)
    start = end = one.first_byte
    line = next_line = one.first_line
    for block in blocks(file, ends, block=min(piece_bytes, BLOCK)):
        # The last row end of a block is the only one that is known; blocks do not depend on the cuts.
        end += len(block)
        next_line += block.count(b"\n")
        if end - start >= piece_bytes:
            yield Piece(place, start, end, line, end - start)
            start, line = end, next_line
    if end > start:
        yield Piece(place, start, end, line, end - start)


def _row_groups(layout: Layout, place: int, piece_bytes: int) -> Iterator[Piece]:
    from pyarrow import parquet  # noqa: PLC0415 (as above)

    with open_source(layout.address) as file:
        source = io.BytesIO(plain_bytes(file, layout).read()) if layout.packed else file
        footer = parquet.ParquetFile(source).metadata
        sizes = [footer.row_group(at) for at in range(footer.num_row_groups)]
        sizes = [(group.num_rows, group.total_byte_size) for group in sizes]
    if layout.packed:
        yield Piece(place, 0, None, 1, sum(size for _, size in sizes))
        return
    start = weight = rows = 0
    row = 1
    for at, (count, size) in enumerate(sizes):
        weight, rows = weight + size, rows + count
        if weight >= piece_bytes or at + 1 == len(sizes):
            yield Piece(place, start, at + 1, row, weight)
            start, weight, row, rows = at + 1, 0, row + rows, 0
