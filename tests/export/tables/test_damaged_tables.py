"""A file that was cut or changed on its way is one sentence to whoever reads it, and never rows in silence."""

import io
import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_bytes import PACKED, PACKERS, csv_bytes, json_bytes, parquet_bytes

from export.errors import UnreadableRunError
from export.versions.examination_table import read_table
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.chunks import read_chunks
from serving.client.shell.table.rows import Rows

_random = random.Random(14)  # noqa: S311 (texts that pack badly, so that a cut takes some)
ROWS = [
    [str(n), f"{_random.getrandbits(400):x}", ("negative", "positive")[n % 2]] for n in range(3_000)
]
KINDS = {
    "csv": csv_bytes(ROWS, ","),
    "jsonl": json_bytes(ROWS),
    "parquet": parquet_bytes(ROWS, row_group_size=500),
}
LONGEST_MARK = 6  # fewer bytes do not tell that a file is packed


@cache
def as_packed(kind, packed):
    return PACKERS[packed](KINDS[kind])


def by_examination(path):
    examination = read_table(path, text_column="text", label_column="label", label_names=None)
    return len(examination.texts)


def by_training(path):
    return sum(map(len, read_chunks(path, DataSource(path, label_column="label"))))


def by_client(path):
    return sum(1 for _ in Rows(io.BytesIO(path.read_bytes()), path.name))


READERS = {
    by_examination: UnreadableRunError,
    by_training: UserError,
    by_client: (ValueError, OSError),  # the client's command tells both
}
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
each_kind = pytest.mark.parametrize("kind", KINDS)
few = settings(max_examples=8, deadline=None)


def rows_read(reader, path, content):
    """How many, or None where the reader said in one line that it cannot."""
    path.write_bytes(content)
    try:
        return reader(path)
    except READERS[reader] as error:
        refused = error
    if isinstance(refused, UnicodeError):  # a ValueError, but nobody's sentence
        raise refused
    assert not {"\n", "\0"} & set(str(refused))
    return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@each_reader
@each_kind
@pytest.mark.parametrize("packed", PACKED)
@few
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_packed_file_that_was_cut_is_refused(reader, kind, packed, part, folder):
    """Wherever it was cut: a training run on half of a table would look like any other."""
    content = as_packed(kind, packed)
    cut = content[: max(LONGEST_MARK, int(part * len(content)))]
    assert rows_read(reader, folder / f"a.{kind}{packed}", cut) is None


@each_reader
@few
@given(part=st.floats(0, 1, exclude_max=True))
def test_parquet_that_was_cut_is_refused(reader, part, folder):
    content = KINDS["parquet"]
    cut = content[: max(4, int(part * len(content)))]
    assert rows_read(reader, folder / "a.parquet", cut) is None


@each_reader
@pytest.mark.parametrize("packed", PACKED)
@each_kind
@few
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_changed_byte_of_a_packed_file_is_told_or_read(reader, kind, packed, part, folder):
    """Not all of such a file is under its checksum. What comes are rows or a sentence, and nothing else."""
    content = bytearray(as_packed(kind, packed))
    content[max(LONGEST_MARK, int(part * len(content)))] ^= 0xFF
    rows_read(reader, folder / f"b.{kind}{packed}", bytes(content))


@each_reader
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@few
@given(part=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_changed_bytes_are_told_or_read(reader, kind, part, byte, folder):
    """Without a checksum some changes leave a table."""
    content = bytearray(KINDS[kind])
    content[int(part * len(content))] ^= byte
    rows_read(reader, folder / f"c.{kind}", bytes(content))


@each_reader
def test_zstd_that_was_cut_is_refused(reader, folder):
    content = PACKERS[".zst"](KINDS["csv"])
    assert rows_read(reader, folder / "d.csv.zst", content[: len(content) * 9 // 10]) is None


@each_reader
@each_kind
def test_zstd_that_was_changed_is_refused(reader, kind, folder):
    content = bytearray(PACKERS[".zst"](KINDS[kind]))
    content[20:40] = b"\xff" * 20
    assert rows_read(reader, folder / f"e.{kind}.zst", bytes(content)) is None


@each_reader
def test_parquet_of_which_a_text_was_changed_is_refused(reader, folder):
    content = parquet_bytes(ROWS, compression="none")
    text = ROWS[7][1].encode()
    changed = content.replace(text, b"\xff" + text[1:])
    assert rows_read(reader, folder / "f.parquet", changed) is None


@each_reader
def test_parquet_of_which_a_page_was_changed_is_one_line(reader, folder):
    content = bytearray(KINDS["parquet"])
    content[4:400] = b"\xff" * 396
    assert rows_read(reader, folder / "g.parquet", bytes(content)) is None
