"""Reading a run folder: everything in it, or one sentence that names what is wrong."""

import json

import numpy as np
import pytest

from export.errors import UnreadableRunError
from export.run_record import LEARNED_FROM, read_run, write_hashes


@pytest.fixture
def run(tmp_path):
    """A run folder with the files that are read."""
    folder = tmp_path / "2026-01-01"
    folder.mkdir()
    for name in ("config", "metrics"):
        folder.joinpath(f"{name}.json").write_text(json.dumps({"name": name}))
    folder.joinpath("data.json").write_text('{"path": "/home/me/tweets.csv"}')
    return folder


def test_what_is_there(run):
    write_hashes(run / LEARNED_FROM, np.array([2, 1]))
    found = read_run(run)
    assert (found.name, found.data_name) == ("2026-01-01", "tweets.csv")
    assert found.config == {"name": "config"}
    assert found.learned_from.tolist() == [1, 2]


def test_an_older_run_does_not_know_what_it_learned_from(run):
    assert read_run(run).learned_from is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("metrics.json", "{", "metrics.json is damaged"),
        ("metrics.json", '{"a":' * 100_000, "metrics.json is nested too deep"),
        ("metrics.json", '{"test": 1e400}', "1e400 is no finite number"),
        ("config.json", "[]", "config.json holds no JSON object"),
        (LEARNED_FROM, "no array", "learned_from.npy is damaged"),
    ],
)
def test_what_is_damaged_is_named(run, name, content, reason):
    run.joinpath(name).write_text(content)
    with pytest.raises(UnreadableRunError, match="`model` must stand in its run folder") as told:
        read_run(run)
    assert reason in str(told.value)


def test_hashes_whose_header_does_not_end(run):
    """NumPy reads it by Python's own tokenizer, and lets that one's error through."""
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (3,".ljust(117) + b"\n"
    (run / LEARNED_FROM).write_bytes(b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
    with pytest.raises(UnreadableRunError, match=r"learned_from\.npy is damaged"):
        read_run(run)


def test_a_file_that_is_missing(run):
    run.joinpath("data.json").unlink()
    with pytest.raises(UnreadableRunError, match=r"No such file.*data\.json"):
        read_run(run)
