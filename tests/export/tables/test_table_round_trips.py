"""What was written comes back, cell by cell: each delimiter, JSON Lines, Parquet, each packed or not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_bytes import (
    HEADER,
    PACKERS,
    csv_bytes,
    json_bytes,
    parquet_bytes,
    read_back,
    tables,
)

from export.tables.delimiters import CANDIDATES

each_packed = pytest.mark.parametrize("packed", PACKERS)
few = settings(max_examples=40, deadline=None)


@each_packed
@few
@given(rows=tables, delimiter=st.sampled_from(CANDIDATES))
def test_csv_comes_back_whatever_parts_its_cells(rows, delimiter, packed):
    """Nobody names the delimiter: the header tells it, though the cells hold others."""
    assert read_back(csv_bytes(rows, delimiter), "a.csv", packed) == (HEADER, rows)


@each_packed
@few
@given(rows=tables)
def test_json_lines_come_back(rows, packed):
    """A line separator of Unicode within a text ends no row."""
    assert read_back(json_bytes(rows), "a.jsonl", packed) == (HEADER, rows)


@each_packed
@few
@given(rows=tables, groups=st.integers(1, 9))
def test_parquet_comes_back(rows, groups, packed):
    """In the order of its rows, over the bounds of its groups."""
    content = parquet_bytes(rows, row_group_size=groups)
    assert read_back(content, "a.parquet", packed) == (HEADER, rows)


@pytest.mark.parametrize("packed", PACKERS)
def test_the_name_tells_nothing_that_the_bytes_do_not(packed):
    """A download that has lost its suffix is read as what it is."""
    rows = [["1", "so good", "positive"]]
    for content in (csv_bytes(rows, ";"), json_bytes(rows), parquet_bytes(rows)):
        assert read_back(content, "download", packed) == (HEADER, rows)
