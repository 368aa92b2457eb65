"""A CSV is cut where `csv.reader` would end a row, whatever stands in its cells and wherever it is cut."""

import csv
import io
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from export.tables.reading import Reading
from serving.score.pieces import row_ends, rows
from serving.score.pieces.planning import Wish, make_plan
from serving.score.pieces.row_ends import RowEnds

CELLS = st.text(st.sampled_from('ab ,"\n\r;é'), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=12)
BYTES = st.lists(
    st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b'""', b'\n"', b',"']), max_size=40
)


def written(table, line_end="\r\n"):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(table)
    return text.getvalue().encode()


def read(data):
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


@given(TABLES, st.sampled_from(["\r\n", "\n"]))
@example([["a\nb", 'say "no"'], ["", "\r\n"]], "\r\n")
def test_every_end_is_a_row_end_of_csv_reader(table, line_end):
    if line_end == "\n":  # Python up to 3.12 leaves a bare \r unquoted then
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    data = written(table, line_end)
    ends = list(RowEnds(b",").every(data, final=True))
    assert ends[-1] == len(data)
    starts = [0, *ends[:-1]]
    pieces = [read(data[start:end]) for start, end in zip(starts, ends, strict=True)]
    assert all(len(piece) <= 1 for piece in pieces)
    assert [row for piece in pieces for row in piece] == read(data)


@given(BYTES.map(b"".join), st.integers(0, 80))
def test_what_is_known_of_a_beginning_stays_so(data, size):
    """Any bytes, stray quotes among them: a row end found in a part is one of the whole."""
    ends = RowEnds(b",")
    whole = set(ends.every(data, final=True))
    part = data[:size]
    last = ends.last(part)
    assert last == 0 or last in whole
    assert set(ends.every(part, final=False)) <= whole


@given(TABLES)
def test_without_quotes_every_line_is_a_row(table):
    data = written(table)
    ends = list(RowEnds(b",", quotes=False, returns=False).every(data, final=True))
    assert len(ends) == data.count(b"\n")


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("block", [16, 524_288])
def test_every_line_end_is_one(line_end, block, tmp_path, monkeypatch):
    """Old files of Macs end their lines by CR alone; a row that cannot be read is one row there, too."""
    monkeypatch.setattr(rows, "BLOCK", block)
    lines = ["text,id", "one,1", "a,b,c", '"two, so",2', "", "three,3"]
    (tmp_path / "in.csv").write_bytes(line_end.join([*lines, ""]).encode())
    plan = make_plan([str(tmp_path / "in.csv")], Wish(Reading("text"), None, 8))
    rejects, found = [], []
    for piece in plan.pieces:
        for batch in rows.read_batches(plan, piece, lambda *told: rejects.append(told)):
            found += batch.texts
    assert found == ["one", "two, so", "three"]
    assert len(rejects) == 1


STRAY = st.sampled_from(['{},"stray {}', '{},a "stray" {}', '{},"stray" {}', '{},"a {}""'])
"""Rows with a quote too many, none of which is a row of `csv.reader`'s but the second."""


