"""Publication: a server sees none of a version or all of it, whatever happens to the exporter."""

import contextlib
import errno
import os
import re
import shutil
from pathlib import Path

import crashes
import pytest
from checked_versions import (
    is_whole,
    leftovers,
    names,
    numbers,
    publish_first,
    publish_one,
    result_of,
    rows,
    snapshot,
    start,
    torn,
    write_version,
)

import export.versions.publish
from export.errors import ExportError
from export.versions.earlier import keep_newest, rollback
from export.versions.examination import read_examination, store
from export.versions.publish import check_can_publish, front_of, staged_version


def publish_and_refuse(base: Path, refusal: BaseException) -> None:
    """Write a version in full, then raise."""
    with staged_version(base) as stage:
        write_version(stage.path)
        raise refusal


@pytest.fixture
def base(tmp_path):
    """A folder of versions that is not there yet, nor is its parent."""
    return tmp_path / "models" / "tweets"


class TestPublishing:
    """What is written in the block becomes the next version, and nothing else changes."""

    def test_versions_count_up_from_one(self, base):
        assert [publish_one(base) for _ in range(3)] == [1, 2, 3]
        assert not torn(base)

    def test_a_reader_sees_nothing_before_the_block_ends(self, base):
        with staged_version(base) as stage:
            write_version(stage.path)
            assert not numbers(base)
        assert stage.published == base / "1"
        assert is_whole(base / "1")

    def test_only_the_version_remains(self, base):
        """Neither lock files nor the stage are left, within the version or beside it."""
        publish_one(base)
        assert not leftovers(base)
        assert names(base / "1") == [
            "assets",
            "manifest.json",
            "saved_model.pb",
            "variables",
        ]

    def test_the_server_may_run_as_another_user(self, base):
        """A stage is closed to others; a version is as open as the umask says."""
        publish_one(base)
        plain = base / "plain"
        plain.mkdir()
        assert base.joinpath("1").stat().st_mode == plain.stat().st_mode

    def test_everything_is_on_disk_before_the_rename_and_the_folder_after(self, base, monkeypatch):
        """A power cut must not leave a version whose files are empty."""
        steps = []
        real_fsync, real_rename = os.fsync, Path.rename

        def fsync(descriptor):
            steps.append(os.fstat(descriptor).st_ino)
            real_fsync(descriptor)

        def rename(self, target):
            steps.append("rename")
            return real_rename(self, target)

        base.mkdir(parents=True)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "rename", rename)
        publish_one(base)

        version = base / "1"
        written = {path.stat().st_ino for path in (version, *version.rglob("*"))}
        assert set(steps[: steps.index("rename")]) == written
        assert steps[steps.index("rename") + 1 :] == [base.stat().st_ino]

    def test_a_symbolic_link_is_published_as_one(self, base):
        with staged_version(base) as stage:
            stage.path.joinpath("link").symlink_to("nowhere")
        assert base.joinpath("1", "link").is_symlink()


class TestTakenNumbers:
    """No version ever replaces another."""

    def test_whatever_has_the_number_keeps_it(self, base):
        """The server reads a number in any name: an empty directory's, a file's, "007"."""
        base.joinpath("1").mkdir(parents=True)
        base.joinpath("2").write_text("not a version")
        base.joinpath("007").mkdir()
        assert publish_one(base) == 8

    @pytest.mark.parametrize("make", [Path.touch, write_version], ids=["file", "version"])
    def test_a_number_taken_at_the_last_moment_is_left_alone(self, base, monkeypatch, make):
        """Someone who copies a version by hand takes no lock."""
        next_version = export.versions.publish.next_version

        def beaten(base):
            monkeypatch.undo()
            number = next_version(base)
            if make is write_version:
                base.joinpath(str(number)).mkdir()
            make(base / str(number))
            return number

        monkeypatch.setattr(export.versions.publish, "next_version", beaten)
        assert publish_one(base) == 2
        assert is_whole(base / "1") == (make is write_version)

    def test_exports_at_once_get_different_versions(self, base):
        """Four processes publish five versions each into a folder that none of them finds."""
        processes = [start("publish", base, 5) for _ in range(4)]
        published = [number for process in processes for number in result_of(process)]
        assert sorted(published) == list(range(1, 21))
        assert numbers(base) == set(published)
        assert not torn(base)
        assert not leftovers(base)


