"""A piece that takes long is no stall, as long as its rows come."""

import csv
import gzip
import io
import time

import pytest

from export.tables.reading import Reading
from serving.score import heartbeat as module
from serving.score.folder import OutputFolder
from serving.score.heartbeat import Heartbeat, listening, notes
from serving.score.watch import Watch

PATIENCE_S = 0.8
ROWS = 400_000
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_TOKEN": "0" * 64}


@pytest.fixture
def quick(monkeypatch):
    """Notes and looks several times in the watch's patience."""
    monkeypatch.setattr(module, "EVERY_S", 0.2)


def stalls(watch, seconds, meanwhile):
    """Whether the watch gives up within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        meanwhile()
        if watch.stall():
            return True
        time.sleep(0.05)
    return False


def test_rows_inside_a_piece_are_progress_until_they_stop(quick, tmp_path):
    heartbeat, watch = Heartbeat(tmp_path, 3), Watch(PATIENCE_S)
    with listening(tmp_path, watch):
        assert not stalls(watch, 2 * PATIENCE_S, lambda: heartbeat.add(1))
        assert notes(tmp_path)[3] > 1
        assert stalls(watch, 3 * PATIENCE_S, lambda: None)
    heartbeat.close()
    assert not list(tmp_path.iterdir())


def test_an_actor_that_dies_at_the_same_row_again_and_again_is_a_stall(quick, tmp_path):
    """Ray starts it again for ever; each time it notes the same rows."""
    watch = Watch(PATIENCE_S)
    with listening(tmp_path, watch):
        assert stalls(watch, 4 * PATIENCE_S, lambda: Heartbeat(tmp_path, 3).add(7))


class CountingWatch(Watch):
    """Knows how often it was told of progress."""

    moves = 0

    def moved(self):
        self.moves += 1
        super().moved()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's own
def test_an_actor_tells_of_rows_inside_a_packed_file(base, tmp_path, monkeypatch):
    """Which is one piece: without that the driver hears nothing until its end."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    from serving.score.on_ray import ActorsJob, Cluster, score_on_ray
    from serving.score.pieces.planning import Wish, make_plan

    text = io.StringIO(newline="")
    csv.writer(text).writerows([["text"], *([f"tweet {at} " + "so " * 9] for at in range(ROWS))])
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), 1))
    plan = make_plan([str(tmp_path / "in.csv.gz")], Wish(Reading("text"), (), 2**26))
    folder = OutputFolder(tmp_path / "out", "csv")
    folder.begin({}, [])
    watch, done = CountingWatch(600), []
    given = ActorsJob(plan, str(tmp_path / "out"), "csv", "")
    words = {"watch": watch, "done": lambda *told: done.append(told)}
    try:
        score_on_ray(given, base / "3", [0], Cluster(None, 1), **words)
    finally:
        folder.release()
    assert [counts.rows for _, counts in done] == [ROWS]
    assert watch.moves
    assert not notes(folder.progress)
