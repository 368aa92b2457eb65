"""Lock files: the system lets go of one when its holder dies, however it dies.

with locked(path): ...     made for the purpose, held, removed after
is_free(path)              whether the holder is gone
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; waits for its turn as long as it takes.

    Raises:
        OSError: the file cannot be made, or the file system knows no locks.
    """
    lock = _take(path)
    try:
        yield
    finally:
        # While still held: whoever waits for this file finds it gone and makes a new one.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(lock)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock file at `path`; so too where there is no such file.

    A file that this user may not open counts as held: it is another user's.
    """
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _take(path: Path) -> int:
    """A descriptor that holds the lock on the file which is at `path` now."""
    while True:
        # For writing, though nothing is written: NFS locks nothing that is open for reading.
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(path, lock):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one at `path`: its last holder removed it on leaving."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
