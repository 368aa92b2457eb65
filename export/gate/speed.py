"""The check `speed`: what a version takes to answer one tweet, and how large it is. Made where a budget asks for it.

The fresh process of `reload` asks the exported signature one tweet at a time, once all other questions are
answered: a server that loads meanwhile has loaded by then, and this process only waits.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from export.budget import Budget, shown_size, shown_time
from export.errors import GateError
from export.start.machine import cores, cpu_name

SPEED: Final = "speed"

SECONDS: Final = "seconds"
"""Where the times of single answers are, and below the threads that gave them."""

THREADS: Final = "threads"

_MOST_TEXTS: Final = 1000

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True)
class Speed:
    """What was measured, and what was allowed.

    Attributes:
        allowed: the budget's words.
        p50_s: median seconds of one tweet's answers; None where no limit was asked for.
        calls: answers behind it.
        size_bytes: of all files but the card.
        machine: where, in words.
        threads: of TensorFlow there, in words.
    """

    allowed: str
    p50_s: float | None
    calls: int
    size_bytes: int
    machine: str
    threads: str

    def lines(self) -> Iterator[str]:
        """For the terminal."""
        yield f"Speed: {self.told()}; asked for {self.allowed}"

    def told(self) -> str:
        """The figures, and how they came about."""
        size = shown_size(self.size_bytes)
        return size if self.p50_s is None else f"one tweet, p50, {self.told_p50()}; {size}"

    def told_p50(self) -> str:
        """The median, and how it came about."""
        return (
            f"{shown_time(self.p50_s or 0.0)} (median of {self.calls:,} answers in process, one at a time, "
            f"{self.machine}, {self.threads})"
        )


def check_size(directory: Path, budget: Budget) -> None:
    """Compare the files of a version that has no card yet with a budget.

    Raises:
        GateError: they are larger.
    """
    found = size_bytes(directory)
    if budget.size_bytes is not None and found > budget.size_bytes:
        allowed, received = shown_size(budget.size_bytes), shown_size(found)
        raise GateError(
            SPEED, f"files of at most {allowed} together", f"{received}, {found:,} bytes"
        )


def check_speed(directory: Path, budget: Budget, answers: dict[str, Any]) -> Speed:
    """Compare the times of single answers with a budget.

    Args:
        directory: of the version, for its size.
        budget: what is allowed.
        answers: of the fresh process, with `SECONDS` and `THREADS` where a time is limited.

    Raises:
        GateError: the median is longer.
    """
    seconds = answers.get(SECONDS, np.zeros(0))
    p50 = float(np.median(seconds)) if budget.p50_s is not None else None
    count = cores()
    speed = Speed(
        allowed=budget.words,
        p50_s=p50,
        calls=len(seconds),
        size_bytes=size_bytes(directory),
        machine=f"{count} core{'s' * (count > 1)} of {cpu_name()}",
        threads=_threads(answers.get(THREADS, ()), count),
    )
    if p50 is not None and budget.p50_s is not None and p50 > budget.p50_s:
        raise GateError(
            SPEED,
            f"one tweet answered within {shown_time(budget.p50_s)} in the median",
            speed.told_p50(),
        )
    return speed


def timed_texts(texts: Array, budget: Budget | None) -> list[str]:
    """What is asked one at a time: up to 1,000 from all over the test part; none where no time is limited."""
    if budget is None or budget.p50_s is None:
        return []
    return texts[:: max(1, len(texts) // _MOST_TEXTS)][:_MOST_TEXTS].tolist()


def size_bytes(directory: Path, *, but: str = "") -> int:
    """Of all files under a directory, those called `but` left out, whatever their ending."""
    files = (file for file in directory.rglob("*") if file.is_file() and file.stem != but)
    return sum(file.stat().st_size for file in files)


def _threads(found: Sequence[int], count: int) -> str:
    """TensorFlow tells 0 where it takes as many as there are cores."""
    if not len(found):
        return ""
    within, across = (int(number) or count for number in found)
    return f"TensorFlow's threads {within} within an op and {across} across ops"
