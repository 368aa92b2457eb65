"""Commands in a process of their own, with their time, their peak memory and their last words."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from benchmarks.shared.errors import BenchError

ROOT: Final = Path(__file__).resolve().parents[2]
"""Children run here, where `python -m` finds this project."""


@dataclasses.dataclass(frozen=True)
class Finished:
    """What a command took.

    Attributes:
        seconds: from its start to its end.
        peak_bytes: most memory that it held in RAM.
        output: what it printed.
    """

    seconds: float
    peak_bytes: int
    output: str


def run_module(arguments: Sequence[str], log: Path) -> Finished:
    """Run `python -m` with `arguments` to its end.

    Args:
        arguments: the module's name and its options.
        log: file for all that it prints.

    Raises:
        BenchError: it did not end with 0; the message has its last line.
    """
    report = log.with_suffix(".took.json")
    command = [
        *python_module(["benchmarks.shared.launcher", str(report)]),
        *python_module(arguments),
    ]
    with log.open("w", encoding="utf-8") as file:
        code = _run(command, file)
    output = log.read_text(encoding="utf-8", errors="replace")
    if code:
        raise BenchError(
            f"`{arguments[0]}` ended with exit code {code}: {last_line(output)} See {log}"
        )
    return Finished(**json.loads(report.read_text()), output=output)


def _run(command: Sequence[str], log: TextIO) -> int:
    """The exit code of a command, which ends with this process if that is interrupted."""
    # A process group of its own: the launcher and what it started are ended together.
    with subprocess.Popen(  # noqa: S603 (our own modules, no shell)
        command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def python_module(arguments: Sequence[str]) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", *arguments]


def last_line(output: str) -> str:
    r"""The last line that says something.

    Example:
    >>> last_line("Traceback\nValueError: no\n\n")
    'ValueError: no'
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing."
