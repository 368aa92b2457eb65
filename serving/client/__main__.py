"""`python -m serving.client`: ask a served model from a shell; `serving.client.shell` does the work."""

import os
import signal
from collections.abc import Sequence
from typing import Final

_EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print, and tell the exit code.

    Args:
        arguments: The words after the program's name; those of this process by default.

    Raises:
        SystemExit: Wrong usage, with code 2; or `--help` was asked for, with 0.
    """
    from serving.client.shell import command  # noqa: PLC0415 (what stands below comes first)

    return command.main(arguments)


def _prepare() -> None:
    """What must be so before gRPC is imported, and while it is."""
    # Its own lines on a handshake that failed, which is told in a sentence too. Whoever wants them sets it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Nothing is begun yet that would have to be undone; a traceback of an import helps nobody.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_EXIT_INTERRUPTED))


if __name__ == "__main__":
    _prepare()
    raise SystemExit(main())
