"""What a run is doing, on stderr: stdout is for the table."""

import sys
from time import perf_counter

_BEGAN_AT = perf_counter()


def say(what: str) -> None:
    """One line with the seconds since the start."""
    print(f"[{perf_counter() - _BEGAN_AT:6.0f} s] {what}", file=sys.stderr, flush=True)
