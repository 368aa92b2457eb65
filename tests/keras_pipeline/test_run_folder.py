"""A run's folder: made once, locked while a process works on it, told apart from what cannot go on."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from keras_pipeline import run_files
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import DiskError, UserError
from keras_pipeline.run_files import Intent, check_is_free, write_whole
from keras_pipeline.run_folder import RunFolder

CONFIG = TrainConfig(epochs=3)


@pytest.fixture
def source(tmp_path):
    """A table of its own, which a test may change."""
    (tmp_path / "table.csv").write_text("text,sentiment\nhello you,neutral\n")
    return DataSource(tmp_path / "table.csv")


@pytest.fixture
def new_run(source, tmp_path, monkeypatch):
    """A function that makes a run by name under runs/, begun so many seconds after the first of 1970."""
    monkeypatch.chdir(tmp_path)

    def make(name, began_s=1, source=source):
        with RunFolder.create(Path("runs") / name, CONFIG, source) as run:
            os.utime(run.path / "config.json", (began_s, began_s))
        return run.path

    return make


@contextmanager
def largest_file(size_bytes):
    """No file may grow beyond: a real limit, which writes meet as they meet a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def one_sentence(error):
    assert "\n" not in str(error.value)
    return str(error.value)


class TestCreate:
    """A new run has a folder of its own, whole or not at all."""

    def test_it_writes_down_what_was_asked(self, source, tmp_path):
        intent = Intent(tmp_path / "models", tensorboard=True, require_speed="p50=2ms")
        run = RunFolder.create(tmp_path / "run", CONFIG, source, intent)
        again = RunFolder(run.path)
        assert (again.config(), again.source(), again.intent()) == (CONFIG, source, intent)
        assert not again.is_finished
        assert again.failure is None

    def test_runs_of_one_second_get_folders_of_their_own(self, source, tmp_path, monkeypatch):
        """All of them under way at once; the one that comes second has -2 behind its name."""
        monkeypatch.chdir(tmp_path)
        runs = [RunFolder.create(None, CONFIG, source) for _ in range(20)]
        names = [run.path.name for run in runs]
        assert len(set(names)) == 20
        assert any(name.endswith("-2") for name in names)

    def test_an_empty_folder_may_be_there(self, source, tmp_path):
        RunFolder.create(
            tmp_path, CONFIG, DataSource(source.path.rename(tmp_path.parent / "t.csv"))
        )

    @pytest.mark.parametrize("output", ["file", "file/run", "file/deep/run", "x" * 300, "full"])
    def test_where_no_folder_can_be_is_told_before_anything_is_read(self, output, tmp_path):
        (tmp_path / "file").touch()
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "mine").touch()
        with pytest.raises(UserError) as caught:
            check_is_free(tmp_path / output)
        assert f"Received: output={tmp_path / output}" in one_sentence(caught)

    def test_without_room_nothing_stays_behind(self, source, tmp_path):
        with largest_file(size_bytes=10), pytest.raises(DiskError) as caught:
            RunFolder.create(tmp_path / "run", CONFIG, source)
        assert "config.json` cannot be written" in one_sentence(caught)
        assert not (tmp_path / "run").exists()


class TestWriteWhole:
    """A file of a run is whole, old or new."""

    def test_without_room_the_old_file_stays_and_no_half_one(self, tmp_path):
        """One sentence, exit code 1."""
        path = tmp_path / "file.json"
        write_whole(path, lambda file: file.write_text("old"))
        with largest_file(size_bytes=1000), pytest.raises(DiskError) as caught:
            write_whole(path, lambda file: file.write_text("new" * 1000))
        assert caught.value.exit_code == 1
        assert "File too large" in one_sentence(caught)
        assert [file.name for file in tmp_path.iterdir()] == ["file.json"]
        assert path.read_text() == "old"

    def test_ctrl_c_leaves_no_half_file(self, tmp_path):
        def interrupted(file):
            file.write_text("half")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_whole(tmp_path / "file.json", interrupted)
        assert not list(tmp_path.iterdir())

    def test_the_folder_is_on_the_disk_once_the_file_has_its_name(self, tmp_path, monkeypatch):
        """Else a power cut takes the name back: a finished run would look unfinished."""
        synced = []

        def fsync(descriptor):
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            synced.append(("folder" if folder else "file", (tmp_path / "metrics.json").exists()))
            real(descriptor)

        real = os.fsync
        monkeypatch.setattr(os, "fsync", fsync)
        write_whole(tmp_path / "metrics.json", lambda file: file.write_text("{}"))
        assert synced == [("file", False), ("folder", True)]


HOLDER = """
import sys, time
from pathlib import Path
from keras_pipeline.run_folder import RunFolder
run = RunFolder.reopen(Path(sys.argv[1]))
print("holding", flush=True)
time.sleep(600)
"""


