"""Where texts come from: files and standard input, and what is said where one cannot be had."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

STANDARD: Final = "-"
"""Standard input or output, in place of a file's name."""
ANSWERED: Final = 4096
"""Texts held in memory and sent before the next are read: eight requests of the default size."""
EXPLAINED: Final = 256
"""The same of texts whose words are asked about: eight requests."""

_Item = TypeVar("_Item")


@contextmanager
def naming(deed: str, option: str, name: str) -> Iterator[None]:
    """Errors of the system as one sentence with the option and the name that were given.

    Args:
        deed: What is tried, as in `read the file`.
        option: Such as `--csv`.
        name: What the option was given.

    Raises:
        OSError: Of the same number, its `strerror` the sentence.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if "Received: " in reason:
            raise
        raise OSError(error.errno, f"Cannot {deed}: {reason}. Received: {option}={name}") from error


def open_source(option: str, name: str) -> BinaryIO:
    """A file, or standard input for `-`, to read bytes from.

    Raises:
        OSError: It cannot be read.
    """
    if name != STANDARD:
        with naming("read the file", option, name):
            return Path(name).open("rb")
    if sys.stdin is None:
        raise ValueError(f"Standard input is closed. Received: {option}={name}")
    return sys.stdin.buffer


def read_lines(option: str, name: str) -> Iterator[str]:
    """One text a line, read as it is asked for; a line's bytes that are no UTF-8 become U+FFFD.

    Raises:
        OSError: The file cannot be read.
    """
    with open_source(option, name) as file, naming("read the file", option, name):
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="\n")
        yield from (line.removesuffix("\n").rstrip("\r") for line in text)


def pieces(items: Iterator[_Item], at_once: int = ANSWERED) -> Iterator[list[_Item]]:
    """As many as are held in memory at once."""
    while piece := list(islice(items, at_once)):
        yield piece
