"""A command in a process of its own tells what it took, of itself alone."""

import pytest

from benchmarks.shared.processes import BenchError, run_module


def test_a_child_tells_its_time_its_memory_and_its_words(tmp_path):
    (tmp_path / "log").touch()
    done = run_module(["this"], tmp_path / "log")
    assert "Beautiful is better than ugly." in done.output
    assert done.seconds > 0
    assert 5e6 < done.peak_bytes < 500e6  # of this small child, not of the process that asks


def test_a_failed_child_is_one_sentence_with_its_last_words(tmp_path):
    with pytest.raises(BenchError) as caught:
        run_module(["benchmarks", "--only=nothing"], tmp_path / "log")
    assert str(caught.value).startswith("`benchmarks` ended with exit code 2: ")
    assert "Received: 'nothing'" in str(caught.value)
    assert str(tmp_path / "log") in str(caught.value)
