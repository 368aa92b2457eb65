"""Where a table goes: what `--out` names, and what must not be written there."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from serving.client.shell.interrupt import Guard
from serving.client.shell.output import OPTION, Output
from serving.client.shell.sources import STANDARD, naming
from serving.client.shell.unfinished import Leave, UnfinishedFile, unfinished_path


def open_target(name: str, inputs: Sequence[os.stat_result], leave: Leave, guard: Guard) -> Output:
    """The output, ready to be written.

    Args:
        name: A file; or something that is none, such as a FIFO, `/dev/null` or `-` for standard output.
        inputs: The files that are read, which must not be the output too.
        leave: What the user allows.
        guard: Learns what Ctrl-C has to undo.

    Raises:
        OSError: It cannot be written.
        ValueError: It is there already, or is the input.
    """
    number = _descriptor(name)
    with naming("write the file", OPTION, name):
        target = Path(os.path.realpath(name))
        if number is None and (not target.exists() or target.is_file()):
            return _file(name, target, inputs, leave, guard)
        if leave.resume:
            raise ValueError(f"--resume needs a file. Received: {OPTION}={name}")
        if number is None:
            # No O_CREAT: what was there a moment ago must not become a file.
            return Output(name, os.fdopen(os.open(target, os.O_WRONLY), "wb"))
        _check_another(os.fstat(number), inputs, name)
        return Output(name, os.fdopen(os.dup(number), "wb"))


def _descriptor(name: str) -> int | None:
    """The number of a stream that this process was given: opened by name, a file would start anew."""
    names = {STANDARD: 1, "/dev/stdout": 1, "/dev/stderr": 2}
    found = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,5})", name)
    return int(found[1]) if found else names.get(name)


def _file(
    name: str, target: Path, inputs: Sequence[os.stat_result], leave: Leave, guard: Guard
) -> Output:
    unfinished = unfinished_path(target)
    for path in (target, unfinished):
        if path.exists():
            _check_another(path.stat(), inputs, name)
    # A symbolic link that is left leads in a circle.
    if (target.exists() or target.is_symlink()) and not leave.overwrite:
        raise ValueError(
            f"The file is there already; --overwrite writes over it. Received: {OPTION}={name}"
        )
    if target.exists() and unfinished.exists() and unfinished.samefile(target):
        # A job was killed when the file had its name and was to lose this one.
        unfinished.unlink(missing_ok=True)
    return UnfinishedFile(name, target, leave, guard)


def _check_another(written: os.stat_result, inputs: Sequence[os.stat_result], name: str) -> None:
    """A file that is read while it is written never ends, or is lost."""
    for read in inputs:
        if stat.S_ISREG(read.st_mode) and os.path.samestat(read, written):
            raise ValueError(
                f"The input is the output too; choose another. Received: {OPTION}={name}"
            )