class TestRefusal:
    """A version that its own exporter refuses: the gate raises inside the block."""

    @pytest.mark.parametrize("refusal", [ValueError("the gate says no"), KeyboardInterrupt()])
    def test_the_folder_stays_as_it_was(self, base, refusal):
        publish_one(base)
        before = snapshot(base)
        with pytest.raises(type(refusal)) as raised:
            publish_and_refuse(base, refusal)
        assert raised.value is refusal
        assert snapshot(base) == before

    def test_folders_made_for_it_go_too(self, base, tmp_path):
        with pytest.raises(ValueError, match="no"), staged_version(base):
            raise ValueError("no")
        assert not snapshot(tmp_path)

    def test_an_empty_folder_that_was_there_stays(self, base):
        base.mkdir(parents=True)
        with pytest.raises(ValueError, match="no"), staged_version(base):
            raise ValueError("no")
        assert base.is_dir()

    def test_an_empty_stage_is_no_version(self, base, tmp_path):
        with pytest.raises(ExportError, match="must hold a version"), staged_version(base):
            pass
        assert not snapshot(tmp_path)


class TestSuddenDeath:
    """A process that dies leaves nothing that a server would take for a version."""

    @pytest.mark.slow
    def test_killed_before_any_system_call(self, tmp_path):
        """Whatever is done to a folder dies at every instant that it has.

        Publishing, the first version with its examination, rolling back, removing, setting an
        examination and filling a run's folder.
        Each time a reader sees the folder of before or of after, every version and the examination
        whole, and the next run removes what was left.
        """
        figures = result_of(start("crash", tmp_path, script=crashes.__file__))
        assert min(command["instants"] for command in figures.values()) > 10, figures
        assert min(command["littered"] for command in figures.values()) > 10, figures

    @pytest.mark.slow
    def test_refused_by_any_system_call(self, tmp_path):
        """Each call of each command fails, in five ways: an error means that nothing happened.

        No error means that all of it did, and whatever is left the next run removes.
        """
        figures = result_of(start("refuse", tmp_path, script=crashes.__file__))
        assert min(command["instants"] for command in figures.values()) > 10, figures

    def test_killed_at_random_moments_under_the_eyes_of_a_reader(self, base):
        """Of every version that it ever sees, a polling reader finds each file whole."""
        base.parent.mkdir()
        figures = result_of(start("kill", base, 60))
        assert figures["kills"] == 60
        assert figures["littered"] > 0, figures
        assert figures["versions_seen"] > 10, figures
        assert figures["polls"] > 100, figures

    def test_the_stage_of_a_living_export_is_left_alone(self, base):
        """A second export sweeps and publishes while the first one is still writing."""
        with staged_version(base) as slow:
            write_version(slow.path)
            assert publish_one(base) == 1
            assert keep_newest(base, 1) == []
        assert slow.published == base / "2"
        assert not torn(base)

    def test_leftovers_of_any_age_are_removed(self, base):
        """With and without a lock file, half retired, and the folder's own lock."""
        for leftover in (".staging-a/version", ".staging-b", ".removed-c/3"):
            write_into = base / leftover
            write_into.mkdir(parents=True)
            write_version(write_into)
        base.joinpath(".staging-a", "lock").touch()
        base.joinpath(".publish.lock").touch()
        publish_one(base)
        assert names(base) == ["1"]

    def test_other_names_are_not_ours(self, base):
        others = ["1.tmp", "notes.txt", ".hidden", "staging-1"]
        for name in others:
            base.joinpath(name).mkdir(parents=True)
        publish_one(base)
        assert names(base) == sorted(["1", *others])


