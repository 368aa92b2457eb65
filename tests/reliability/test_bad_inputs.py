"""A part of what `make reliability` tries; and that what ends wrongly is seen as that."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import bad_labels
import bad_options
import bad_runs
import bad_tables
import bad_values
import pytest
from attempts import Tally
from bad_words import NAMES, WORDS

HERE = Path(__file__).parent
EXPORT_TESTS = HERE.parent / "export"


def well(tallies):
    """Every kind was tried, and nothing was lost."""
    tallies = list(tallies)
    assert all(tally.tried for tally in tallies)
    assert list(chain.from_iterable(tally.lost for tally in tallies)) == []


@pytest.mark.slow
def test_odd_options(tmp_path, monkeypatch):
    """Of every command; those of the client wait for names to be looked up, and have their own tests."""
    monkeypatch.setattr(bad_options, "NOBODY", (*bad_options.NOBODY, "--nonsense"))
    well(bad_options.attack(tmp_path, WORDS[::9]))


def test_odd_labels(tmp_path):
    well(bad_labels.attack(tmp_path, NAMES[::12]))


@pytest.mark.slow
def test_damaged_tables(tmp_path):
    well(bad_tables.attack(tmp_path, None, 2))


@pytest.mark.slow
def test_damaged_folders_of_versions(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXPORT_TESTS))
    well(bad_runs.attack(tmp_path, None, 2))


def test_odd_values():
    well(bad_values.attack(None))


@pytest.mark.slow
def test_damaged_runs(tmp_path, tiny_run, monkeypatch):
    monkeypatch.syspath_prepend(str(EXPORT_TESTS))
    well(bad_runs.attack(tmp_path, tiny_run, 4))
    well(bad_values.attack(tiny_run))


def ends(code, out="", err=""):
    """A command that ends like this."""

    def main(_):
        print(out)
        print(err, file=sys.stderr)
        return code

    return main


def raises(error):
    """A command that raises."""

    def main(_):
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (raises(KeyError("a")), "KeyError"),
        (ends(0, "done"), "taken for good: done"),
        (ends(3, err="error: a sentence"), "exit code 3"),
        (ends(2), "exit code 2 with"),
        (ends(2, err="error: one\nerror: two"), "exit code 2 with"),
        (ends(2, err="Traceback (most recent call last):\nerror: x"), "exit code 2 with"),
        (ends(2, err="error: \x1b[31mred"), "printed '\\x1b'"),
        (ends(2, err="error: " + "a" * 5_000), "a sentence of"),
    ],
)
def test_what_ends_wrongly_is_lost(main, words):
    tally = Tally("x")
    tally.command(main, "a", "b")
    (lost,) = tally.lost
    assert words in lost
    assert "['a', 'b']" in lost


def test_what_is_half_written_is_lost(tmp_path):
    def main(_):
        (tmp_path / "half").touch()
        print("error: a sentence", file=sys.stderr)
        return 2

    tally = Tally("x")
    tally.command(main, unchanged=tmp_path)
    assert "has changed" in tally.lost[0]


def test_a_sentence_is_none_lost():
    tally = Tally("x")
    tally.command(ends(1, err="error: refused\n  also: for this"))
    tally.function(int, "a", errors=ValueError)
    tally.function(int, "1", errors=ValueError)
    assert (tally.tried, tally.refused, tally.taken, tally.lost) == (3, 2, 1, [])


def test_another_error_than_promised_is_lost():
    tally = Tally("x")
    tally.function(int, None, errors=ValueError)
    assert "('int', None): TypeError" in tally.lost[0]


def test_help():
    command = [sys.executable, str(HERE), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--quick" in ended.stdout
