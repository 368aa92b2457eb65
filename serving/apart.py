"""Work that Ctrl-C cannot cut off: the main thread, the only one that Python interrupts, does nothing but wait for it.

gRPC does not stand an interrupt. One that came in a future's `__del__` was lost, and the program went on (2 of 250
tries on busy cores); or a lock that it interrupted was never let go (1 of 250), and closing the channel hung for ever
(4 of 26).

The threads are kept, and wait for the next work. Python looks after a thread that is dropped in the callback of a
weak reference, and an interrupt that came there was lost, too (1 of 300 tries with a new thread for each work).
"""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

_WAKE_S: Final = 0.1

_Result = TypeVar("_Result")


class _Worker:
    """A thread that does one work after another, and ends with the process."""

    def __init__(self) -> None:
        self._works = SimpleQueue[Callable[[], None]]()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            work = self._works.get()
            work()
            del work

    @property
    def alive(self) -> bool:
        """False in a process that was forked."""
        return self._thread.is_alive()

    def do(self, work: Callable[[], None]) -> None:
        self._works.put(work)


_IDLE: Final[list[_Worker]] = []
"""Those that wait for work; more than one where a signal's handler works, too."""


def _idle_worker() -> _Worker:
    while _IDLE:
        worker = _IDLE.pop()
        if worker.alive:
            return worker
    return _Worker()


def apart(
    work: Callable[[], _Result], stop: Callable[[], None] = lambda: None, stop_s: float = 0.0
) -> _Result:
    """The work's result; the main thread, the only one that Ctrl-C interrupts, has another thread work.

    Args:
        work: Is done to its end, or to where `stop` ends it.
        stop: Ends the work early; called when this is interrupted, also in a thread of its own.
        stop_s: Seconds that each of the two may take to end then.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    outcomes, context = SimpleQueue[Future[_Result]](), contextvars.copy_context()

    def do() -> None:
        outcome = Future[_Result]()
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 (the main thread gets it, whatever it is)
            outcome.set_exception(error)
        outcomes.put(outcome)
        # The error's frames hold this one's, and these hold gRPC's futures.
        del outcome

    worker = _idle_worker()
    try:
        worker.do(do)
        outcome = _wait(outcomes)
    except BaseException:
        stopping = threading.Thread(target=stop, daemon=True)
        stopping.start()
        stopping.join(stop_s)
        if _drop(outcomes, stop_s):
            _IDLE.append(worker)
        raise
    _IDLE.append(worker)
    return outcome.result()


def _wait(outcomes: SimpleQueue[Future[_Result]]) -> Future[_Result]:
    # A signal that comes just before a wait begins does not end that wait: one of 60 tries took 4 s.
    while True:
        try:
            return outcomes.get(timeout=_WAKE_S)
        except Empty:
            continue


def _drop(outcomes: SimpleQueue[Any], within_s: float) -> bool:
    """Whether the work ended in that time; a future that lives until Python ends may wait there, in `__del__`."""
    try:
        outcomes.get(timeout=within_s)
    except Empty:
        return False
    return True
