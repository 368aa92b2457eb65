"""Locks: the system lets go of one when its holder dies, however it dies.

with locked(path): ...                 a file made for the purpose, held, removed after
with locked_folder(folder, path): ...  the folder itself, and such a file where there is room for one
is_free(path)                          whether the holder of a file is gone
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
# What file systems answer that lock no folder; that they are out of locks (ENOLCK) is another thing.
_FOLDERS_NOT_LOCKED: Final = (errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; waits for its turn as long as it takes.

    Raises:
        OSError: the file cannot be made, or the file system knows no locks; no file is left.
    """
    lock = _take_file(path)
    try:
        yield
    finally:
        # While still held: whoever waits for this file finds it gone and makes a new one.
        with contextlib.suppress(OSError):
            path.unlink()
        _close(lock)


@contextlib.contextmanager
def locked_folder(folder: Path, path: Path) -> Iterator[None]:
    """Hold a folder's lock, on a disk without room for a single file too.

    A lock on the folder itself takes no room, but of NFS it binds this machine alone; a file in it binds
    all machines. Where there is no room for the file there is none for another's either.

    Args:
        folder: what to lock.
        path: of the lock file, in it.

    Raises:
        OSError: the folder is not there, or neither can be locked; no file is left.
    """
    with contextlib.ExitStack() as held:
        itself = _take_folder(folder)
        if itself is not None:
            held.callback(_close, itself)
        try:
            held.enter_context(locked(path))
        except OSError as error:
            if itself is None or error.errno not in _NO_ROOM:
                raise
        yield


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


def _take_folder(folder: Path) -> int | None:
    """A descriptor that holds the lock on the folder which is at `folder` now; None if it takes none."""
    while True:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(folder, lock):
                return lock
        except OSError as error:
            _close(lock)
            if error.errno in _FOLDERS_NOT_LOCKED:
                return None
            raise
        except BaseException:
            _close(lock)
            raise
        _close(lock)


def _take_file(path: Path) -> int:
    """A descriptor that holds the lock on the file which is at `path` now."""
    while True:
        lock, is_new = _open(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(path, lock):
                return lock
        except OSError:
            if is_new:
                with contextlib.suppress(OSError):
                    path.unlink()
            _close(lock)
            raise
        except BaseException:  # Ctrl-C while waiting: another may hold it by now
            _close(lock)
            raise
        _close(lock)


def _open(path: Path) -> tuple[int, bool]:
    """The lock file, and whether it was made here."""
    # For writing, though nothing is written: NFS locks nothing that is open for reading.
    while True:
        with contextlib.suppress(FileExistsError):
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR), False


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one at `path`: its last holder removed it on leaving."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _close(descriptor: int) -> None:
    """Let go; what a disk has to say then concerns nobody any more."""
    with contextlib.suppress(OSError):
        os.close(descriptor)
