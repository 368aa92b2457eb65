"""Write to disk so that a power cut leaves the old or the new, and delete what is ours to delete."""

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

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
        print(f"warning: {sentence} ({error.strerror})", file=sys.stderr)


def flush_tree(folder: Path) -> None:
    """Flush every file and directory under `folder`, and `folder` itself, to disk."""
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            flush_tree(child)
        elif child.is_file():
            flush(child)
    flush(folder)


def delete(path: Path) -> None:
    """Delete a folder, or a link to one; what cannot go stays, and the next run tries again."""
    if path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
