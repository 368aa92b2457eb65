"""Who is at work in a store: told to others, so that what a dead process left is known at once.

A store has no locks that end with their holder. A process of this machine can be asked for; one of another
machine counts as alive until what it left is old.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any, Final

_NAMESPACE: Final = Path("/proc/self/ns/pid")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> dict[str, Any]:
    """What tells this process from every other, for `is_dead`."""
    return {"machine": _machine(), "pid": os.getpid(), "started": _started(os.getpid())}


def is_dead(owner: Any) -> bool:
    """Whether it ran on this machine and is no more; False wherever that cannot be told."""
    machine = _machine()
    if not isinstance(owner, dict) or machine is None or owner.get("machine") != machine:
        return False
    pid = owner.get("pid")
    return isinstance(pid, int) and _started(pid) != owner.get("started")


def parsed(content: bytes) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _machine() -> str | None:
    """Host, boot and process namespace: a container of the same host has other process ids."""
    try:
        return f"{socket.gethostname()} {_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return None


def _started(pid: int) -> str | None:
    """When a process started, in the system's ticks; None where there is none (or only its remains)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] in "ZX" else after_name[19]
