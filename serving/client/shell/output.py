"""A table that is written as it goes: into a FIFO, a device or standard output."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from serving.client.shell.sources import naming

if TYPE_CHECKING:
    from typing import Self

OPTION: Final = "--out"


class Output:
    """A stream; `serving.client.shell.unfinished` holds the one that becomes a file.

    Args:
        name: What `--out` was given.
        file: Where to.

    Attributes:
        name: As given.
        file: As given.
        rows: Number of rows written.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self.file = file
        self.rows = 0

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        # What a full disk did not take is written once more by `close`, and told already.
        with contextlib.suppress(*([OSError] if any(error) else [])):
            self.file.close()

    def add(self, lines: Sequence[bytes], rows: int) -> None:
        """Write.

        Args:
            lines: Lines with their ends.
            rows: How many of them are rows.

        Raises:
            OSError: The disk is full, or nobody reads.
        """
        with naming("write", OPTION, self.name):
            self.file.write(b"".join(lines))
            self.file.flush()
        self.rows += rows

    def commit(self) -> None:
        """The table is complete."""
