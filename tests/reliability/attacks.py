"""Attacks that are programs of their own: processes that die, disks that fail, requests that mean harm."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attempts import Tally

ROOT = Path(__file__).parents[2]
CRASHES = ROOT / "tests" / "export" / "crashes.py"
HOSTILE = ROOT / "tests" / "serving" / "server" / "hostile.py"


def attack(count: int, quick: bool) -> Iterator[Tally]:
    """Both programs.

    Args:
        count: of each kind of hostile request.
        quick: leave out the injected errors, the longest part.
    """
    yield from crashes(quick)
    yield from hostile(count)


def crashes(quick: bool) -> Iterator[Tally]:
    """See tests/export/crashes.py; it ends at the first version that is torn."""
    with tempfile.TemporaryDirectory() as folder:
        ended = _run(CRASHES, "crash" if quick else "both", folder)
    killed, refused = (Tally("publishing processes killed, one before each system call"),
                       Tally("errors of the system, one injected into each call of the same"))  # fmt: skip
    if ended.returncode:
        killed.tried, killed.lost = 1, [_last_line(ended.stderr)]
        yield killed
        return
    found = json.loads(ended.stdout)
    found.pop("totals", None)
    for name, figures in found.items():
        tally = refused if " " in name else killed
        tally.tried += figures["instants"]
    yield from (tally for tally in (killed, refused) if tally.tried)


def hostile(count: int) -> Iterator[Tally]:
    """See tests/serving/server/hostile.py."""
    ended = _run(HOSTILE, "--count", str(count))
    for kind, tried, bad in re.findall(
        r"^([\w ]+): ([\d,]+) sent, (\d+) badly", ended.stdout, re.MULTILINE
    ):
        tally = Tally(f"requests to the embedded server: {kind}", int(tried.replace(",", "")))
        tally.lost = [f"{kind}: badly answered"] * int(bad)
        yield tally
    sockets = re.search(r"^silent sockets: ([\d,]+)", ended.stdout, re.MULTILINE)
    tally = Tally("silent sockets to the embedded server", int(sockets[1].replace(",", "")) if sockets else 1)  # fmt: skip
    if ended.returncode:
        tally.lost.append(_last_line(ended.stdout + ended.stderr))
    yield tally


def _run(program: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(program), *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "it ended without a word")
