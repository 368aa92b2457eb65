"""Lock files: one holder at a time, and none once the holder is gone."""

import threading
import time

import pytest

from export.versions.lock_file import is_free, locked


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
