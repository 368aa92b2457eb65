"""A plain line every few seconds while bytes go to a store: a terminal, a file and a CI log alike can show it."""

import sys
import time
from typing import Any, Final

from export.start.shown import shown

_SECONDS: Final = 3.0


def progress(what: str, total: int) -> Any:
    """A callback of fsspec for any number of files; it tells of them on standard error.

    Args:
        what: is done, such as `Uploading to s3://bucket/models`.
        total: bytes of all files together.
    """
    from fsspec.callbacks import Callback  # noqa: PLC0415 (an extra)

    class Progress(Callback):
        """Adds up what the library reports of one file after another."""

        def __init__(self) -> None:
            super().__init__()
            self.done, self.told_at = 0, time.monotonic()

        def relative_update(self, inc: int = 1) -> None:
            self.done += inc
            if time.monotonic() - self.told_at >= _SECONDS:
                self.told_at = time.monotonic()
                line = f"{what}: {self.done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
                print(shown(line), file=sys.stderr, flush=True)

    return Progress()
