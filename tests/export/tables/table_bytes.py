"""One table as each kind of file, packed each way; and its rows, read back by `export.tables`."""

import csv
import io
import json
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import strategies as st
from packers import PACKERS
from pyarrow import parquet

from export.tables.compressed import start_of, telling_damage, unpacked
from export.tables.delimiters import find_delimiter
from export.tables.formats import CSV, kind_of
from export.tables.records import Records

HEADER = ["id", "text", "label"]
PACKED = [suffix for suffix in PACKERS if suffix]

cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
tables = st.lists(st.tuples(cells, cells, cells).map(list), min_size=1, max_size=8)
"""Rows of three cells: line ends, quotes, delimiters and emoji among them."""


def csv_bytes(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *rows])
    return text.getvalue().encode()


def json_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    lines = [json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in rows]
    return "\n".join([*lines, ""]).encode()


def parquet_bytes(rows: Sequence[Sequence[str]], **options: object) -> bytes:
    columns = zip(*rows, strict=True)
    table = pa.table(dict(zip(HEADER, map(list, columns), strict=True)))
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def read_back(content: bytes, name: str, packed: str = "") -> tuple[list[str], list[list[str]]]:
    """Header and rows of a file with this content, packed anew: what every reader does, in few lines."""
    with telling_damage(name):
        file = unpacked(io.BytesIO(PACKERS[packed](content)))
        start = start_of(file)
        kind = kind_of(f"{name}{packed}", start)
        if kind != CSV:
            records = Records(file, name, kind)
            return records.header, list(records)
        delimiter = find_delimiter(start.decode(errors="replace"), wanted=HEADER)
        rows = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), delimiter=delimiter)
        return next(rows), list(rows)