@contextmanager
def another_process_on(path):
    """A real one, which ends by SIGKILL."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "holding\n"
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)


class TestLock:
    """One process at a time works on a run."""

    def test_one_process_at_a_time_works_on_a_run(self, new_run):
        """A second --resume would write into the first one's files. A killed one holds nothing up."""
        path = new_run("one")
        with another_process_on(path), pytest.raises(UserError) as caught:
            RunFolder.reopen(path)
        assert one_sentence(caught) == (
            "Another process works on this run; wait until it has ended, or name another folder. "
            f"Received: output={path}"
        )
        assert RunFolder.reopen(path).path == path

    def test_a_run_is_locked_from_its_making_on(self, source, tmp_path):
        with RunFolder.create(tmp_path / "run", CONFIG, source) as run:
            with pytest.raises(UserError, match="Another process works on this run"):
                RunFolder.reopen(run.path)
            with pytest.raises(UserError, match="nothing is written over"):
                RunFolder.create(run.path, CONFIG, source)
        RunFolder.reopen(run.path)

    def test_two_who_want_one_empty_folder(self, source, tmp_path):
        """Both found it free: one gets it."""
        lock = run_files.RunLock(tmp_path)
        source.path.unlink()
        with pytest.raises(UserError, match="Another process works on this run"):
            run_files.RunLock(tmp_path)
        lock.release()
        lock.release()
        run_files.RunLock(tmp_path)

    def test_reading_a_run_needs_no_lock(self, new_run):
        """The evaluation of a run that trains, or lies where nothing can be written."""
        path = new_run("one")
        with another_process_on(path):
            assert RunFolder(path).config() == CONFIG


class TestFailure:
    """A run that failed for good is marked, with the sentence by which it failed."""

    def test_a_user_error_marks_the_run_for_good(self, new_run):
        path = new_run("one")
        run = RunFolder.reopen(path)
        with pytest.raises(UserError, match="diverged"), run.noting_failure():
            raise UserError("Training diverged.")
        assert RunFolder(path).failure == "Training diverged."
        with pytest.raises(UserError) as caught:
            RunFolder.reopen(path)
        assert f"output={path}, which failed: Training diverged." in one_sentence(caught)
        (path / "failed.json").unlink()
        with run:
            pass
        assert RunFolder.reopen(path).failure is None

    @pytest.mark.parametrize("error", [DiskError("full"), KeyboardInterrupt(), RuntimeError("cut")])
    def test_what_may_go_well_next_time_does_not(self, new_run, error):
        run = RunFolder(new_run("one"))
        with pytest.raises(type(error)), run.noting_failure():
            raise error
        assert run.failure is None


class TestTheNewestThatCanBeResumed:
    """A bare --resume goes on, whatever else lies under runs/."""

    def test_it_is_the_one_that_began_last_whatever_its_name(self, new_run):
        new_run("zebra", 1)
        newest = new_run("aardvark", 3)
        new_run("monkey", 2)
        assert RunFolder.reopen(None).path == newest

    def test_what_cannot_be_resumed_is_named_and_passed_over(self, new_run, capsys):
        """Failed, half made, damaged, without its data, at work elsewhere; finished ones in silence."""
        good = new_run("good", 1)
        (new_run("finished", 20) / "metrics.json").write_text('{"interrupted": false}')
        reasons = {
            new_run("failed", 9): "which failed: Training diverged",
            new_run("half", 8): "needs a run folder with config.json and data.json",
            new_run("settings", 7): "`epochs` must be of type int. Received: epochs='3'",
            new_run("figures", 6): "must hold `interrupted` as training wrote it. Received: interrupted=None",
            new_run("data", 5): "must tell what the run reads",
            new_run("gone", 4): "The run's data is gone; put it back. Received: data=/nowhere.csv",
            new_run("busy", 3): "Another process works on this run",
        }  # fmt: skip
        Path("runs/failed/failed.json").write_text('{"reason": "Training diverged"}')
        Path("runs/half/data.json").unlink()
        Path("runs/settings/config.json").write_text('{"epochs": "3"}')
        Path("runs/figures/metrics.json").write_text("{}")
        Path("runs/data/data.json").write_text("{}")
        described = json.loads(Path("runs/gone/data.json").read_text())
        Path("runs/gone/data.json").write_text(json.dumps({**described, "path": "/nowhere.csv"}))
        with another_process_on(Path("runs/busy")):
            assert RunFolder.reopen(None).path == good
        told = capsys.readouterr().out.splitlines()
        assert len(told) == len(reasons)
        for path, reason in reasons.items():
            (line,) = (line for line in told if line.startswith(f"Passed over {path}:"))
            assert reason in line

    def test_where_none_can_be_one_sentence_says_so(self, new_run, capsys):
        """A folder in which a run was killed before it wrote anything is one; what is no run is not."""
        (new_run("failed") / "failed.json").write_text('{"reason": "Training diverged"}')
        for folder in ("begun", "notes"):
            Path("runs", folder).mkdir()
        Path("runs/begun/.lock").touch()
        with pytest.raises(UserError) as caught:
            RunFolder.reopen(None)
        assert "Received: 2 runs, none unfinished that can go on" in one_sentence(caught)
        told = capsys.readouterr().out.splitlines()
        assert [line.partition(":")[0] for line in told] == [
            "Passed over runs/failed",
            "Passed over runs/begun",
        ]

    def test_without_any_run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UserError, match="Received: 0 runs, none unfinished"):
            RunFolder.reopen(None)