def read_pieces(data, piece_bytes, block=524_288, longest=600_000):
    """Rows of the file cut into such pieces, and its rejects."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(patch.object(rows, "BLOCK", block))
        stack.enter_context(patch.object(row_ends, "LONGEST_CELL", longest))
        # What is longer than `longest` bytes is none of its cells, as ever.
        stack.callback(csv.field_size_limit, csv.field_size_limit(longest * 131_072 // 600_000))
        file = Path(folder, "in.csv")
        file.write_bytes(data)
        plan = make_plan([str(file)], Wish(Reading("text", ","), None, piece_bytes))
        rejects, found = [], []
        for piece in plan.pieces:
            for batch in rows.read_batches(plan, piece, lambda *told: rejects.append(told)):
                found += zip(*batch.kept, strict=True)
    return found, rejects


@given(
    st.lists(st.one_of(BYTES.map(b"".join), TABLES.map(written)), max_size=6).map(b"".join),
    st.integers(1, 60),
    st.sampled_from([8, 30, 524_288]),
    st.sampled_from([30, 600_000]),
)
def test_any_bytes_are_the_same_rows_and_rejects_in_pieces(data, piece_bytes, block, longest):
    """Stray quotes everywhere: wherever they are cut, they cost the same lines."""
    data = b"id,text\n" + data
    assert read_pieces(data, piece_bytes, block, longest) == read_pieces(
        data, 10**6, 524_288, longest
    )


@given(
    st.lists(st.one_of(st.text("ab ,\n", max_size=5), STRAY), max_size=20), st.integers(1, 10**3)
)
def test_a_stray_quote_costs_its_own_line(cells, piece_bytes):
    """Rows of one line and of several, before and behind it, are all there, and nothing else."""
    data, right, wrong = b"id,text\n", [], []
    for at, cell in enumerate(cells):
        line = 1 + data.count(b"\n")
        if "stray" not in cell and "{" not in cell:
            data += written([[at, f"x{cell}"]], "\n")
            right.append((str(at), f"x{cell}"))
            continue
        data += f"{cell.format(at, at)}\n".encode()
        if "a " in cell and not cell.endswith('""'):
            right.append((str(at), f'a "stray" {at}'))
        else:
            wrong.append(line)
    found, rejects = read_pieces(data, piece_bytes)
    assert found == right
    assert [line for line, _ in rejects] == wrong


def large_table(generator, count, strays):
    """Tweets, one of hundreds in quotes, some of two lines; before a few texts stands a quote too many."""
    bad = set(generator.sample(range(count), strays))
    endings = [" so"] * 1_000 + [", and so", ' "so"', "\nso"]
    table = [[str(at), f"tweet {at}{generator.choice(endings)}"] for at in range(count)]
    lines = (
        f'{at},"tweet {at} so\n'.encode() if at in bad else written([row])
        for at, row in enumerate(table)
    )
    right = [tuple(row) for at, row in enumerate(table) if at not in bad]
    return b"id,text\n" + b"".join(lines), right


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_stray_quotes_cost_as_many_rows_of_a_large_table(seed):
    """The next quote stands hundreds of rows behind; 12 of 150,000 rows once cost tens of thousands."""
    data, right = large_table(random.Random(seed), 50_000, 12)  # noqa: S311 (no secret)
    found, rejects = read_pieces(data, 300_000)
    assert found == right
    assert len(rejects) == 12


def test_rows_that_a_stray_quote_has_drawn_into_one_row_are_rows_again():
    """The next text in quotes begins with a comma, so its quote may well close a cell; the row is too wide then."""
    table = [*([str(at), "b"] for at in range(9)), ["9", ", so"]]
    found, rejects = read_pieces(b'id,text\n1,"stray\n' + written(table), 10**6)
    assert [list(row) for row in found] == table
    assert [line for line, _ in rejects] == [2]


def test_a_text_of_several_lines_in_a_row_that_is_too_wide_is_no_row():
    """It is one reject; none of its lines is taken for a row."""
    data = b'id,text\n1,"two, so\nlines, so\nhere",x,y\n2,b\n'
    found, rejects = read_pieces(data, 10**6)
    assert found == [("2", "b")]
    assert [line for line, _ in rejects] == [2]


def test_a_quote_that_is_never_closed_costs_its_line_alone(monkeypatch):
    """And does so wherever the file is cut."""
    monkeypatch.setattr(row_ends, "LONGEST_CELL", 30)
    data = b'a,b\nc,"d\n' + b"e,f\n" * 20
    ends = list(RowEnds(b",").every(data, final=False))
    assert ends[:3] == [4, 9, 13]


@pytest.mark.parametrize("piece_bytes", [1, 7, 64, 1000])
@pytest.mark.parametrize("block", [16, 50, 524_288])
def test_pieces_hold_every_row_once_and_in_order(piece_bytes, block, tmp_path, monkeypatch):
    """Rows that cannot be read are told with the same line, however the file is cut."""
    monkeypatch.setattr(rows, "BLOCK", block)
    table = [[str(at), f'text {at}, "so"' + "\n" * (at % 3)] for at in range(40)]
    data = (
        b"id,text\r\n" + written(table[:20]) + b'5,a "stray" one,too wide\n' + written(table[20:])
    )
    (tmp_path / "in.csv").write_bytes(b"\xef\xbb\xbf" + data)
    plan = make_plan([str(tmp_path / "in.csv")], Wish(Reading("text"), None, piece_bytes))
    rejects, found = [], []
    for piece in plan.pieces:
        for batch in rows.read_batches(plan, piece, lambda *told: rejects.append(told)):
            found += zip(*batch.kept, strict=True)
    assert [list(row) for row in found] == table
    assert [line for line, _ in rejects] == [1 + written(table[:20]).count(b"\n") + 1]
    assert block > 50 or piece_bytes > 64 or len(plan.pieces) > 5
