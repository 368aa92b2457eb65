"""The output folder: files that appear whole or not at all, and what is needed to go on after a kill.

    scored/
        part-00000.parquet          rows of a piece of the input, in order; the name is the piece's number
        _rejects.jsonl              rows that could not be read; only where there are some
        _manifest.json              model, settings, inputs and pieces; at the end the counts
        _progress/
            part-00000.json         this piece is done: {"rows": 2048, "rejects": 0}
            part-00000.rejects.jsonl
            .part-00001.x1y2.rows.tmp   rows so far, where an actor is at work
            lock                    held by the process at work
        .part-00001.parquet.x1y2.tmp    being written

Names that begin with an underscore or a dot are no part of a table to pandas, pyarrow, Spark and this project.
Nothing in it tells a time or a machine: equal jobs make equal bytes, in one run or in ten.
"""

import fcntl
import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from export.start.shown import shown
from serving.score.errors import OtherJobError, StoppedError

_MANIFEST: Final = "_manifest.json"
_REJECTS: Final = "_rejects.jsonl"
_PROGRESS: Final = "_progress"
_TEMPORARY: Final = ".tmp"
_VERSION: Final = 1
_MAKING: Final = threading.Lock()
"""Held while a temporary file is made; whoever ends the process takes it and never lets go."""
_LEAVE_S: Final = 1.0


@dataclass(frozen=True)
class Counts:
    """Of a piece, or of all."""

    rows: int
    rejects: int


class OutputFolder:
    """The folder and its manifest.

    Args:
        path: It need not be there.
        suffix: Of the parts, as `parquet`.

    Attributes:
        held: Whether this process is the one at work in it.
        progress: The folder inside of it that tells how far the job is.
    """

    def __init__(self, path: Path, suffix: str) -> None:
        self.path = path.resolve()
        self._suffix = suffix
        self.progress = self.path / _PROGRESS
        self._lock: BinaryIO | None = None
        self.held = False

    def known_pieces(self, job: Mapping[str, Any]) -> list[list[Any]] | None:
        """Pieces of the job in the manifest, `None` where the folder is new.

        Args:
            job: What must be the same: `model`, `settings` and `inputs`.

        Raises:
            OtherJobError: The folder is another job's, or nobody's.
        """
        manifest = self._manifest()
        if manifest is None:
            return None
        for name, mine in job.items():
            theirs = manifest.get(name)
            if theirs != mine:
                what, there, here = _difference(name, theirs, mine)
                raise OtherJobError(
                    f"`--output` holds answers of {what}; choose another folder, or take away this one. Received: "
                    f"--output={self.path}, {name} there: {there}, now: {here}"
                )
        return list(manifest["pieces"])

    def begin(self, job: Mapping[str, Any], pieces: Sequence[Sequence[Any]]) -> None:
        """Make the folder, keep others out, write the manifest where it is new, take stale files away.

        Raises:
            OtherJobError: Another process is at work.
            ScoreError: The folder cannot be made.
        """
        with writing(self.path):
            self.progress.mkdir(parents=True, exist_ok=True)
            self._lock = (self.progress / "lock").open("wb")
            self._hold(self._lock)
            self.sweep()
            if self._manifest() is None:
                self._write_manifest({**job, "pieces": pieces})

    def done(self, count: int) -> dict[int, Counts]:
        """Pieces that are finished, with their counts."""
        found = {}
        for index in range(count):
            with suppress(OSError, ValueError, TypeError):
                record = json.loads(self._record(index).read_text())
                if self._part(index).is_file():
                    found[index] = Counts(**record)
        return found

    def open_piece(self, index: int) -> "PieceFile":
        """Where a piece is written."""
        return PieceFile(self._part(index), self._record(index), self._rejects_of(index))

    def finish(self, count: int) -> Counts:
        """Gather the rejects, and write the counts into the manifest; returns them."""
        done = self.done(count).values()
        total = Counts(sum(one.rows for one in done), sum(one.rejects for one in done))
        with writing(self.path):
            self.sweep()
            if total.rejects:
                with _whole(self.path / _REJECTS) as file:
                    for index in range(count):
                        with suppress(FileNotFoundError):
                            file.write(self._rejects_of(index).read_bytes())
            manifest = self._manifest() or {}
            self._write_manifest(
                {**manifest, "complete": True, "rows": total.rows, "rejects": total.rejects}
            )
        return total

    def release(self) -> None:
        """Let others in."""
        if self._lock is not None:
            self._lock.close()
        self.held = False

    def leave(self) -> None:
        """Take temporary files away for good, where this process is the one at work: it makes none after this."""
        _MAKING.acquire(timeout=_LEAVE_S)  # a disk that never answers is not waited for
        if self.held:
            self.sweep()

    def sweep(self) -> None:
        """Take temporary files away; nobody else is at work."""
        for folder in (self.path, self.progress):
            for file in folder.glob(f".*{_TEMPORARY}"):
                file.unlink(missing_ok=True)

    def _hold(self, lock: BinaryIO) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OtherJobError(
                f"`--output` must have one process at work; wait for the other. Received: --output={self.path}"
            ) from None
        self.held = True

    def _manifest(self) -> dict[str, Any] | None:
        try:
            manifest = json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._refuse_strangers()
            return None
        except (OSError, ValueError) as error:
            raise self._no_folder(str(error)) from None
        if not isinstance(manifest, dict) or manifest.get("version") != _VERSION:
            raise self._no_folder(f"{_MANIFEST} is of another release")
        return manifest

    def _refuse_strangers(self) -> None:
        try:
            found = [one.name for one in self.path.iterdir() if one.name != _PROGRESS]
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._no_folder(error.strerror or str(error)) from None
        strangers = [name for name in found if not name.endswith(_TEMPORARY)]
        if strangers:
            raise self._no_folder(f"which holds {shown(strangers[0], 60)}")

    def _no_folder(self, why: str) -> OtherJobError:
        return OtherJobError(
            f"`--output` must be a new folder, or one of an unfinished job of this command. Received: "
            f"--output={self.path} ({shown(why, 200)})"
        )

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        with _whole(self.path / _MANIFEST) as file:
            file.write(f"{json.dumps({'version': _VERSION, **manifest}, indent=1)}\n".encode())

    def _part(self, index: int) -> Path:
        return self.path / f"part-{index:05}.{self._suffix}"

    def _record(self, index: int) -> Path:
        return self.progress / f"part-{index:05}.json"

    def _rejects_of(self, index: int) -> Path:
        return self.progress / f"part-{index:05}.rejects.jsonl"


