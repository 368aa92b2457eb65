"""`--engine ray`: the same bytes as on one machine, whoever dies meanwhile."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed")

ROOT = Path(__file__).parents[3]
ROWS = 400_000
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_TOKEN": "0" * 64}


@pytest.fixture(scope="module")
def job(base, tmp_path_factory):
    """The words of a job of many pieces but for its output, and the bytes that it makes on one machine."""
    folder = tmp_path_factory.mktemp("job")
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as file:
        rows = ([at, f"tweet {at} " + "so\n" * (at % 5)] for at in range(ROWS))
        csv.writer(file).writerows([["id", "text"], *rows])
    words = ["--model", base, "--input", folder / "in.csv", "--piece-mib", "0.2"]
    ended = subprocess.run(command(words, folder / "out"), cwd=ROOT, check=False)
    assert ended.returncode == 0
    return words, contents(folder / "out")


def command(words, output, *more):
    return [sys.executable, "-m", "serving.score", *map(str, [*words, "--output", output, *more])]


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def start(words, output, *more, **environment):
    return subprocess.Popen(
        command(words, output, "--engine", "ray", *more),
        cwd=ROOT,
        env={**os.environ, **QUIET, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_parts(process, output, count=1):
    while process.poll() is None and len(list(output.glob("part-*"))) < count:
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()


def children(pid):
    """Of that process, and theirs."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found += [child, *children(child)]
    return found


def actors(pid):
    """Processes that score for the driver of that id."""
    return [
        child
        for child in children(pid)
        if "MapWorker" in Path(f"/proc/{child}/cmdline").read_text()
    ]


@pytest.mark.slow
def test_an_actor_and_the_driver_die_and_the_bytes_are_the_same(job, tmp_path):
    """The actor's piece is scored again at once, the driver's when the command is given again."""
    words, wanted = job
    with start(words, tmp_path / "out") as process:
        wait_for_parts(process, tmp_path / "out")
        os.kill(actors(process.pid)[0], signal.SIGKILL)
        wait_for_parts(process, tmp_path / "out", 6)
        process.send_signal(signal.SIGKILL)
    before = contents(tmp_path / "out")
    assert set(wanted) - set(before)
    with start(words, tmp_path / "out") as process:
        said = process.communicate()[1]
        assert process.returncode == 0, said
    assert "parts are there already" in said
    assert "Warning" not in said
    assert contents(tmp_path / "out") == wanted


@pytest.mark.slow
def test_one_of_two_nodes_dies_and_the_bytes_are_the_same(job, tmp_path, monkeypatch):
    """Nodes of one machine, each with processes of its own."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    words, wanted = job
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    try:
        other = cluster.add_node(num_cpus=1)
        with start(words, tmp_path / "out", "--address", cluster.address) as process:
            wait_for_parts(process, tmp_path / "out", 2)
            cluster.remove_node(other, allow_graceful=False)
            said = process.communicate()[1]
            assert process.returncode == 0, said
    finally:
        cluster.shutdown()
    assert contents(tmp_path / "out") == wanted


@pytest.mark.slow
def test_a_cluster_without_a_free_cpu_ends_in_a_sentence(job, tmp_path, monkeypatch):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        more = ("--address", cluster.address, "--stall-timeout", "15")
        with start(job[0], tmp_path / "out", *more) as process:
            said = process.communicate()[1]
    finally:
        cluster.shutdown()
    assert process.returncode == 1
    assert "No progress in 15 seconds (--stall-timeout), while waiting for the next part" in said
    assert "actors on 0 CPUs" in said
