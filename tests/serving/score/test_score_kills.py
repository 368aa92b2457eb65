"""Killed at any moment and started again, the job ends with the bytes it would have had."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = 120_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV that takes seconds."""
    path = tmp_path_factory.mktemp("table") / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = ([at, f"tweet {at} " + "so\n" * (at % 5)] for at in range(ROWS))
        csv.writer(file).writerows([["id", "text"], *rows])
    return path


def start(base, table, output):
    words = (
        "--model",
        base,
        "--input",
        table,
        "--output",
        output,
        "--piece-mib",
        0.1,
        "--format",
        "csv",
    )
    return subprocess.Popen(
        [sys.executable, "-m", "serving.score", *map(str, words)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def wait_for_a_part(process, output):
    """Until there is one, or the process has ended."""
    while process.poll() is None and not list(output.glob("part-*")):
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_bytes(base, table, tmp_path):
    with start(base, table, tmp_path / "whole") as process:
        assert process.wait() == 0, process.stderr.read()
    wanted = contents(tmp_path / "whole")
    chance = random.Random(7)  # noqa: S311 (moments, no secrets)
    output, kills = tmp_path / "out", 0
    for _ in range(4):
        before = len(list(output.glob("part-*")))
        with start(base, table, output) as process:
            wait_for_a_part(process, output) if not before else time.sleep(chance.uniform(2, 5))
            time.sleep(chance.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        assert set(contents(output)) - set(wanted) <= {
            str(file.relative_to(output)) for file in output.rglob(".*.tmp")
        }
    assert kills
    with start(base, table, output) as process:
        assert process.wait() == 0, process.stderr.read()
    assert contents(output) == wanted


@pytest.mark.slow
def test_ctrl_c_leaves_what_is_done_and_nothing_half_written(base, table, tmp_path):
    with start(base, table, tmp_path / "out") as process:
        wait_for_a_part(process, tmp_path / "out")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() == 130
        assert "Stopped; the same command goes on." in process.stderr.read()
    assert list((tmp_path / "out").glob("part-*"))
    assert not list((tmp_path / "out").rglob(".*.tmp"))
