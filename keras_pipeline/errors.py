"""What goes wrong because of what the user handed over.

A command line catches `UserError`, prints its one sentence and exits with its code; everything else is
our defect and keeps its traceback.
"""

import errno
import sys
from collections.abc import Callable
from functools import wraps
from typing import Final

from export.start.command_line import EXIT_INTERRUPTED, EXIT_USAGE
from export.start.shown import shown

EXIT_DISK: Final = 1
EXIT_STOPPED: Final = 1

_NO_NAME: Final = (errno.ENAMETOOLONG, errno.ELOOP)
"""What the system says of names that nothing can have: asking whether a file is there raises it, too."""


class UserError(ValueError):
    """One sentence: what was expected, what was received, what to do.

    Attributes:
        exit_code: of a command line that ends by it.
    """

    exit_code: int = EXIT_USAGE


class DiskError(UserError):
    """The same where nothing is wrong with what was asked: a disk is full, or fails."""

    exit_code = EXIT_DISK


class StoppedError(UserError):
    """Nothing is wrong with what was asked: a process that took part was ended from outside; the run can go on."""

    exit_code = EXIT_STOPPED


class MemoryShortageError(UserError):
    """What was asked for needs more memory than there is."""


def exits_cleanly(main: Callable[..., int]) -> Callable[..., int]:
    """Give a command line's `main` its exit codes: a `UserError`'s own (2, 1 for a disk), 130 after Ctrl-C."""

    @wraps(main)
    def guarded(*args: object, **kwargs: object) -> int:
        try:
            return main(*args, **kwargs)
        except UserError as error:
            print(f"error: {shown(str(error))}", file=sys.stderr)
            return error.exit_code
        except OSError as error:
            if error.errno not in _NO_NAME:
                raise
            print(
                "error: Expected the name of a file or folder that there can be. "
                f"Received: {shown(str(error.filename), 80)} ({error.strerror})",
                file=sys.stderr,
            )
            return EXIT_USAGE
        except MemoryError as error:
            reason = shown(str(error)) or "no more of it"
            sentence = (
                "This needs more memory than there is; end what else takes memory, or ask for less"
            )
            print(f"error: {sentence}. Received: {reason}", file=sys.stderr)
            return MemoryShortageError.exit_code
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED

    return guarded
