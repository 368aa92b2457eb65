"""Ctrl-C ends the command at once, wherever it is, and leaves nothing half-made behind.

The work runs apart from the main thread, which Ctrl-C interrupts; see `serving.apart`.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeVar

from export.start.command_line import EXIT_INTERRUPTED
from export.start.shown import shown
from serving.apart import apart

_LOCK_S: Final = 1.0
"""Seconds that Ctrl-C waits for a file to be made or renamed, which takes microseconds on a healthy disk."""

_Result = TypeVar("_Result")


class Guard:
    """What Ctrl-C has to undo.

    Attributes:
        lock: Held by whoever makes a file, puts it in its place or takes it away, together with `undo`.
        undo: Called by Ctrl-C before the process ends; what it returns is told.
        note: What a job that failed has to tell, after the reason.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.undo: Callable[[], str] = str
        self.note = ""


def run(work: Callable[[Guard], _Result]) -> _Result:
    """The work's result or its exception; Ctrl-C ends the process with code 130 instead.

    Args:
        work: Gets the guard; is run in a thread of its own, but where this is no main thread.
    """
    guard = Guard()
    with _handled(guard):
        return apart(partial(work, guard))


@contextmanager
def _handled(guard: Guard) -> Iterator[None]:
    """Ctrl-C is handled; not where it was ignored from the start, as under nohup, nor in another thread."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: _end(guard))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(guard: Guard) -> None:
    """Undo, tell, end."""
    # A second Ctrl-C must not interrupt what the first one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Never let go: the work must not make a file after this.
    guard.lock.acquire(timeout=_LOCK_S)
    try:
        told = guard.undo()
        if told:
            # Past sys.stderr, which the work may be writing to.
            line = f"{os.linesep if os.isatty(2) else ''}{shown(told)}\n"
            os.write(2, line.encode("utf-8", "replace"))
    finally:
        os._exit(EXIT_INTERRUPTED)
