"""What a long job waits for, told where nothing has moved for too long."""

import time


class Watch:
    """A note of the last step, written by the threads at work and read by the one that watches.

    Args:
        patience_s: Seconds without progress that are borne.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._since = time.monotonic()
        self._waits_for = "the start"

    def waits_for(self, what: str) -> None:
        """Begin to wait; progress so far, unless it waits for just this already."""
        if what != self._waits_for:
            self._waits_for = what
            self._since = time.monotonic()

    def moved(self) -> None:
        """Progress."""
        self._since = time.monotonic()

    def stall(self) -> str | None:
        """One sentence where nothing has moved for too long."""
        if time.monotonic() - self._since < self._patience_s:
            return None
        return (
            f"No progress in {self._patience_s:g} seconds (--stall-timeout), while waiting for {self._waits_for}; what "
            "is done stays, and the same command goes on."
        )
