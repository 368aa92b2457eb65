"""Publication in an object store: the commands of a local folder, and their promises, without a rename."""

import subprocess
import sys
import time

import pytest
import stored_versions
from stored_versions import (
    FILES,
    leftovers,
    numbers,
    opened,
    publish_one,
    result_of,
    roll_back,
    start,
    torn,
    write_version,
)

import export.remote.progress
import export.remote.sweep
import export.remote.turns
from export.errors import ExportError
from export.remote.folder import folder_at
from export.remote.store import Store
from export.remote.turns import turn
from export.remote.upload import Upload, settle
from export.start.store_url import StoreUrl, folder_named
from export.versions.listing import list_versions

pytest.importorskip("s3fs")


def listed(url: str) -> str:
    """What `--list` shows."""
    with folder_at(StoreUrl(url)) as folder:
        return folder.table()


def put(url: str, name: str, content: bytes = b"by hand") -> None:
    """As somebody else's tool puts it there."""
    fs, root = opened(url)
    fs.pipe_file(f"{root}/{name}", content)


def publish_and_refuse(url: str) -> None:
    """Write a version in full, then raise."""
    with folder_at(StoreUrl(url)) as folder, folder.staged_version() as stage:
        write_version(stage.path)
        raise ValueError("the gate says no")


class TestOrder:
    """What a server can see while a version comes and goes."""

    def test_the_model_file_comes_after_everything_and_the_marker_after_it(
        self, memory, monkeypatch
    ):
        steps = []
        for name in ("copy", "move", "write"):
            real = getattr(Store, name)

            def told(self, first, *others, real=real, name=name):
                steps.append((name, first))
                return real(self, first, *others)

            monkeypatch.setattr(Store, name, told)
        assert publish_one(memory) == 1
        (copied,) = [
            list(first.values()) for name, first in steps if name == "copy" and len(first) > 1
        ]
        assert sorted(copied) == sorted(f"1/{name}" for name in FILES if name != "saved_model.pb")
        kinds = [name for name, _ in steps]
        assert kinds.index("move") > kinds.index("copy")
        assert kinds.count("move") == 1
        assert steps[kinds.index("move") + 1] == ("write", "1/published.json")

    def test_nothing_numbered_is_there_before_everything_has_arrived(self, memory):
        """A claim, an upload and an examination have names that a server takes for no version."""
        upload = Upload(Store(StoreUrl(memory)))
        with folder_at(StoreUrl(memory)) as folder, folder.staged_version() as stage:
            write_version(stage.path)
            upload.fill(stage.path)
            with turn(folder.store, upload.staged.key, conditional=True):
                assert not numbers(memory)
            upload.discard()
        assert numbers(memory) == [1]

    def test_what_was_taken_for_dead_and_wakes_up_publishes_nothing(self, memory):
        """Its permission is gone: it cannot complete a folder that is being cleared."""
        store = Store(StoreUrl(memory))
        publish_one(memory)
        upload = Upload(store)
        with folder_at(StoreUrl(memory)) as folder, folder.staged_version() as stage:
            write_version(stage.path)
            upload.fill(stage.path)
        settle(store, upload.staged, 9)
        with pytest.raises(ExportError):
            upload.place(9)
        assert not torn(memory)


class TestCommands:
    """The same commands do the same as in a local folder."""

    @pytest.mark.parametrize("store", [pytest.param("s3", marks=pytest.mark.slow), "memory"])
    def test_publish_roll_back_keep_and_list(self, store, request):
        url = request.getfixturevalue(store)
        assert [publish_one(url), publish_one(url), roll_back(url, 1)] == [1, 2, 3]
        fs, root = opened(url)
        for name in FILES:
            assert fs.cat_file(f"{root}/1/{name}") == fs.cat_file(f"{root}/3/{name}")
        assert stored_versions.keep(url, 2) == [1]
        assert numbers(url) == [2, 3]
        assert not leftovers(url)
        assert not torn(url)
        versions = [line.split()[0] for line in listed(url).splitlines()[2:]]
        assert versions == ["3", "2"]

    def test_a_file_url_is_a_local_folder(self, tmp_path):
        """It has renames and locks, which promise more than a store does."""
        with folder_at(folder_named(f"file://{tmp_path}/models")) as folder:
            with folder.staged_version() as stage:
                write_version(stage.path)
            assert stage.published == tmp_path / "models" / "1"

    def test_an_exporter_that_refuses_leaves_nothing(self, memory):
        with pytest.raises(ValueError, match="the gate says no"):
            publish_and_refuse(memory)
        fs, root = opened(memory)
        assert not fs.find(root)

    def test_a_version_that_is_not_there_cannot_come_back(self, memory):
        publish_one(memory)
        with pytest.raises(ExportError, match=r"\(1\). Received: version=7"):
            roll_back(memory, 7)

    def test_a_long_upload_shows_that_it_goes_on(self, memory, monkeypatch, capsys):
        """A plain line every few seconds, for a terminal and a log alike."""
        monkeypatch.setattr(export.remote.progress, "_SECONDS", 0)
        publish_one(memory)
        lines = capsys.readouterr().err.splitlines()
        assert lines
        assert all(line.startswith(f"Uploading to {memory}: ") for line in lines)


