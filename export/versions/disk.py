"""Write to disk so that a power cut leaves the old or the new, and delete what is ours to delete."""

import contextlib
import errno
import filecmp
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from export.start.shown import shown

PARTIAL = ".partial-"
"""Begins the name of a file that is being written."""


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a file beside `path`, flush it and rename it: nobody sees half a file.

    The folder is for the caller to flush.

    Raises:
        OSError: there is no room, or the folder is not there; `path` is as it was.
    """
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def flush(path: Path) -> None:
    """Flush one file or directory to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_or_warn(folder: Path, sentence: str) -> None:
    """Flush a directory in which something has appeared already; a failure is told, not raised."""
    try:
        flush(folder)
    except OSError as error:
        print(f"warning: {shown(sentence)} ({error.strerror})", file=sys.stderr)


def flush_tree(folder: Path) -> None:
    """Flush every file and directory under `folder`, and `folder` itself, to disk."""
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            flush_tree(child)
        elif child.is_file():
            flush(child)
    flush(folder)


def copy_tree(source: Path, target: Path) -> None:
    """Copy the files and folders in `source` into the folder `target`, and compare every byte of them.

    Raises:
        OSError: something cannot be read or written, or reads otherwise than it was written.
    """
    for child in source.iterdir():
        copy = target / child.name
        if child.is_dir():
            copy.mkdir()
            copy_tree(child, copy)
            continue
        shutil.copyfile(child, copy)
        if not filecmp.cmp(child, copy, shallow=False):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(copy))


def delete(path: Path) -> None:
    """Delete a folder, or a link to one; what cannot go stays, and the next run tries again."""
    if path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
