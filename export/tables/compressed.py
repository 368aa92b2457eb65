"""The bytes of a file, unpacked on the way: gzip, bzip2, xz and zstd, known by their first bytes.

The name does not matter: a download often has lost its suffix.
"""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

from export.tables.errors import TableError

START_BYTES: Final = 65_536
"""That tell what a file is."""

_OPENERS: Final[dict[bytes, Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LONGEST_MARK: Final = 6

DAMAGED: Final = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""What unpacking raises, beside OSError, where a file was cut or changed."""


def unpacked(raw: BinaryIO) -> io.BufferedReader:
    """The file itself, or what unpacks it as it is read; `start_of` tells how it begins.

    Args:
        raw: to be read from its beginning; need not be seekable.

    Raises:
        TableError: it is packed by zstd, and no package for that is installed.
    """
    file = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast("Any", raw))
    mark = file.peek(_LONGEST_MARK)
    if mark.startswith(_ZSTD):
        return io.BufferedReader(cast("Any", _zstd(file)), START_BYTES)
    opened = next((opens for starts, opens in _OPENERS.items() if mark.startswith(starts)), None)
    return file if opened is None else io.BufferedReader(cast("Any", opened(file)), START_BYTES)


def start_of(file: io.BufferedReader) -> bytes:
    """Up to `START_BYTES` of the beginning, which stay to be read."""
    return file.peek(START_BYTES)


@contextmanager
def telling_damage(name: object) -> Iterator[None]:
    """Turn what unpacking raises into a `TableError`.

    Raises:
        TableError: as told.
    """
    try:
        yield
    except _damages() as error:
        raise _damaged(name, error) from None
    except OSError as error:
        if error.errno is None:  # bzip2's; the system's have a number
            raise _damaged(name, error) from None
        raise


def _damaged(name: object, error: Exception) -> TableError:
    return TableError(
        f"A packed file must be whole; fetch or pack it again. Received: {name} ({error})"
    )


def _zstd(file: BinaryIO) -> Any:
    try:
        from backports import zstd  # noqa: PLC0415 (an extra; the package zstandard takes a cut for an end)
    except ImportError:
        raise TableError(
            "A file packed by zstd needs the package backports.zstd; install it by: pip install '.[zstd]'. "
            f"Received: {getattr(file, 'name', 'such a file')}"
        ) from None
    return zstd.open(file)


def _damages() -> tuple[type[Exception], ...]:
    """`DAMAGED`, and zstd's own error where that package is used."""
    zstd = sys.modules.get("backports.zstd")
    return DAMAGED if zstd is None else (*DAMAGED, zstd.ZstdError)