class TestUnfinished:
    """What is no version is told, and is neither counted nor touched unless a claim names it."""

    def test_the_list_names_what_somebody_else_put_there(self, memory):
        """It is above: a server answers with it, whatever put it there; the next number is higher still."""
        publish_one(memory)
        put(memory, "5/saved_model.pb")
        assert "unfinished: 5 (1 files, without a marker" in listed(memory)
        assert publish_one(memory) == 6
        assert stored_versions.keep(memory, 1) == [1]
        assert numbers(memory) == [5, 6]

    def test_a_version_that_lost_a_file_is_not_counted(self, memory):
        publish_one(memory)
        publish_one(memory)
        fs, root = opened(memory)
        fs.rm_file(f"{root}/2/variables/variables.index")
        assert "unfinished: 2 (5 files, its marker lists 1 that are not there)" in listed(memory)
        with folder_at(StoreUrl(memory)) as folder:
            assert [version.number for version in list_versions(folder.base)] == [1]

    def test_an_upload_of_another_machine_goes_when_it_is_old(self, memory, monkeypatch):
        """Nobody can be asked whether its process lives."""
        publish_one(memory)
        put(memory, ".publish/stages/ab/owner.json", b'{"machine": "elsewhere"}')
        put(memory, ".publish/stages/ab/version/saved_model.pb", b"0" * 2_000_000)
        told = "unfinished: an upload of 2.0 MB (on its way, or interrupted on another machine"
        assert stored_versions.keep(memory, 1) == []
        assert told in listed(memory)
        monkeypatch.setattr(export.remote.sweep, "STAGE_SECONDS", -1)
        stored_versions.keep(memory, 1)
        assert told not in listed(memory)
        assert not leftovers(memory)

    def test_a_changed_file_is_seen_before_anything_is_compared_with_it(self, memory):
        publish_one(memory)
        put(memory, "1/variables/variables.index", b"0" * FILES["variables/variables.index"])
        with (
            folder_at(StoreUrl(memory)) as folder,
            pytest.raises(ExportError, match="differs from its"),
        ):
            folder.fetch_newest()


class TestTurns:
    """Numbers are given once, and judged one after the other."""

    @pytest.mark.slow
    def test_exporters_at_once_get_different_numbers(self, s3):
        processes = [start("publish", s3, 2) for _ in range(3)]
        published = [number for process in processes for number in result_of(process)]
        assert len(set(published)) == 6
        assert numbers(s3) == sorted(published)
        assert not torn(s3)
        assert not leftovers(s3)

    @pytest.mark.parametrize("conditional", [True, False])
    def test_a_number_that_somebody_has_is_not_given_again(self, s3, conditional):
        """By the store's condition, and by the listing where it has none."""
        store = Store(StoreUrl(s3))
        with turn(store, "a", conditional=conditional) as first:
            first.begin()
            export.remote.turns._claimed(store, "b", conditional=conditional).end(published=True)
            second = export.remote.turns._claimed(store, "c", conditional=conditional)
            assert second.number > first.number
            second.end(published=True)

    def test_this_store_keeps_to_the_condition(self, s3):
        """Else the tests above would try one way twice."""
        assert Store(StoreUrl(s3)).is_conditional("probe", b"own")[0] is True

    def test_of_two_claims_at_the_same_moment_none_is_given_without_a_condition(self, memory):
        store = Store(StoreUrl(memory))
        store.write(".publish/claims/1.by.other", b"{}")
        taken = export.remote.turns._create_unconditionally(store, ".publish/claims/1", "k", b"{}")
        assert taken is False
        assert list(store.list()) == [".publish/claims/1.by.other"]

    def test_a_number_is_not_given_below_one_that_is_out(self, memory):
        """Its owner looked before: nobody would judge the two one after the other."""
        store = Store(StoreUrl(memory))
        store.write(".publish/claims/4", b'{"abandoned": true}')
        with turn(store, "a", conditional=True) as mine:
            assert mine.number == 5

    def test_a_higher_number_waits_for_the_lower(self, memory, monkeypatch, capsys):
        """It is judged by what the lower one leaves in front."""
        monkeypatch.setattr(export.remote.turns, "_TOLD_SECONDS", 0)
        store = Store(StoreUrl(memory))
        first = export.remote.turns._claimed(store, "a", conditional=True)

        def publish_the_first(_):
            first.end(published=True)

        monkeypatch.setattr(time, "sleep", publish_the_first)
        with turn(store, "b", conditional=True) as second:
            assert second.number == first.number + 1
        assert "Waiting for version 1" in capsys.readouterr().err


class TestKilled:
    """SIGKILL before a change of the store, of an exporter that a server's polling watches."""

    @pytest.mark.slow
    @pytest.mark.parametrize(("command", "step"), [("publish", 11), ("rollback", 12), ("keep", 7)])
    def test_no_server_loads_half_a_version(self, s3, tmp_path, command, step):
        end = tmp_path / "end"
        poller = start("poll", s3, end)
        found = result_of(start("kill", s3, command, step))
        end.touch()
        seen = result_of(poller)
        assert found["moments"] > 1
        assert found["half"] > 0 or command == "keep"
        assert not seen["halves"]
        assert seen["polls"] > 10
        assert len(seen["loaded"]) > found["moments"]


def test_local_folders_never_load_the_library():
    """A folder of this machine needs no extra."""
    code = (
        "import sys; from pathlib import Path; import export.__main__; from export.remote.folder import folder_at\n"
        "with folder_at(Path('nowhere')) as folder: folder.table()\n"
        "assert 'fsspec' not in sys.modules and 's3fs' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
