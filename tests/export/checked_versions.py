"""Versions whose wholeness can be checked, and what is done to a process that publishes them.

python checked_versions.py publish BASE COUNT      publish COUNT versions, print their numbers
python checked_versions.py fill BASE COUNT         the same until refused, tell what is left
python checked_versions.py keep BASE COUNT         keep the newest COUNT of what is there, tell the same
python checked_versions.py fill_and_keep BASE COUNT  publish COUNT versions, keep the newest one
python checked_versions.py kill BASE KILLS         die at random moments while a reader polls

A process of its own: it forks, which a test runner with threads must not. Prints JSON. Tests import
the rest, and start it with `result_of(start(command, base, ...))`. crashes.py does more to it.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.errors import ExportError
from export.versions.disk_errors import explained
from export.versions.earlier import keep_newest, rollback
from export.versions.examination import Examination
from export.versions.listing import version_number
from export.versions.publish import front_of, staged_version

FILES = ("saved_model.pb", "variables/variables.data", "assets/vocabulary.txt")


def write_version(folder: Path) -> None:
    """Fill a folder with files and, first of all, the list of their checksums."""
    contents = {name: os.urandom(20_000) for name in FILES}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    folder.joinpath("manifest.json").write_text(json.dumps(sums))
    for name, content in contents.items():
        folder.joinpath(name).parent.mkdir(exist_ok=True)
        folder.joinpath(name).write_bytes(content)


def rows(source: str, *, chosen: bool = False, count: int = 60) -> Examination:
    """An examination; its rows tell its source."""
    texts = np.array([f"{source} {number}" for number in range(count)], object)
    labels = np.arange(count) % 3
    return Examination(texts, labels, ("negative", "neutral", "positive"), source, chosen)


def is_whole(folder: Path) -> bool:
    """Whether every file of the manifest is there with its checksum."""
    try:
        sums = json.loads(folder.joinpath("manifest.json").read_text())
        return all(
            hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == checksum
            for name, checksum in sums.items()
        )
    except (OSError, json.JSONDecodeError):
        return False


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path under a folder, with the content of the files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def names(folder: Path) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(child.name for child in folder.iterdir())


def numbers(base: Path) -> set[int]:
    """The versions that a server sees."""
    found = (version_number(name) for name in names(base))
    return {number for number in found if number is not None}


def torn(base: Path) -> list[int]:
    """The versions that a server sees and that are not whole."""
    # One that is gone after a failed look was removed under the reader's eyes, not torn.
    return [
        number
        for number in numbers(base)
        if not is_whole(base / str(number)) and base.joinpath(str(number)).exists()
    ]


def leftovers(base: Path) -> list[str]:
    """Names in the folder that are neither a version nor its examination."""
    return [name for name in names(base) if version_number(name) is None and name != ".examination"]


def publish_one(base: Path) -> int:
    """Publish a version; its number."""
    with staged_version(base) as stage, explained(base):
        write_version(stage.path)
    return int(stage.published.name)


def publish_first(base: Path, source: str = "first") -> int:
    """Publish a version that brings an examination; its number."""
    with staged_version(base) as stage, explained(base):
        write_version(stage.path)
        assert stage.publish(front_of(base), rows(source))
    return int(stage.published.name)


def publish_roll_back_and_keep(base: Path) -> None:
    """What an operator does, again and again."""
    while True:
        publish_one(base)
        rollback(base, min(numbers(base)))
        keep_newest(base, 4)


def found_in(base: Path) -> dict[str, object]:
    """What a reader finds."""
    return {"versions": sorted(numbers(base)), "torn": torn(base), "leftovers": leftovers(base)}


def fill(base: Path, count: int) -> dict[str, object]:
    """Publish until refused; the sentence, and what a reader finds afterwards."""
    sentence = None
    try:
        for _ in range(count):
            publish_one(base)
    except ExportError as error:
        sentence = str(error)
    return {"sentence": sentence, **found_in(base)}


def keep_on_a_full_disk(base: Path, count: int) -> dict[str, object]:
    """Publish until there is neither room nor a file to be had, then keep the newest."""
    fill(base, 99)
    files = bytes_left = 0
    try:
        while True:
            base.joinpath(f"filler-{files}").write_bytes(b"")
            files += 1
    except OSError:
        pass
    try:
        with base.joinpath("filler-0").open("wb", buffering=0) as filler:
            while True:
                bytes_left += filler.write(bytes(4096))
    except OSError:
        pass
    before = sorted(numbers(base))
    removed = [version.number for version in keep_newest(base, count)]
    for filler in base.glob("filler-*"):
        filler.unlink()
    return {"before": before, "removed": removed, "filled": files > 0, **found_in(base)}


def fill_and_keep(base: Path, count: int) -> dict[str, object]:
    """Publish versions and keep the newest; the sentence, and what a reader finds afterwards."""
    fill(base, count)
    try:
        keep_newest(base, 1)
        sentence = None
    except ExportError as error:
        sentence = str(error)
    return {"sentence": sentence, **found_in(base)}


def kill_at_random(base: Path, kills: int) -> dict[str, int]:
    """Kill a publisher `kills` times, each within 80 ms, polling what a server would see."""
    moments = random.Random(0)  # noqa: S311  # repeatable, not secret
    base.mkdir()
    seen: set[int] = set()
    polls = littered = 0
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            publish_roll_back_and_keep(base)
        deadline = time.monotonic() + moments.uniform(0, 0.08)
        while time.monotonic() < deadline:
            assert not torn(base), torn(base)
            seen |= numbers(base)
            polls += 1
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert not torn(base), torn(base)
        littered += bool(leftovers(base))
    publish_one(base)
    assert not leftovers(base), leftovers(base)
    return {"kills": kills, "littered": littered, "polls": polls, "versions_seen": len(seen)}


def start(
    *arguments: object, prefix: tuple[str, ...] = (), script: str = __file__
) -> subprocess.Popen[str]:
    """This file, or another script, with these arguments, in a process of its own."""
    return subprocess.Popen(
        [*prefix, sys.executable, script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(process: subprocess.Popen[str]):
    """What the process printed, once it has ended well."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(output)


COMMANDS: dict[str, Callable[..., object]] = {
    "publish": lambda base, count: [publish_one(base) for _ in range(int(count))],
    "fill": lambda base, count: fill(base, int(count)),
    "keep": lambda base, count: keep_on_a_full_disk(base, int(count)),
    "fill_and_keep": lambda base, count: fill_and_keep(base, int(count)),
    "kill": lambda base, kills: kill_at_random(base, int(kills)),
}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
