"""Versions whose wholeness can be checked, and what is done to a process that publishes them.

python checked_versions.py publish BASE COUNT      publish COUNT versions, print their numbers
python checked_versions.py fill BASE COUNT         the same until refused, tell what is left
python checked_versions.py kill BASE KILLS         die at random moments while a reader polls
python checked_versions.py crash BASE              die before every system call, once each

A process of its own: it forks, which a test runner with threads must not. Prints JSON. Tests import
the rest, and start it with `result_of(start(command, base, ...))`.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from export.errors import ExportError
from export.versions.listing import version_number
from export.versions.publish import keep_newest, rollback, staged_version

FILES = ("saved_model.pb", "variables/variables.data", "assets/vocabulary.txt")
# What changes the disk, or waits for someone who does; writes and flushes fall between these.
SYSTEM_CALLS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "fcntl.flock"}


def write_version(folder: Path) -> None:
    """Fill a folder with files and, first of all, the list of their checksums."""
    contents = {name: os.urandom(20_000) for name in FILES}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    folder.joinpath("manifest.json").write_text(json.dumps(sums))
    for name, content in contents.items():
        folder.joinpath(name).parent.mkdir(exist_ok=True)
        folder.joinpath(name).write_bytes(content)


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
    """Names in the folder that are no version."""
    return [name for name in names(base) if version_number(name) is None]


def publish_one(base: Path) -> int:
    """Publish a version; its number."""
    with staged_version(base) as stage:
        write_version(stage.path)
    return int(stage.published.name)


def publish_roll_back_and_keep(base: Path) -> None:
    """What an operator does, again and again."""
    while True:
        publish_one(base)
        rollback(base, min(numbers(base)))
        keep_newest(base, 4)


def fill(base: Path, count: int) -> dict[str, object]:
    """Publish until refused; the sentence, and what a reader finds afterwards."""
    sentence = None
    try:
        for _ in range(count):
            publish_one(base)
    except ExportError as error:
        sentence = str(error)
    return {
        "sentence": sentence,
        "versions": sorted(numbers(base)),
        "torn": torn(base),
        "leftovers": leftovers(base),
    }


def crash_everywhere(root: Path) -> dict[str, dict[str, int]]:
    """Run each command on two versions, dying before its first system call, its second, ..."""
    commands: dict[str, tuple[Callable[[Path], object], list[set[int]]]] = {
        "publish": (publish_one, [{1, 2}, {1, 2, 3}]),
        "rollback": (lambda base: rollback(base, 1), [{1, 2}, {1, 2, 3}]),
        "keep": (lambda base: keep_newest(base, 1), [{1, 2}, {2}]),
    }
    return {
        name: crash_command(root / name, command, allowed)
        for name, (command, allowed) in commands.items()
    }


def crash_command(
    root: Path, command: Callable[[Path], object], allowed: list[set[int]]
) -> dict[str, int]:
    """Die before each system call in turn; check what is seen then, and that the next run cleans."""
    littered = 0
    for instant, base in enumerate(fresh_bases(root), start=1):
        died = run_and_die(lambda base=base: command(base), before_call=instant)
        assert not torn(base), (instant, torn(base))
        assert numbers(base) in allowed, (instant, numbers(base))
        littered += bool(leftovers(base))
        publish_one(base)
        assert not leftovers(base), (instant, leftovers(base))
        if not died:
            return {"instants": instant - 1, "littered": littered}
    raise AssertionError


def fresh_bases(root: Path) -> Iterator[Path]:
    """Folders that hold versions 1 and 2."""
    while True:
        base = root / str(time.monotonic_ns())
        for number in ("1", "2"):
            base.joinpath(number).mkdir(parents=True)
            write_version(base / number)
        yield base


def run_and_die(command: Callable[[], object], *, before_call: int) -> bool:
    """Run in a child that kills itself before its nth system call; whether it came to that."""
    child = os.fork()
    if child == 0:
        calls = 0

        def die_in_time(event: str, _: object) -> None:
            nonlocal calls
            # The kill below is an event too.
            if event in SYSTEM_CALLS:
                calls += 1
                if calls == before_call:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die_in_time)
        command()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, status
    return status != 0


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


def start(*arguments: object, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """This file with these arguments, in a process of its own."""
    return subprocess.Popen(
        [*prefix, sys.executable, __file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(process: subprocess.Popen[str]):
    """What the process printed, once it has ended well."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads(output)


COMMANDS: dict[str, Callable[..., object]] = {
    "publish": lambda base, count: [publish_one(base) for _ in range(int(count))],
    "fill": lambda base, count: fill(base, int(count)),
    "kill": lambda base, kills: kill_at_random(base, int(kills)),
    "crash": crash_everywhere,
}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
