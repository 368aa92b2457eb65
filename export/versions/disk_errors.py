"""What a disk refuses, told in one sentence that names the folder and the way out.

with explained(base):
    base.mkdir()        # OSError -> ExportError("`base` must be ... Received: base='...' (reason)")
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from export.errors import ExportError

_ROOM: Final = (
    "a folder on a disk with room for a version; "
    "free some space, or remove old versions with `--keep`"
)
_WRITABLE: Final = "a folder that this user may write to; change its permissions or choose another"
_FOLDER: Final = "a folder, or a path where one can be made; choose another"
_ANYTHING_ELSE: Final = "a folder that takes new versions; mend what the system reports"

_EXPECTED: Final = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "a folder that takes files this large; raise the limit (`ulimit -f`)",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOTDIR: _FOLDER,
    errno.EEXIST: _FOLDER,
}
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def explained(base: Path) -> Iterator[None]:
    """Turn what the system refuses inside the `with` block into one sentence about `base`.

    Raises:
        ExportError: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise refusal(base, error.errno) from error


@contextlib.contextmanager
def no_room_explained(base: Path) -> Iterator[None]:
    """The same for a full disk alone, in whatever exception; others stay what they are.

    Raises:
        ExportError: in place of any exception that means "no room left".
    """
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        if code := no_room_code(error):
            raise refusal(base, code) from error
        raise


def refusal(base: Path, code: int | None) -> ExportError:
    """The exception to raise when the system answered with the error number `code`.

    Example:
    >>> print(refusal(Path("models/tweets"), errno.EROFS))  # doctest: +NORMALIZE_WHITESPACE
    `base` must be a folder that this user may write to; change its permissions or choose another.
    Received: base='models/tweets' (Read-only file system)
    """
    expected = _EXPECTED.get(code or 0, _ANYTHING_ELSE)
    reason = os.strerror(code) if code else "unknown error"
    return ExportError(f"`base` must be {expected}. Received: base='{base}' ({reason})")


def no_room_code(error: Exception) -> int | None:
    """The error number behind an exception that means "no room left", None for any other.

    TensorFlow raises exceptions of its own, in which only the system's words are left.

    Example:
    >>> no_room_code(RuntimeError("variables.data; No space left on device")) == errno.ENOSPC
    True
    >>> no_room_code(FileNotFoundError(errno.ENOENT, "no such file")) is None
    True
    """
    number, words = getattr(error, "errno", None), str(error)
    matching = (code for code in _NO_ROOM if code == number or os.strerror(code) in words)
    return next(matching, None)
