"""Publish a version directory so that a server sees either none of it or all of it.

with staged_version(base) as stage:
    model.export(stage.path)        # any number of files; raise to refuse the version
print(stage.published)              # base/8

A version is written in `base/.staging-<unique>/version`, a name that the server takes for no
number and the same file system as its final place. Every file and directory is flushed to disk,
one rename makes it `base/<next>`, and `base` is flushed. A process may die at any instant: what it
leaves behind has a dot name, and the next run removes it. Two locks make that safe beside others:

base/.publish.lock      held for the moments in which stages are made or swept and numbers are
                        given or taken away: numbers never clash, the newest stays the newest
base/.staging-*/lock    held as long as the export lives: a stage whose lock is free is dead

Needs a POSIX system (flock; directories that can be flushed).
"""

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from export.errors import ExportError
from export.versions.disk_errors import explained, no_room_code, refusal
from export.versions.listing import Version, list_versions, next_version
from export.versions.lock_file import is_free, locked

_BASE_LOCK: Final = ".publish.lock"
_STAGE: Final = ".staging-"
_STAGE_LOCK: Final = "lock"
_RETIRED: Final = ".removed-"
# Each needs another export to fail and take away its new folder between two of our system calls.
_LOST_RACES: Final = 20


@dataclasses.dataclass(repr=False)
class Stage:
    """A version that is being written.

    Attributes:
        path: an empty directory; what is in it when the `with` block ends is published.
        published: where the version is now; set once the `with` block has ended without error.
    """

    path: Path
    published: Path = dataclasses.field(init=False)


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
            stage = Stage(_open_stage(base, undo))
        try:
            yield stage
        except ExportError:
            raise
        except Exception as error:
            if code := no_room_code(error):
                raise refusal(base, code) from error
            raise
        with explained(base):
            stage.published = _publish(stage.path, base)


def rollback(base: Path, number: int) -> Path:
    """Publish an earlier version again under the next number, and return its directory.

    Files are hard links to the earlier version's where the disk can do that: no room is taken, and
    the copy stays whole when the earlier version is removed.

    Raises:
        ExportError: there is no such version, or what `staged_version` raises.
    """
    versions = list_versions(base)
    source = next((version.path for version in versions if version.number == number), None)
    if source is None:
        numbers = ", ".join(str(version.number) for version in versions) or "none yet"
        raise ExportError(
            f"`version` must be one of those in '{base}' ({numbers}). Received: version={number}"
        )
    with staged_version(base) as stage, explained(base):
        _link_tree(source, stage.path)
    return stage.published


def keep_newest(base: Path, count: int) -> list[Version]:
    """Remove all versions but the newest `count`, and return those removed, newest first.

    A version is renamed to a dot name before its first file goes: no reader sees half of one.

    Raises:
        ExportError: `count` is below 1 (the newest always stays), or the folder is read-only or
            no folder.
    """
    if count < 1:
        raise ExportError(f"`count` must be at least 1. Received: count={count}")
    # Without versions there may be no folder to put the lock in.
    if not list_versions(base):
        return []
    with explained(base), locked(base / _BASE_LOCK):
        surplus = list_versions(base)[count:]
        for version in reversed(surplus):
            _retire(version.path, base)
        _sweep(base)
    return surplus


def _open_stage(base: Path, undo: contextlib.ExitStack) -> Path:
    """An empty directory to write a version in; `undo` takes away all that was made for it."""
    for _ in range(_LOST_RACES):
        with contextlib.suppress(FileNotFoundError):
            return _try_stage(base, undo)
    return _try_stage(base, undo)


def _try_stage(base: Path, undo: contextlib.ExitStack) -> Path:
    """As `_open_stage`; FileNotFoundError where `base` vanishes meanwhile."""
    _make_folders(base, undo)
    with locked(base / _BASE_LOCK):
        _sweep(base)
        folder = Path(tempfile.mkdtemp(prefix=_STAGE, dir=base))
        undo.callback(_delete, folder)
        undo.enter_context(locked(folder / _STAGE_LOCK))
    # Inside, because mkdtemp's own directory is closed to the user that the server runs as.
    content = folder / "version"
    content.mkdir()
    return content


def _make_folders(base: Path, undo: contextlib.ExitStack) -> None:
    """Make `base` and its missing parents; `undo` removes those that are then still empty."""
    missing = list(takewhile(lambda folder: not folder.exists(), [base, *base.parents]))
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_remove_if_empty, folder)
        _flush(folder.parent)


def _publish(content: Path, base: Path) -> Path:
    """Flush the stage to disk and rename it to the next number."""
    if not any(content.iterdir()):
        raise ExportError(f"the stage must hold a version; write it to '{content}'. Received: none")
    _flush_tree(content)
    with locked(base / _BASE_LOCK):
        target = _rename_to_next(content, base)
        try:
            _flush(base)
        except OSError:
            # An error says that the folder is as it was.
            target.rename(content)
            raise
    return target


def _rename_to_next(content: Path, base: Path) -> Path:
    """Rename to the next number; to the one after if someone without the lock took it first."""
    while True:
        target = base / str(next_version(base))
        try:
            return content.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise


def _link_tree(source: Path, target: Path) -> None:
    """Fill `target` with the directories of `source` and links to its files."""
    for child in source.iterdir():
        twin = target / child.name
        if child.is_dir() and not child.is_symlink():
            twin.mkdir()
            _link_tree(child, twin)
        else:
            _link_or_copy(child, twin)


def _link_or_copy(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the disk or its owner allows none."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _retire(path: Path, base: Path) -> None:
    """Take a version out of the readers' sight in one rename, for `_sweep` to delete."""
    retired = Path(tempfile.mkdtemp(prefix=_RETIRED, dir=base))
    path.rename(retired / path.name)
    # Were the deletions on disk before the rename, a power cut would bring back half a version.
    _flush(base)


def _sweep(base: Path) -> None:
    """Delete stages of dead processes and versions on their way out; `base` must be locked."""
    for stage in base.glob(f"{_STAGE}*"):
        if is_free(stage / _STAGE_LOCK):
            _delete(stage)
    for retired in base.glob(f"{_RETIRED}*"):
        _delete(retired)


def _delete(folder: Path) -> None:
    """Delete what is ours to delete; the rest has a dot name, and the next run tries again."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _flush_tree(folder: Path) -> None:
    """Flush every file and directory under `folder`, and `folder` itself, to disk."""
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            _flush_tree(child)
        elif child.is_file():
            _flush(child)
    _flush(folder)


def _flush(path: Path) -> None:
    """Flush one file or directory to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
