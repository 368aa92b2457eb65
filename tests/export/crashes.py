"""Die before every system call of a command, or get an error from it; see what a reader then finds.

python crashes.py crash BASE                 a SIGKILL before each call, once each
python crashes.py refuse BASE                each of five errors from each call, once each
python crashes.py both BASE                  what docs/reliability.md counts

A process of its own, for it forks. Prints JSON, by command: `instants` at which it died or was refused,
and `littered`, how many times something was left for the next run to remove.
"""

import contextlib
import dataclasses
import errno
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from checked_versions import (
    is_whole,
    leftovers,
    numbers,
    publish_first,
    publish_one,
    rows,
    torn,
    write_version,
)

from export.errors import ExportError
from export.versions.disk_errors import explained
from export.versions.earlier import keep_newest, rollback
from export.versions.examination import read_examination, store
from export.versions.publish import locked_base
from export.versions.staged_folder import staged_folder

# What changes the disk, or waits for someone who does; writes fall between these.
CHANGES = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.remove",
    "os.rmdir",
    "fcntl.flock",
    "os.fsync",
}
READS = {"os.listdir", "os.scandir"}
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.ENOLCK, errno.EXDEV)
RUN_FOLDER = "saved_model"

State = tuple[frozenset[int], str | None, bool]


@dataclasses.dataclass(frozen=True)
class Command:
    """What is done to a folder.

    Attributes:
        act: the command.
        allowed: what a reader may find when it dies: versions, source of the examination, and
            whether the folder beside them was filled.
        refused: the same, when it ends with an error.
    """

    act: Callable[[Path], object]
    allowed: list[State]
    refused: list[State]


def state_of(base: Path) -> State:
    """What a reader finds; each thing that is there must be whole."""
    assert not torn(base), torn(base)
    examination = read_examination(base)  # raises where it is damaged
    filled = base / RUN_FOLDER
    assert not filled.exists() or is_whole(filled)
    return frozenset(numbers(base)), examination.source if examination else None, filled.exists()


def set_examination(base: Path) -> None:
    """As `export.examining.set_examination`, without asking a version."""
    with explained(base), locked_base(base):
        store(base, rows("second", chosen=True), {"an export": {"rows": 60}})


def fill_folder(base: Path) -> None:
    """As `export.exporter.write_version`."""
    with staged_folder(base / RUN_FOLDER) as content, explained(base):
        write_version(content)


def state(versions: set[int], source: str | None = "first", *, filled: bool = False) -> State:
    """For the table below."""
    return frozenset(versions), source, filled


BEFORE = state({1, 2})
COMMANDS = {
    "publish": Command(publish_one, [BEFORE, state({1, 2, 3})], [BEFORE]),
    "rollback": Command(lambda base: rollback(base, 1), [BEFORE, state({1, 2, 3})], [BEFORE]),
    "keep": Command(lambda base: keep_newest(base, 1), [BEFORE, state({2})], [BEFORE, state({2})]),
    "examination": Command(set_examination, [BEFORE, state({1, 2}, "second")], [BEFORE]),
    "folder": Command(fill_folder, [BEFORE, state({1, 2}, filled=True)], [BEFORE]),
    "first": Command(
        lambda base: publish_first(base / "new"),
        [state(set(), None), state({1})],
        [state(set(), None)],
    ),
}


def crash_everywhere(root: Path) -> dict[str, dict[str, int]]:
    """Run each command, dying before its first system call, its second, ..."""
    return {
        name: tried(root / name, command, command.allowed, None)
        for name, command in COMMANDS.items()
    }


def refuse_everywhere(root: Path) -> dict[str, dict[str, int]]:
    """Run each command, getting an error from its first system call, its second, ..."""
    return {
        f"{name} {errno.errorcode[code]}": tried(root / f"{name}-{code}", command, None, code)
        for name, command in COMMANDS.items()
        for code in ERRORS
    }


def tried(
    root: Path, command: Command, allowed: list[State] | None, code: int | None
) -> dict[str, int]:
    """Fail at each system call in turn; check what is seen then, and that the next run cleans."""
    littered = 0
    for instant, base in enumerate(fresh_bases(root), start=1):
        end = run_and_fail(lambda base=base: command.act(base), at_call=instant, code=code)
        seen = base / "new" if command is COMMANDS["first"] else base
        expected = allowed or (command.refused if end == "refused" else command.allowed)
        seen.mkdir(exist_ok=True)
        assert state_of(seen) in expected, (instant, end, state_of(seen), expected)
        littered += bool(leftovers(seen))
        (seen / RUN_FOLDER).exists() or fill_folder(seen)
        shutil.rmtree(seen / RUN_FOLDER)
        publish_one(seen)
        assert not leftovers(seen), (instant, leftovers(seen))
        if end == "done":
            shutil.rmtree(root)
            return {"instants": instant - 1, "littered": littered}
        shutil.rmtree(base)
    raise AssertionError


def fresh_bases(root: Path) -> Iterator[Path]:
    """Folders that hold versions 1 and 2 and an examination."""
    while True:
        base = root / str(time.monotonic_ns())
        base.mkdir(parents=True)
        for number in ("1", "2"):
            base.joinpath(number).mkdir()
            write_version(base / number)
        store(base, rows("first"), {})
        yield base


def run_and_fail(act: Callable[[], object], *, at_call: int, code: int | None) -> str:
    """Run in a child that fails at its nth system call: `died`, `refused`, `went on` or `done`.

    `went on` means that the error made no difference, `done` that there was no nth call.
    """
    child = os.fork()
    if child == 0:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
            os._exit(_fail_in_child(act, at_call, code))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return "died"
    return {0: "done", 1: "refused", 2: "went on"}[os.waitstatus_to_exitcode(status)]


def _fail_in_child(act: Callable[[], object], at_call: int, code: int | None) -> int:
    calls = 0
    events = CHANGES if code is None else CHANGES | READS

    def fail_in_time(event: str, _: object) -> None:
        nonlocal calls
        # The kill below is an event too.
        if event in events:
            calls += 1
            if calls == at_call:
                if code is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(code, os.strerror(code))

    # Python tells its auditors nothing of it.
    os.fsync = lambda _: fail_in_time("os.fsync", None)
    sys.addaudithook(fail_in_time)
    try:
        act()
    except ExportError:
        return 1
    except BaseException as error:  # noqa: BLE001 (whatever it is, it is not what a user should see)
        os.write(2, repr(error).encode())
        return 3
    return 2 if calls >= at_call else 0


def both(root: Path) -> dict[str, dict[str, int]]:
    """How many there are in all, and with each command."""
    crashed, refused = crash_everywhere(root / "crash"), refuse_everywhere(root / "refuse")
    totals = {
        name: sum(figures["instants"] for figures in found.values())
        for name, found in (("kill points", crashed), ("injected errors", refused))
    }
    return {"totals": totals, **crashed, **refused}


if __name__ == "__main__":
    os.fsync = lambda _: None  # no power is cut here, and it takes most of the time
    parts = {"crash": crash_everywhere, "refuse": refuse_everywhere, "both": both}
    print(json.dumps(parts[sys.argv[1]](Path(sys.argv[2])), indent=1))
