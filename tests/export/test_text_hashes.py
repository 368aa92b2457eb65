"""Texts that are known again, in any language, and those that are others."""

import numpy as np
import pytest

from export.errors import DamagedFileError
from export.run_record import read_hashes, write_hashes
from export.text_hashes import text_hashes


@pytest.mark.parametrize(
    "twin",
    [
        "SO HAPPY today",
        "so happy, today!!!",
        "  so\thappy\ntoday ",
        "@friend so happy today http://t.co/abc?x=1",
        "so happy #today \U0001f600",
    ],
)
def test_twins_have_one_hash(twin):
    one, other = text_hashes(["so happy today", twin])
    assert one == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("so happy", "so sad"),
        ("\u092e\u0948\u0902 \u0916\u0941\u0936 \u0939\u0942\u0901", "\u092e\u0948\u0902 \u0926\u0941\u0916\u0940 \u0939\u0942\u0901"),
        ("\u65e5\u672c\u8a9e", "\u4e2d\u6587"),
        ("2 trains", "3 trains"),
        ("caf\u00e9", "cafe"),
        (":-)", ":-("),
    ],
)  # fmt: skip
def test_other_texts_have_others(one, other):
    """Hindi with its vowel signs, Japanese, digits, accents, and smileys that have no letter."""
    first, second = text_hashes([one, other])
    assert first != second


def test_case_of_any_alphabet():
    one, other = text_hashes(["\u00c4RGER \u0416", "\u00e4rger \u0436"])
    assert one == other


def test_they_stay_the_same():
    """Stored hashes are compared with those of later years."""
    assert text_hashes(["So HAPPY today!"]).tolist() == [1836380540539775637]


def test_bytes_that_are_no_utf_8_have_one():
    assert text_hashes([b"\xff\xfe so sad"]) == text_hashes(["so sad"])


def test_many_are_hashed_in_order(tmp_path):
    texts = [f"text {number}" for number in range(25_000)]
    hashes = text_hashes(np.array(texts, object))
    assert hashes.dtype == np.int64
    assert len(np.unique(hashes)) == 25_000
    assert hashes[20_001] == text_hashes(["text 20001"])[0]
    assert text_hashes([]).shape == (0,)


class TestFile:
    """`learned_from.npy` of a run and of a version."""

    def test_sorted_and_each_once(self, tmp_path):
        write_hashes(tmp_path / "x.npy", np.array([3, 1, 3], np.int64))
        assert read_hashes(tmp_path / "x.npy").tolist() == [1, 3]

    def test_none_where_there_is_no_file(self, tmp_path):
        assert read_hashes(tmp_path / "x.npy") is None

    @pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00v\x00{'descr': '<i8'"])
    def test_damaged(self, tmp_path, content):
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(DamagedFileError, match=r"x\.npy is damaged"):
            read_hashes(tmp_path / "x.npy")

    def test_cut_short(self, tmp_path):
        path = tmp_path / "x.npy"
        write_hashes(path, np.arange(100))
        path.write_bytes(path.read_bytes()[:-8])
        with pytest.raises(DamagedFileError, match=r"x\.npy is damaged"):
            read_hashes(path)

    def test_other_numbers(self, tmp_path):
        np.save(tmp_path / "x.npy", np.zeros((2, 2)))
        with pytest.raises(DamagedFileError, match=r"holds float64 \(2, 2\), no int64 \(rows,\)"):
            read_hashes(tmp_path / "x.npy")

    def test_objects_are_not_unpickled(self, tmp_path):
        np.save(tmp_path / "x.npy", np.array([print], object), allow_pickle=True)
        with pytest.raises(DamagedFileError, match="is damaged"):
            read_hashes(tmp_path / "x.npy")
