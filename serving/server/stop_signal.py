"""SIGTERM and Ctrl-C: heard whatever the main thread does, and the end of the process whatever still runs.

A thread that is inside an operation of TensorFlow (a large regular expression, a file system that hangs) cannot be
ended, and Python waits for its threads before it ends: a process with one request like that outlived SIGTERM by
as long as the request took. Nor does Python's own handler run while the main thread is inside one, loading.
"""

import os
import signal
import sys
import threading
import time
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
CANCEL_S: Final = 1.0
"""What is cancelled at the end of the draining has this long to say so to its caller."""


class StopSignal:
    """Waits for the signals in a thread of its own.

    Make it in the main thread before any other thread is made: a signal must reach no other.
    """

    def __init__(self) -> None:
        self._drain_s: float | None = None
        self._came = threading.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def drain_for(self, seconds: float) -> None:
        """From now on a signal gives the requests under way so long; before, it ends the process at once."""
        self._drain_s = seconds

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether a signal came, within a time or ever."""
        return self._came.wait(timeout_s)

    def _listen(self) -> None:
        signal.sigwait(STOP_SIGNALS)
        drain_s = self._drain_s
        if drain_s is not None:
            print("Stopping: requests under way are answered first.", flush=True)
            self._came.set()
            time.sleep(drain_s + CANCEL_S)
            print(f"Cut off what still ran after {drain_s:g} s.", file=sys.stderr, flush=True)
        os._exit(0)
