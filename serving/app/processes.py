"""Processes that end together: with the first of them, or when this one is told to."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from export.start.python_path import python_path

if TYPE_CHECKING:
    from typing import Self

_LOOK_S: Final = 0.1
_STOP_S: Final = 40.0
"""More than `serving.up` gives its server, which is half a minute."""


class Processes:
    """Children of this process, none of which is left behind.

        with Processes() as processes:
            processes.start([sys.executable, "-m", "serving.up"])
            code = processes.wait()

    Signals are taken from the main thread only, as Python has it.

    Attributes:
        told_to_stop: Whether SIGINT, SIGTERM or SIGHUP came.
    """

    def __init__(self) -> None:
        self.told_to_stop = False
        self._children: list[subprocess.Popen[bytes]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Self":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup, or as a shell's background job, some are ignored on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *error: object) -> None:
        for child in reversed(self._children):
            _stop(child)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, command: Sequence[str], *, quiet: bool = False) -> "subprocess.Popen[bytes]":
        """Start one more; it finds this project's code wherever it runs.

        Args:
            command: Program and arguments.
            quiet: Whether its standard output is dropped.
        """
        child = subprocess.Popen(  # noqa: S603 (words of our own, no shell)
            command,
            env={**os.environ, "PYTHONPATH": python_path(os.environ)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            # A session of its own: Ctrl-C in a terminal would reach it beside our word.
            start_new_session=True,
        )
        self._children.append(child)
        return child

    def wait(
        self, until: Callable[[], bool] = lambda: False, timeout_s: float | None = None
    ) -> bool:
        """Wait for something to be so.

        Args:
            until: Whether it is so; by default it never is.
            timeout_s: Seconds to wait at most; by default as long as it takes.

        Returns:
            Whether it came to be so; not where a child ended, a signal came, or time was up.
        """
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.told_to_stop and self.ended() is None:
            if until():
                return True
            if give_up is not None and time.monotonic() > give_up:
                return False
            time.sleep(_LOOK_S)
        return False

    def ended(self) -> int | None:
        """The exit code of a child that has ended, as a shell tells it; `None` while all run."""
        codes = [code for child in self._children if (code := child.poll()) is not None]
        return next((code if code >= 0 else 128 - code for code in codes), None)

    def _hear(self, *_: object) -> None:
        self.told_to_stop = True


def _stop(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
