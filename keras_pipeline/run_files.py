"""How a run writes and reads: a new folder, alone in it, each file in one step, JSON that may be damaged.

check_is_free(path)                             nothing is written over
make_folder(path), make_default_folder(root)    a new folder
RunLock(folder)                                 one process at a time works on a run
write_whole(...), write_text_whole(...)         nobody sees half a file
explain_disk_errors(path)                       one sentence where a disk is full
read_json_object(path), typed_value(...)        one sentence for what is damaged
Intent                                          what a run was asked beside its settings
"""

import contextlib
import dataclasses
import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from weakref import finalize

from export.start.store_url import StoreUrl, folder_named
from keras_pipeline.errors import DiskError, UserError

LOCK_NAME: Final = ".lock"

_DISK_ERRORS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


class RunLock:
    """The lock of a run folder: held from here until `release`, or until this process ends, however.

    The file stays: it says nothing by being there.

    Args:
        folder: of the run; it gets a file `.lock`.

    Raises:
        UserError: another process works on the run, or the file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        try:
            # For writing, though nothing is written: NFS locks nothing that is open for reading.
            descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise unwritable(folder, error) from None
        self._close = finalize(self, os.close, descriptor)
        # A file system may know no locks (another OSError): a run without one is better than none.
        with contextlib.suppress(OSError):
            self._take(descriptor, folder)

    def _take(self, descriptor: int, folder: Path) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise UserError(
                "Another process works on this run; wait until it has ended, or name another folder. "
                f"Received: output={folder}"
            ) from None

    def release(self) -> None:
        """Let others work on the run; a second time does nothing."""
        self._close()


def check_is_free(path: Path) -> None:
    """Refuse to write over something, or where no folder can be.

    Raises:
        UserError: `path` is a file or a folder that is not empty, or lies in a file.
    """
    try:
        taken = path.is_file() or (
            path.is_dir() and any(file.name != LOCK_NAME for file in path.iterdir())
        )
        folders = (path, *path.absolute().parents)  # of "/" there is none above
        above = next(parent for parent in folders[1:] or folders if parent.exists())
    except OSError as error:
        raise unwritable(path, error) from None
    if taken:
        raise UserError(
            f"`output` must be a new folder: nothing is written over; name another one, or go on with "
            f"an unfinished run by --resume. Received: output={path}"
        )
    if not above.is_dir():
        raise unwritable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(above, os.W_OK):
        raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def make_folder(path: Path) -> None:
    """Make the folder that was asked for; an empty one may be there.

    Raises:
        UserError: something is there already, or it cannot be made.
    """
    check_is_free(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def make_default_folder(root: Path) -> Path:
    """Make one that is named for the time; two in one second get two names.

    Raises:
        UserError: it cannot be made.
    """
    path = first = root / datetime.now(tz=UTC).strftime("%Y-%m-%d-%H%M%S")
    number = 1
    try:
        root.mkdir(parents=True, exist_ok=True)
        while not _is_made(path):
            number += 1
            path = first.with_name(f"{first.name}-{number}")
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def _is_made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def unwritable(path: Path, error: OSError) -> UserError:
    """What to raise where a run's folder or a file in it cannot be made."""
    kind = DiskError if error.errno in _DISK_ERRORS else UserError
    return kind(
        f"`output` must be a folder that can be written. Received: output={path} ({error.strerror})"
    )


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it: nobody sees half a file.

    The suffix stays, for Keras and NumPy choose the format by it.

    Raises:
        DiskError: it cannot be written; what was at `path` before is still there.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        with explain_disk_errors(path):
            write(partial)
            _sync(partial)
            partial.replace(path)
            _sync(path.parent)  # else a power cut may take the new name back
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    """The same for text, as UTF-8.

    Raises:
        DiskError: as for `write_whole`.
    """
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


@contextlib.contextmanager
def explain_disk_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of what writes `path`, a file or a folder, into one sentence.

    Raises:
        DiskError: as told.
    """
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"`{path}` cannot be written, and what was there before is kept; make room, or see to the "
            f"disk, and try again. Received: {error.strerror or error}"
        ) from None


def _sync(path: Path) -> None:
    """Wait until the disk has it: a file's bytes, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot be asked this of a folder
            raise
    finally:
        os.close(descriptor)


def json_text(values: dict[str, Any]) -> str:
    """A JSON object as a file of a run holds it, one value a line."""
    return json.dumps(values, indent=2) + "\n"


def read_json_object(path: Path) -> dict[str, Any]:
    """A file of JSON that a person or a program wrote, whatever happened to it since.

    Raises:
        UserError: it cannot be read, or holds no JSON object.
    """
    try:
        return json_object(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError as error:
        reason = str(error)
    raise UserError(f"`{path}` must hold a JSON object. Received: {reason}")


def json_object(text: str, path: Path) -> dict[str, Any]:
    """The same for text that came from `path`.

    Raises:
        UserError: it is no JSON object.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:  # no JSON, or a number of too many digits
        reason = str(error)
    else:
        if isinstance(values, dict):
            return values
        reason = f"a JSON {type(values).__name__}"
    raise UserError(f"`{path}` must hold a JSON object. Received: {reason}")


def typed_value(values: dict[str, Any], name: str, kind: Any, path: Path) -> Any:
    """The value `name` of what was read from `path`.

    Raises:
        UserError: it is not there, or of another type than `kind`.
    """
    value = values.get(name)
    if not isinstance(value, kind):
        raise UserError(
            f"`{path}` must hold `{name}` as training wrote it. Received: {name}={value!r:.60}"
        )
    return value


@dataclasses.dataclass(frozen=True)
class Intent:
    """What a run was asked beside its settings and its data; a resumed run does as it was asked.

    Attributes:
        publish_to: folder of versions that shall get the model, here or in a store; None publishes nothing.
        tensorboard: whether to write TensorBoard's logs.
        export: whether to write a SavedModel into the run folder and let it pass the gate.
        servers: whom the gate asks; of none the best one that is there.
        warmup_batches: rows of the warmup requests; of none what an export has by default.
        require_speed: what the gate allows one tweet and the files to cost, in words; None for anything.
    """

    publish_to: Path | StoreUrl | None = None
    tensorboard: bool = False
    export: bool = True
    servers: tuple[str, ...] = ()
    warmup_batches: tuple[int, ...] = ()
    require_speed: str | None = None

    def to_json(self) -> str:
        """JSON text; the folder as seen from everywhere, for a run may be resumed from elsewhere."""
        to = self.publish_to
        everywhere = to.address if isinstance(to, StoreUrl) else to and str(to.absolute())
        return json_text({**dataclasses.asdict(self), "publish_to": everywhere})

    @classmethod
    def from_json(cls, path: Path) -> "Intent":
        """Read what `to_json` wrote; what a run from before it was asked is not known: nothing.

        Raises:
            UserError: the file is no JSON object, or its values are of other types.
        """
        if not path.exists():
            return cls()
        saved = read_json_object(path)
        publish_to = typed_value(saved, "publish_to", str | None, path)
        return cls(
            publish_to=None if publish_to is None else folder_named(publish_to),
            tensorboard=typed_value(saved, "tensorboard", bool, path),
            export=typed_value(saved, "export", bool, path),
            # A run from before there were these was not asked for any.
            servers=tuple(typed_value({"servers": [], **saved}, "servers", list, path)),
            warmup_batches=tuple(
                typed_value({"warmup_batches": [], **saved}, "warmup_batches", list, path)
            ),
            require_speed=typed_value(
                {"require_speed": None, **saved}, "require_speed", str | None, path
            ),
        )
