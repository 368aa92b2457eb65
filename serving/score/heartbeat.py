"""Signs of life from inside a piece: its actor notes the rows that are written, whoever watches the job reads them.

A packed file is one piece, and may take an actor longer than `--stall-timeout`. The note is a small file beside the
records of the pieces, which every machine sees, and goes with its piece:

    _progress/.part-00003.x1y2.rows.tmp     24576
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from serving.score.watch import Watch

EVERY_S: Final = 1.0
"""Between two notes, and between two looks at them."""
_SUFFIX: Final = ".rows.tmp"


class Heartbeat:
    """Of a piece at work.

    Args:
        folder: Of the notes.
        index: The piece's number.
    """

    def __init__(self, folder: Path, index: int) -> None:
        self._file = folder / f".part-{index:05}.{uuid.uuid4().hex[:12]}{_SUFFIX}"
        self._rows = 0
        self._next = 0.0

    def add(self, rows: int) -> None:
        """Rows were written; the note follows about once a second, and where the disk refuses it, the part tells."""
        self._rows += rows
        if time.monotonic() >= self._next:
            with suppress(OSError):
                self._file.write_text(str(self._rows))
            self._next = time.monotonic() + EVERY_S

    def close(self) -> None:
        """Take the note away."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def notes(folder: Path) -> dict[int, int]:
    """Rows of each piece at work, by its number."""
    found: dict[int, int] = {}
    for file in folder.glob(f".part-*{_SUFFIX}"):
        with suppress(OSError, ValueError):  # it has gone, or is being written
            index = int(file.name.split(".")[1].removeprefix("part-"))
            found[index] = max(int(file.read_text()), found.get(index, 0))
    return found


@contextmanager
def listening(folder: Path, watch: Watch) -> Iterator[None]:
    """Meanwhile each note is progress to the watch.

    It must tell more rows of its piece than any before: an actor that dies at the same row again and again gets
    nowhere.
    """
    stop = threading.Event()
    most: dict[int, int] = {}

    def listen() -> None:
        while not stop.wait(EVERY_S):
            with suppress(OSError):
                for index, rows in notes(folder).items():
                    if rows > most.get(index, 0):
                        most[index] = rows
                        watch.moved()

    threading.Thread(target=listen, name="listen", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