class TestRollback:
    """An earlier version is put in front by publishing it again."""

    def test_an_earlier_version_comes_to_the_front(self, base):
        publish_one(base)
        publish_one(base)
        assert rollback(base, 1) == base / "3"
        assert snapshot(base / "3") == snapshot(base / "1")

    def test_the_copy_takes_no_room_and_outlives_the_original(self, base):
        """Hard links: removing a version only takes away one of the names."""
        publish_one(base)
        rollback(base, 1)
        model = base / "2" / "saved_model.pb"
        assert model.samefile(base / "1" / "saved_model.pb")
        keep_newest(base, 1)
        assert numbers(base) == {2}
        assert is_whole(base / "2")

    def test_a_disk_without_hard_links_gets_copies(self, base, monkeypatch):
        def refuse(*_, **__):
            raise OSError(errno.EPERM, "Operation not permitted")

        publish_one(base)
        monkeypatch.setattr(os, "link", refuse)
        copy = rollback(base, 1)
        assert is_whole(copy)
        assert not copy.joinpath("saved_model.pb").samefile(base / "1" / "saved_model.pb")

    def test_of_two_names_for_one_number_the_served_one_is_published(self, base):
        for name in ("007", "7"):
            base.joinpath(name).mkdir(parents=True)
            base.joinpath(name, "name").write_text(name)
        assert rollback(base, 7).joinpath("name").read_text() == "7"

    def test_a_version_that_is_not_there(self, base):
        publish_one(base)
        publish_one(base)
        refused = re.escape(
            f"`version` must be one of those in '{base}' (2, 1). Received: version=5"
        )
        with pytest.raises(ExportError, match=f"^{refused}$"):
            rollback(base, 5)
        assert numbers(base) == {1, 2}

    def test_a_folder_that_is_not_there(self, base, tmp_path):
        with pytest.raises(ExportError, match="none yet"):
            rollback(base, 1)
        assert not snapshot(tmp_path)


class TestKeep:
    """Old versions go, one rename each; the newest never does."""

    def test_the_newest_stay(self, base):
        for _ in range(4):
            publish_one(base)
        assert [version.number for version in keep_newest(base, 2)] == [2, 1]
        assert names(base) == ["3", "4"]
        assert not torn(base)

    def test_numbers_are_compared_as_numbers(self, base):
        for name in ("9", "10"):
            base.joinpath(name).mkdir(parents=True)
        keep_newest(base, 1)
        assert names(base) == ["10"]

    def test_fewer_versions_than_wanted(self, base):
        publish_one(base)
        assert keep_newest(base, 3) == []
        assert numbers(base) == {1}

    def test_the_newest_never_goes(self, base):
        publish_one(base)
        with pytest.raises(ExportError, match=r"`count` must be at least 1\. Received: count=0"):
            keep_newest(base, 0)
        assert numbers(base) == {1}

    def test_a_folder_that_is_not_there(self, base, tmp_path):
        assert keep_newest(base, 1) == []
        assert not snapshot(tmp_path)

    def test_no_reader_sees_half_a_version(self, base, monkeypatch):
        """The number is gone before the first file is."""
        publish_one(base)
        publish_one(base)
        seen = []
        real_rmtree = shutil.rmtree

        def rmtree(path, **options):
            seen.append(numbers(base))
            real_rmtree(path, **options)

        monkeypatch.setattr(shutil, "rmtree", rmtree)
        keep_newest(base, 1)
        assert seen == [{2}]

    def test_a_version_that_is_a_link_leaves_its_target_alone(self, base, tmp_path):
        target = tmp_path / "elsewhere"
        target.mkdir()
        write_version(target)
        base.mkdir(parents=True)
        base.joinpath("1").symlink_to(target)
        publish_one(base)
        keep_newest(base, 1)
        assert names(base) == ["2"]
        assert is_whole(target)


