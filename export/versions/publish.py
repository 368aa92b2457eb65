"""Publish a version directory so that a server sees either none of it or all of it.

with staged_version(base) as stage:
    model.export(stage.path)        # any number of files; raise to refuse the version
print(stage.published)              # base/8

A version is written in `base/.staging-<unique>/version`, a name that the server takes for no
number and the same file system as its final place. Every file and directory is flushed to disk,
one rename makes it `base/<next>`, and `base` is flushed. A process may die at any instant: what it
leaves behind has a dot name, and the next run removes it. Two locks make that safe beside others:

base, base/.publish.lock    held for the moments in which stages are made or swept and numbers are
                            given or taken away: numbers never clash, the newest stays the newest
base/.staging-*/lock        held as long as the export lives: a stage whose lock is free is dead

Whoever judged a version beside others publishes it by `stage.publish`, which looks under the lock
whether those others are still the ones that are there. Needs a POSIX system (flock; directories that
can be flushed).
"""

import contextlib
import dataclasses
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

from export.errors import ExportError
from export.formats import format_of
from export.versions.disk import delete, flush, flush_or_warn, flush_tree
from export.versions.disk_errors import explained, no_room_explained
from export.versions.examination import (
    Examination,
    discard,
    read_header,
    refuse_missing,
    refuse_other_labels,
    store,
)
from export.versions.listing import identity, newest_version, next_version, refuse_other_format
from export.versions.lock_file import is_free, locked, locked_folder

_BASE_LOCK: Final = ".publish.lock"
_STAGE: Final = ".staging-"
_STAGE_LOCK: Final = "lock"
_RETIRED: Final = ".removed-"
# Each needs another export to fail and take away its new folder between two of our system calls.
_LOST_RACES: Final = 20


@dataclasses.dataclass(frozen=True)
class Front:
    """What a candidate is judged by; equal as long as nothing of it changed.

    Attributes:
        newest: number and `identity` of the version that a server answers with; None without one.
        examination: checksum of the examination; None without one.
    """

    newest: tuple[int, str] | None
    examination: str | None


@dataclasses.dataclass(repr=False)
class Stage:
    """A version that is being written.

    Attributes:
        base: the folder of versions.
        path: an empty directory; what is in it when the `with` block ends is published.
        published: where the version is now; None until it is.
    """

    base: Path
    path: Path
    published: Path | None = None

    def publish(
        self, front: Front | None = None, first_examination: Examination | None = None
    ) -> bool:
        """Publish now, not at the end of the block; whether that was done.

        Args:
            front: what the version was judged by; where that is no longer so, nothing is published.
            first_examination: for a folder that has none.

        Raises:
            ExportError: see `staged_version`; or the folder holds another format.
        """
        with explained(self.base):
            self.published = _publish(self.path, self.base, front, first_examination)
        return self.published is not None


@contextlib.contextmanager
def staged_version(base: Path) -> Iterator[Stage]:
    """Publish what the `with` block writes into `stage.path` under the next number.

    An exception in the block, Ctrl-C included, publishes nothing, removes all that was made, and
    goes on its way. Stages left by processes that died are removed first.

    Args:
        base: the folder of versions; made, with its parents, where it is missing.

    Raises:
        ExportError: the disk is full, the folder read-only or no folder, or the stage was left
            empty; nothing is left behind.
    """
    with contextlib.ExitStack() as undo:
        with explained(base):
            stage = Stage(base, _open_stage(base, undo))
        with no_room_explained(base):
            yield stage
        if stage.published is None:
            stage.publish()


def front_of(base: Path) -> Front:
    """What a candidate for this folder is judged by, as it is now.

    Raises:
        ExportError: `base` is a file or may not be read, or its examination is damaged.
    """
    header, newest = read_header(base), newest_version(base)
    return Front(
        newest=(newest.number, identity(newest.path)) if newest else None,
        examination=header.sha256 if header else None,
    )


