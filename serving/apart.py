"""Work that Ctrl-C cannot cut off: the main thread, the only one that Python interrupts, does nothing but wait for it.

gRPC does not stand an interrupt. One that came in a future's `__del__` was lost, and the program went on (2 of 250
tries on busy cores); or a lock that it interrupted was never let go (1 of 250), and closing the channel hung for ever
(4 of 26).
"""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

_WAKE_S: Final = 0.1

_Result = TypeVar("_Result")


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
    done, context = list[Future[_Result]](), contextvars.copy_context()

    def do() -> None:
        outcome = Future[_Result]()
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 (the main thread gets it, whatever it is)
            outcome.set_exception(error)
        done.append(outcome)
        # The error's frames hold this one's, and these hold gRPC's futures.
        del outcome

    worker = threading.Thread(target=do, daemon=True)
    worker.start()
    try:
        # A signal that comes just before a wait begins does not end that wait: one of 60 tries took 4 s.
        while worker.is_alive():
            worker.join(_WAKE_S)
    except BaseException:
        stopping = threading.Thread(target=stop, daemon=True)
        stopping.start()
        stopping.join(stop_s)
        worker.join(stop_s)
        # A future that lives until Python ends may wait there, in `__del__`, for a thread that is no more.
        done.clear()
        raise
    return done.pop().result()
