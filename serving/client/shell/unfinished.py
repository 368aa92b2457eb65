"""A table that appears once it is complete, and whose rows are not lost where it is not."""

import contextlib
import errno
import fcntl
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.client.shell.interrupt import Guard
from serving.client.shell.output import OPTION, Output
from serving.client.shell.sources import naming

_NO_HARD_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems say that have none."""


@dataclass(frozen=True)
class Leave:
    """What the user allows.

    Attributes:
        overwrite: To write over a file that is there.
        resume: To go on with rows that a job has left, and to keep this one's if Ctrl-C ends it.
    """

    overwrite: bool = False
    resume: bool = False


def unfinished_path(target: Path) -> Path:
    """Where the rows are until the table is complete.

    >>> unfinished_path(Path("out.csv")).name
    'out.csv.unfinished'
    """
    return target.with_name(f"{target.name}.unfinished")


class UnfinishedFile(Output):
    """`OUT.unfinished` beside OUT, which becomes OUT once it is complete.

    It is made exclusively and locked, so that nothing of that name is lost and two jobs never write one table.
    A job that fails leaves the rows it has, for `--resume`; one that Ctrl-C ends leaves none, but with `--resume`.

    Args:
        name: What `--out` was given.
        target: OUT, past symbolic links.
        leave: What the user allows.
        guard: Learns what Ctrl-C has to undo.

    Attributes:
        resumed: Whether there may be rows in it already, to be read first.

    Raises:
        OSError: It cannot be made.
        ValueError: It is there and not to be gone on with, or another job writes it.
    """

    file: io.BufferedRandom

    def __init__(self, name: str, target: Path, leave: Leave, guard: Guard) -> None:
        self._target = target
        self._path = unfinished_path(target)
        self._leave = leave
        self._guard = guard
        self._complete = False
        self.resumed = False
        with guard.lock:
            super().__init__(name, self._open(name))
            guard.undo = self._stopped

    def __exit__(self, *error: object) -> None:
        with self._guard.lock:
            if not self._complete:
                self._give_up(keep=bool(self.rows))
            self._guard.undo = str
        super().__exit__(*error)

    def commit(self) -> None:
        """Put the file in its place.

        Raises:
            OSError: It cannot be put there.
            ValueError: A file of that name has come to be meanwhile.
        """
        with naming("write the file", OPTION, self.name):
            os.fsync(self.file.fileno())
            with self._guard.lock:
                self._publish()
                self._complete = True
                self._guard.undo = str
        # The table is there; that its name outlasts a power cut is wanted, and not everywhere to be had.
        with contextlib.suppress(OSError):
            _sync_folder(self._target.parent)

    def _open(self, name: str) -> io.BufferedRandom:
        try:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError as error:
            if not self._leave.resume:
                raise ValueError(
                    f"{self._path} is there: another job writes it, or one was stopped; --resume goes on"
                    f" with its rows. Received: {OPTION}={name}"
                ) from error
            number = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
            self.resumed = True
        try:
            self._take(number, name)
            return os.fdopen(number, "r+b")
        except BaseException:
            os.close(number)
            raise

    def _take(self, number: int, name: str) -> None:
        """Make sure that it is a file, ours alone, and not put in its place by another job just now."""
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise ValueError(f"{self._path} must be a file. Received: {OPTION}={name}")
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f"Another job writes {self._path}. Received: {OPTION}={name}"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        if not os.path.samestat(os.fstat(number), self._path.stat()):
            raise ValueError(f"Another job wrote {self._path}. Received: {OPTION}={name}")
        # A file that is written over keeps its permissions; vfat has none, and refuses.
        with contextlib.suppress(OSError):
            os.fchmod(number, stat.S_IMODE(self._target.stat().st_mode))

    def _publish(self) -> None:
        if self._leave.overwrite:
            self._path.replace(self._target)
            return
        try:
            # Unlike a rename, it fails where the name is taken.
            os.link(self._path, self._target)
            self._path.unlink(missing_ok=True)
        except OSError as error:
            if os.path.lexists(self._target):
                raise ValueError(
                    "A file of that name has come to be meanwhile; the same command with --resume"
                    f" --overwrite writes over it. Received: {OPTION}={self.name}"
                ) from error
            if error.errno not in _NO_HARD_LINKS:
                raise
            self._path.rename(self._target)

    def _give_up(self, *, keep: bool) -> None:
        """Keep the rows and tell, or take the file away; one that was there before stays in any case."""
        if keep:
            self._guard.note = f"{self.rows:,} rows are kept in {self._path}: the same command with --resume goes on."
        elif not self.resumed:
            self._path.unlink(missing_ok=True)

    def _stopped(self) -> str:
        """What Ctrl-C does; the lock is held."""
        self._give_up(keep=self._leave.resume and bool(self.rows))
        return f"Stopped. {self._guard.note or f'{self.name} was not written.'}"


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
