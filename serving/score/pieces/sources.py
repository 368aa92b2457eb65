"""The files that `--input` means, local or at any address that fsspec knows, opened to be read more than once."""

import hashlib
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from export.tables.errors import TableError
from export.tables.formats import is_table
from export.tables.paths import table_files
from serving.score.errors import ScoreError

OPTION: Final = "--input"
BUFFER: Final = 65_536
_TOLD: Final = 65_536
"""Bytes of the beginning and of the end by which a file is known again."""


def find_sources(names: Sequence[str]) -> tuple[str, ...]:
    """Addresses of the files, those of a folder or a glob in the order of their names.

    Raises:
        ScoreError: There are none, or one is no file that can be read twice.
    """
    found: list[str] = []
    for name in names:
        found += _remote(name) if "://" in name else _local(name)
    return tuple(dict.fromkeys(found))


def open_source(address: str) -> BinaryIO:
    """The file's bytes.

    Raises:
        ScoreError: It cannot be read.
    """
    try:
        if "://" not in address:
            return Path(address).open("rb", buffering=BUFFER)
        files, path = _filesystem(address)
        return files.open(path, "rb")
    except Exception as error:  # fsspec's file systems raise what their libraries do
        raise _unreadable(address, error) from error


def size_of(address: str) -> int:
    """Bytes of the file."""
    try:
        if "://" not in address:
            return Path(address).stat().st_size
        files, path = _filesystem(address)
        return int(files.size(path))
    except Exception as error:  # as above
        raise _unreadable(address, error) from error


def identity_of(address: str) -> dict[str, Any]:
    """Name, size and a checksum of both ends: whether a file is the one it was.

    The folder does not count: a table may move between two runs.
    """
    size = size_of(address)
    with open_source(address) as file:
        ends = file.read(_TOLD)
        if size > _TOLD:
            file.seek(max(_TOLD, size - _TOLD))
            ends += file.read(_TOLD)
    name = PurePosixPath(address).name if "://" in address else Path(address).name
    return {"name": name, "bytes": size, "ends": hashlib.sha256(ends).hexdigest()}


def _local(name: str) -> list[str]:
    try:
        paths = table_files([name], OPTION)
    except TableError as error:
        raise ScoreError(str(error)) from None
    for path in paths:
        with suppress(OSError, ValueError):  # whoever opens it tells
            if not stat.S_ISREG(path.stat().st_mode):
                raise ScoreError(
                    f"`{OPTION}` must be files, which can be read again where a job goes on; write the stream to one. "
                    f"Received: {OPTION}={path}"
                )
    return [str(path.resolve()) for path in paths]


def _remote(name: str) -> list[str]:
    files, path = _filesystem(name)
    scheme = name.partition("://")[0]
    try:
        if any(mark in path for mark in "*?["):
            found = [one for one in sorted(files.glob(path)) if files.isfile(one)]
        elif files.isdir(path):
            inside = sorted(files.ls(path, detail=False))
            found = [one for one in inside if is_table(PurePosixPath(one).name)]
        else:
            found = [path]
    except Exception as error:  # as above
        raise _unreadable(name, error) from error
    if not found:
        raise ScoreError(f"`{OPTION}` must name tables. Received: {OPTION}={name} (nothing there)")
    return [f"{scheme}://{one}" for one in found]


def _filesystem(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 (an extra)
    except ImportError:
        raise ScoreError(
            "An address needs the package fsspec; install it by: pip install '.[remote]'. "
            f"Received: {OPTION}={address}"
        ) from None
    try:
        files, path = url_to_fs(address)
    except Exception as error:  # an unknown scheme, or its package is missing
        raise _unreadable(address, error) from error
    return files, path


def _unreadable(address: str, error: Exception) -> ScoreError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ScoreError(
        f"`{OPTION}` must name files that can be read. Received: {OPTION}={address} ({reason})"
    )
