"""Ctrl-C ends the command at once, wherever it is, and leaves nothing half-made behind.

The work runs in a thread; the main thread, the only one that Python interrupts, does nothing but wait for
it. Otherwise Ctrl-C may come at any point inside gRPC, whose bookkeeping then never ends: closing the channel
hung for ever in 4 of 26 tries.
"""

import concurrent.futures
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from export.start.command_line import EXIT_INTERRUPTED
from export.start.shown import shown

_LOCK_S: Final = 1.0
"""Seconds that Ctrl-C waits for a file to be made or renamed, which takes microseconds on a healthy disk."""
_WAKE_S: Final = 0.1

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
        work: Is run in a thread of its own and gets the guard.
    """
    guard, outcome = Guard(), Future[_Result]()

    def do() -> None:
        try:
            outcome.set_result(work(guard))
        except BaseException as error:  # noqa: BLE001 (SystemExit too is for the main thread)
            outcome.set_exception(error)

    with _handled(guard):
        threading.Thread(target=do, name="work", daemon=True).start()
        # A signal that comes just before a wait begins does not end that wait: one of 60 tries took 4 s.
        while not outcome.done():
            concurrent.futures.wait([outcome], _WAKE_S)
    return outcome.result()


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
