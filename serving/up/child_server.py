"""A server in a process of its own that hears the signals which this process hears."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Self

PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_TIMEOUT_S: Final = 30.0
"""More than the embedded server takes to drain, or docker to stop a container: ten seconds each."""


class ChildServer:
    """A process that is started, told every SIGINT, SIGTERM and SIGHUP, and never left behind.

        with ChildServer(["tensorflow_model_server", "--port=8500"]) as child:
            code = child.wait()

    Its output goes where ours goes. Signals are taken from the main thread only, as Python has it.

    Args:
        command: Program and arguments.
        environment: Variables beside those of this process.

    Attributes:
        told_to_stop: Whether a signal was passed on.

    Raises:
        OSError: The program cannot be started.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.told_to_stop = False
        self._early: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._before = {number: signal.signal(number, self._pass_on) for number in PASSED_ON}
        try:
            # A session of its own: Ctrl-C in a terminal reaches the whole foreground group, so the child
            # would hear it twice, and docker compose takes the second for "kill at once".
            self._process = subprocess.Popen(  # noqa: S603 (words of our own, no shell)
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            self._restore_handlers()
            raise
        if self._early is not None:
            self._process.send_signal(self._early)

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._restore_handlers()

    def exit_code(self) -> int | None:
        """As a shell tells it: 128 and the signal's number where one ended it; `None` while it runs."""
        code = self._running.poll()
        return code if code is None or code >= 0 else 128 - code

    def wait(self) -> int:
        """Wait for its end, however long that takes; the exit code as above."""
        self._running.wait()
        code = self.exit_code()
        assert code is not None, "it has ended"
        return code

    def stop(self) -> None:
        """Ask it to end, by SIGTERM, and end it after half a minute."""
        if self.exit_code() is None:
            self._running.terminate()
            try:
                self._running.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "an instance has its process"
        return self._process

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        self.told_to_stop = True
        if self._process is None:
            self._early = number
        else:
            self._process.send_signal(number)

    def _restore_handlers(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
