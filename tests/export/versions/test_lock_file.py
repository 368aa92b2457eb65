"""Lock files: one holder at a time, and none once the holder is gone."""

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from export.versions.lock_file import is_free, locked, locked_folder


def test_the_file_is_there_only_while_it_is_held(tmp_path):
    path = tmp_path / "lock"
    with locked(path):
        assert path.exists()
        assert not is_free(path)
    assert not path.exists()
    assert is_free(path)


def test_a_file_that_nobody_holds_is_free(tmp_path):
    """A process died: its lock file is still there, its lock is not."""
    path = tmp_path / "lock"
    path.touch()
    assert is_free(path)
    with locked(path):
        assert not is_free(path)


def test_an_error_inside_releases_it(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(ValueError, match="inside"), locked(path):
        raise ValueError("inside")
    assert is_free(path)


def test_one_holder_at_a_time(tmp_path):
    """Who waited for a file that its holder removed on leaving must not hold that one."""
    inside, most_inside, turns = 0, 0, 0

    def take_turns():
        nonlocal inside, most_inside, turns
        for _ in range(50):
            with locked(tmp_path / "lock"):
                inside += 1
                most_inside = max(most_inside, inside)
                turns += 1
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most_inside, turns) == (1, 200)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "missing" / "lock"):
        pass


def test_a_lock_that_cannot_be_had_leaves_no_file(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(OSError, match="No locks"), locked(tmp_path / "lock"):
        pass
    assert not list(tmp_path.iterdir())


class TestFolder:
    """The lock of a folder, on the folder itself and on a file in it."""

    def test_both_are_held_and_the_file_is_gone_afterwards(self, tmp_path):
        with locked_folder(tmp_path, tmp_path / "lock"):
            assert not is_free(tmp_path / "lock")
            assert not is_free_folder(tmp_path)
        assert not list(tmp_path.iterdir())
        assert is_free_folder(tmp_path)

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    def test_without_room_for_the_file_the_folder_is_held(self, tmp_path, monkeypatch, code):
        real_open = os.open

        def full(path, flags, *rest, **more):
            if flags & os.O_CREAT:
                raise OSError(code, os.strerror(code))
            return real_open(path, flags, *rest, **more)

        monkeypatch.setattr(os, "open", full)
        with locked_folder(tmp_path, tmp_path / "lock"):
            assert not is_free_folder(tmp_path)

    def test_where_no_folder_can_be_locked_the_file_is(self, tmp_path, monkeypatch):
        """As of file systems that want a lock's file open for writing."""
        real_flock = fcntl.flock

        def flock(descriptor, operation):
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            real_flock(descriptor, operation)

        monkeypatch.setattr(fcntl, "flock", flock)
        with locked_folder(tmp_path, tmp_path / "lock"):
            assert not is_free(tmp_path / "lock")

    def test_a_folder_that_another_process_holds_is_waited_for(self, tmp_path):
        program = (
            "import sys, time; from pathlib import Path\n"
            "from export.versions.lock_file import locked_folder\n"
            "base = Path(sys.argv[1])\n"
            "with locked_folder(base, base / 'lock'):\n"
            "    print('held', flush=True); time.sleep(0.5); print('over', flush=True)\n"
        )
        root = str(Path(__file__).parents[3])
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout.readline() == "held\n"
            with locked_folder(tmp_path, tmp_path / "lock"):
                os.set_blocking(other.stdout.fileno(), False)
                assert other.stdout.readline() == "over\n"

    def test_a_folder_that_is_not_there(self, tmp_path):
        missing = tmp_path / "missing"
        with pytest.raises(FileNotFoundError), locked_folder(missing, missing / "lock"):
            pass


def is_free_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
    finally:
        os.close(descriptor)