class TestFront:
    """A version that was compared with another is published over that one, or not at all."""

    def test_over_the_one_that_it_was_compared_with(self, base):
        publish_first(base)
        assert publish_compared(base, front_of(base)) == base / "2"

    @pytest.mark.parametrize(
        "meanwhile",
        [
            publish_one,
            lambda base: rollback(base, 1),
            lambda base: store(base, rows("other", chosen=True), {}),
            lambda base: (shutil.rmtree(base / "2"), publish_one(base)),
        ],
        ids=["published", "rolled back", "examination", "removed by hand and published again"],
    )
    def test_not_where_that_changed_meanwhile(self, base, meanwhile):
        publish_first(base)
        publish_one(base)
        front = front_of(base)
        meanwhile(base)
        seen = numbers(base)
        assert publish_compared(base, front) is None
        assert numbers(base) == seen
        assert not leftovers(base)

    def test_old_versions_may_go_meanwhile(self, base):
        publish_first(base)
        publish_one(base)
        front = front_of(base)
        keep_newest(base, 1)
        assert publish_compared(base, front) == base / "3"

    def test_of_two_first_versions_one_brings_the_examination(self, base):
        front = front_of(base)
        publish_first(base, "one")
        assert publish_compared(base, front, rows("other")) is None
        assert read_examination(base).source == "one"
        assert numbers(base) == {1}


class TestOneFormat:
    """A server would take the next number for its next SavedModel, whatever is in it."""

    def test_another_format_is_refused_under_the_lock(self, base):
        """Both exports saw an empty folder."""
        with staged_version(base) as stage:
            stage.path.joinpath("model.onnx").touch()
            publish_one(base)
            with pytest.raises(ExportError, match="whose version 1 is saved_model"):
                stage.publish()
            shutil.rmtree(base / "1")
        assert base.joinpath("1", "model.onnx").exists()
        shutil.rmtree(base / "1")
        publish_one(base)
        assert numbers(base) == {1}
        assert not leftovers(base)

    def test_before_anything_slow_begins(self, base):
        publish_first(base)
        check_can_publish(base, "saved_model")
        with pytest.raises(ExportError, match="must be a folder of litert versions"):
            check_can_publish(base, "litert")


class TestCheckCanPublish:
    """What can be told before the first epoch is; nothing is left behind."""

    def test_a_folder_that_is_not_there_yet(self, base, tmp_path):
        check_can_publish(base, "saved_model")
        assert not snapshot(tmp_path)

    def test_a_relative_path(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        check_can_publish(Path("models/tweets"), "saved_model")
        assert not snapshot(tmp_path)

    @pytest.mark.parametrize("path", ["file", "file/below"])
    def test_a_file(self, tmp_path, path):
        tmp_path.joinpath("file").touch()
        with pytest.raises(ExportError, match="must be a folder"):
            check_can_publish(tmp_path / path, "saved_model")

    def test_a_place_that_takes_no_folder(self):
        with pytest.raises(ExportError, match=r"must be a folder.*base='/proc/models'"):
            check_can_publish(Path("/proc/models"), "saved_model")

    def test_versions_without_an_examination(self, base):
        publish_one(base)
        with pytest.raises(ExportError, match="must be a folder with an examination"):
            check_can_publish(base, "saved_model")

    def test_an_examination_of_other_labels(self, base):
        publish_first(base)
        check_can_publish(base, "saved_model", ["positive", "negative", "neutral"])
        with pytest.raises(ExportError, match="whose examination has the model's labels, joy"):
            check_can_publish(base, "saved_model", ["joy"])


def publish_compared(base, front, first=None):
    """Publish if `front` is still so; where."""
    with contextlib.suppress(NotPublishedError), staged_version(base) as stage:
        write_version(stage.path)
        if not stage.publish(front, first):
            raise NotPublishedError
        return stage.published
    return None


class NotPublishedError(Exception):
    """Raised in place of another comparison."""