def read_all(run):
    """Everything that a command reads of a run."""
    return run.is_finished, run.config(), run.intent(), run.source(), run.failure


JSON_FILES = ("config.json", "intent.json", "data.json", "metrics.json", "failed.json")
DAMAGES = {
    "cut": b'{"a": ',
    "empty": b"",
    "no object": b"[1, 2]",
    "null": b"null",
    "nested too deeply": b"[" * 100_000 + b"]" * 100_000,
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "a number of 5,000 digits": b'{"epochs": ' + b"1" * 5000 + b"}",
    "NUL": b"\0\0\0\0",
}


class TestDamagedFiles:
    """Whatever happened to a run's files, one sentence names the file."""

    @pytest.mark.parametrize("damage", DAMAGES)
    @pytest.mark.parametrize("name", JSON_FILES)
    def test_each_gets_one_sentence_with_its_name(self, name, damage, new_run):
        path = new_run("one")
        (path / name).write_bytes(DAMAGES[damage])
        with pytest.raises(UserError) as caught:
            read_all(RunFolder(path))
        assert str(path / name) in one_sentence(caught)

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("config.json", {"epochs": 1e400}),
            ("config.json", {"learning_rate": 10**400}),
            ("config.json", {"cleaner": ["notebook"]}),
            ("config.json", {"seed": None}),
            ("config.json", {"unheard_of": 1}),
            ("intent.json", {"publish_to": 3}),
            ("intent.json", {"tensorboard": "yes"}),
            ("data.json", {"path": 5}),
            ("data.json", {"path": None}),
            ("data.json", {"encoding": 8}),
            ("data.json", {"drop_unknown_labels": "no"}),
            ("data.json", {"embeddings": {}}),
            ("data.json", {"embeddings": "words.vec"}),
            ("data.json", {"sha256": None}),
            ("data.json", {"sha256": {"path": 7}}),
            ("data.json", {"sha256": {"soft_labels": "00"}}),
            ("data.json", {"unheard_of": 1}),
            ("metrics.json", {"interrupted": "no"}),
            ("metrics.json", {"interrupted": None}),
            ("failed.json", {"reason": 1}),
        ],
        ids=str,
    )
    def test_values_of_other_types_get_one_sentence(self, name, change, new_run):
        path = new_run("one")
        file = path / name
        sound = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**sound, **change}))
        with pytest.raises(UserError) as caught:
            read_all(RunFolder(path))
        assert str(file) in one_sentence(caught)

    @pytest.mark.parametrize("path", ["nowhere.csv", "a\0b", "x" * 5000, ".", "table.csv/x"])
    def test_data_that_is_no_longer_there(self, path, new_run):
        file = new_run("one") / "data.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "path": path}))
        with pytest.raises(UserError, match="The run's data"):
            RunFolder(file.parent).source()


def test_a_run_from_before_it_was_asked_publishes_nothing(new_run):
    path = new_run("one")
    (path / "intent.json").unlink()
    assert RunFolder(path).intent() == Intent(publish_to=None, tensorboard=False)


def test_the_folder_to_publish_to_is_known_from_everywhere(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunFolder.create(Path("run"), CONFIG, source, Intent(publish_to=Path("models")))
    assert run.intent().publish_to == tmp_path / "models"


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path, monkeypatch):
    """A root user may write everywhere: hence the system's answer is given here."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UserError, match=r"must be a folder that can be written.*Permission denied"):
        check_is_free(tmp_path / "run")


def test_a_table_of_several_files_and_parts_comes_back_as_it_was(tmp_path):
    """And a change of any of its files is noticed."""
    files = [tmp_path / f"{name}.tsv" for name in ("a", "b", "validation", "test")]
    for file in files:
        file.write_text(f"so good\t{file.stem}\n")
    source = DataSource(
        files[0],
        more_paths=(files[1],),
        validation_paths=(files[2],),
        test_paths=(files[3],),
        columns=("text", "sentiment"),
        delimiter="\t",
        quotes=False,
    )
    with RunFolder.create(tmp_path / "run", CONFIG, source) as run:
        assert run.source() == source
        files[2].write_text("other rows\tvalidation\n")
        with pytest.raises(UserError, match="The run's data has changed since it began"):
            run.source()