class PieceFile:
    """A piece being written; all of it appears at once, its record last.

    Attributes:
        file: To be written to.
        rejects: How many there are.
    """

    def __init__(self, part: Path, record: Path, rejects: Path) -> None:
        self._part, self._record, self._rejects_path = part, record, rejects
        self._temporary = _temporary(part)
        self._rejects_temporary = _temporary(rejects)
        self._rejects_file: BinaryIO | None = None
        self.rejects = 0
        with writing(part):
            self.file = _made(self._temporary)

    def abandon(self) -> None:
        """Take what is half written away."""
        for file in (self.file, self._rejects_file):
            if file is not None:
                with suppress(OSError):
                    file.close()
        for path in (self._temporary, self._rejects_temporary):
            path.unlink(missing_ok=True)

    def reject(self, name: str, line: int, reason: str) -> None:
        """Note a row that cannot be read."""
        if self._rejects_file is None:
            self._rejects_file = _made(self._rejects_temporary)
        self.rejects += 1
        row = {"input": name, "line": line, "reason": shown(reason, 300)}
        self._rejects_file.write(f"{json.dumps(row)}\n".encode())

    def finish(self, rows: int) -> Counts:
        """Put it in its place; killed before the last line, it is written anew."""
        counts = Counts(rows, self.rejects)
        with writing(self._part):
            if self._rejects_file is not None:
                _put(self._rejects_file, self._rejects_temporary, self._rejects_path)
            _put(self.file, self._temporary, self._part)
            with _whole(self._record) as file:
                file.write(f"{json.dumps(vars(counts))}\n".encode())
        return counts


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What a disk refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        raise StoppedError(
            f"`--output` must be a folder that takes files; the same command goes on once it does. Received: "
            f"--output={path} ({error.strerror or error})"
        ) from None


def _difference(name: str, theirs: Any, mine: Any) -> tuple[str, str, str]:
    if name == "inputs":
        theirs = [one["name"] for one in theirs], sum(one["bytes"] for one in theirs)
        mine = [one["name"] for one in mine], sum(one["bytes"] for one in mine)
        files = "{0[1]:,} bytes in {1:,} files, the first {0[0][0]}"
        there, here = (files.format(one, len(one[0])) for one in (theirs, mine))
        return "other files", there, here
    if name == "model":
        there, here = (f"{one['fingerprint'][:12]}" for one in (theirs, mine))
        return "another model", there, here
    different = [key for key in mine if theirs.get(key) != mine[key]]
    there, here = (shown(json.dumps({k: one.get(k) for k in different})) for one in (theirs, mine))
    return "other settings", there, here


def _temporary(path: Path) -> Path:
    """Nobody else's: an actor that Ray has given up may still be at work."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{_TEMPORARY}")


def _made(temporary: Path) -> BinaryIO:
    with _MAKING:
        return temporary.open("wb", buffering=2**20)


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A small file that is there as a whole or not at all."""
    temporary = _temporary(path)
    try:
        with _made(temporary) as file:
            yield file
            _put(file, temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _put(file: BinaryIO, temporary: Path, path: Path) -> None:
    """On the disk before it has its name, so that a machine that stops leaves no half of it."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    temporary.replace(path)