def check_can_publish(
    base: Path, file_format: str, label_names: Sequence[str] | None = None
) -> None:
    """Refuse a folder that no version of this format can be published in; leaves nothing behind.

    Takes milliseconds, and needs no TensorFlow: for the beginning of something long.

    Args:
        base: the folder of versions; it need not be there.
        file_format: one of `export.settings.FORMATS`.
        label_names: the model's classes, where they are known already.

    Raises:
        ExportError: it is a file, may not be written to, has no room for a folder, holds versions of
            another format, or versions and no examination, or an examination of other labels.
    """
    with explained(base):
        nearest = next(folder for folder in (base, *base.absolute().parents) if folder.exists())
        trial = Path(tempfile.mkdtemp(prefix=_STAGE, dir=nearest))
        with contextlib.suppress(FileNotFoundError):  # taken for a dead process's
            trial.rmdir()
    refuse_other_format(base, file_format)
    header = read_header(base)
    refuse_missing(base, header)
    if header is not None and label_names is not None:
        refuse_other_labels(base, header.label_names, label_names)


def locked_base(base: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the lock under which numbers are given and taken away; works on a full disk.

    Raises:
        OSError: `base` is not there, or cannot be locked.
    """
    return locked_folder(base, base / _BASE_LOCK)


def retire(path: Path, base: Path) -> None:
    """Take a version out of the readers' sight in one rename, for `sweep` to delete; no room is needed.

    Raises:
        OSError: it cannot be renamed, and is where it was.
    """
    path.rename(base / f"{_RETIRED}{path.name.strip()}-{secrets.token_hex(4)}")


def sweep(base: Path) -> None:
    """Delete stages of dead processes and versions on their way out; `base` must be locked."""
    sweep_stages(base)
    retired = list(base.glob(f"{_RETIRED}*"))
    if retired:
        # Were the deletions on disk before the rename, a power cut would bring back half a version.
        flush(base)
    for version in retired:
        delete(version)


def sweep_stages(parent: Path) -> None:
    """Delete what processes that died have left of what they wrote."""
    for stage in parent.glob(f"{_STAGE}*"):
        if is_free(stage / _STAGE_LOCK):
            delete(stage)


def make_folders(base: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder and its missing parents; `undo` removes those that are then still empty."""
    missing = list(takewhile(lambda folder: not folder.exists(), [base, *base.parents]))
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_remove_if_empty, folder)
        flush(folder.parent)


def open_folder(parent: Path, undo: contextlib.ExitStack) -> Path:
    """A directory to write in, under a dot name and a lock that tells that this process lives."""
    folder = Path(tempfile.mkdtemp(prefix=_STAGE, dir=parent))
    undo.callback(delete, folder)
    undo.enter_context(locked(folder / _STAGE_LOCK))
    # Inside, because mkdtemp's own directory is closed to the user that the server runs as.
    content = folder / "version"
    content.mkdir()
    return content


def _open_stage(base: Path, undo: contextlib.ExitStack) -> Path:
    """An empty directory to write a version in; `undo` takes away all that was made for it."""
    for _ in range(_LOST_RACES):
        with contextlib.suppress(FileNotFoundError):
            return _try_stage(base, undo)
    return _try_stage(base, undo)


def _try_stage(base: Path, undo: contextlib.ExitStack) -> Path:
    """As `_open_stage`; FileNotFoundError where `base` vanishes meanwhile."""
    make_folders(base, undo)
    with locked_base(base):
        sweep(base)
        return open_folder(base, undo)


def _publish(
    content: Path, base: Path, front: Front | None, first_examination: Examination | None
) -> Path | None:
    """Flush the stage to disk and rename it to the next number; None where `front` is no longer so."""
    if not any(content.iterdir()):
        raise ExportError(f"the stage must hold a version; write it to '{content}'. Received: none")
    flush_tree(content)
    with locked_base(base):
        if front is not None and front != front_of(base):
            return None
        refuse_other_format(base, format_of(content))
        with _examination_for(content, base, first_examination):
            target = _rename_to_next(content, base)
        # It is there, and a server may be reading it: no error now may say that it is not.
        flush_or_warn(base, f"{target} is published, but may not outlive a power cut")
    return target


@contextlib.contextmanager
def _examination_for(content: Path, base: Path, examination: Examination | None) -> Iterator[None]:
    """Store it for the version that comes next; take it away if that one does not come."""
    if examination is None:
        yield
        return
    store(base, examination, {})
    try:
        yield
    except BaseException:
        if content.exists():
            discard(base)
        raise


def _rename_to_next(content: Path, base: Path) -> Path:
    """Rename to the next number; to the one after if someone without the lock took it first."""
    while True:
        target = base / str(next_version(base))
        try:
            return content.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
