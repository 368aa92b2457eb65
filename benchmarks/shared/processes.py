"""Commands in a process of their own, with their time, their peak memory and their last words.

    python -m benchmarks.shared.processes REPORT.json COMMAND...

starts one from a small process and writes down what it took. Linux counts a child's peak memory from
the fork on: started by a process that holds TensorFlow and a table, any command would seem to have
held 1 GB. From here it starts at the 10 MB of a bare Python.
"""

import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final, TextIO

ROOT: Final = Path(__file__).resolve().parents[2]
"""Children run here, where `python -m` finds this project."""

_MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class BenchError(RuntimeError):
    """One sentence: which step failed, and its last words. It stops one measurement, not the next."""


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
    command = [*python_module([__name__, str(report)]), *python_module(arguments)]
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
    # A process group of its own: the small process and what it started are ended together.
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


def main(report: str, *command: str) -> int:
    """Run `command` to its end, write `seconds` and `peak_bytes`, and give its exit code."""
    began_at = perf_counter()
    code = subprocess.run(command, check=False).returncode  # noqa: S603 (our own modules, no shell)
    seconds = perf_counter() - began_at
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _MAXRSS_UNIT
    Path(report).write_text(json.dumps({"seconds": seconds, "peak_bytes": peak}))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
