"""Wait for something to become true."""

import time


def wait_for(condition, seconds=10.0):
    """Ask again and again; return what was true in the end, or fail."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.01)
    return found
