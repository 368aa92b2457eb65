"""Earlier versions: put one in front again, or remove the oldest; the newest is never taken away."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

from export.errors import ExportError
from export.versions.disk_errors import explained
from export.versions.listing import Version, list_versions
from export.versions.publish import locked_base, retire, staged_version, sweep

# Of one version alone: it lies in a lower layer of an overlay, is a mount point, or is in use.
_THIS_VERSION: Final = (errno.EXDEV, errno.EBUSY)


def rollback(base: Path, number: int) -> Path:
    """Publish an earlier version again under the next number, and return its directory.

    Files are hard links to the earlier version's where the disk can do that: no room is taken, and
    the copy stays whole when the earlier version is removed.

    Raises:
        ExportError: there is no such version, or what `staged_version` raises.
    """
    versions = list_versions(base)
    source = next((version.path for version in versions if version.number == number), None)
    if source is None:
        numbers = ", ".join(str(version.number) for version in versions) or "none yet"
        raise ExportError(
            f"`version` must be one of those in '{base}' ({numbers}). Received: version={number}"
        )
    with staged_version(base) as stage, explained(base):
        _link_tree(source, stage.path)
    assert stage.published is not None
    return stage.published


def keep_newest(base: Path, count: int) -> list[Version]:
    """Remove all versions but the newest `count`, and return those removed, newest first.

    A version is renamed to a dot name before its first file goes: no reader sees half of one. It takes
    no room, so it works on a full disk.

    Raises:
        ExportError: `count` is below 1 (the newest always stays); the folder is read-only or no folder;
            or a version cannot be taken away in one step, and stays, while the others went.
    """
    if count < 1:
        raise ExportError(f"`count` must be at least 1. Received: count={count}")
    # Without versions there may be no folder to lock.
    if not list_versions(base):
        return []
    stuck: dict[Path, str] = {}
    with explained(base), locked_base(base):
        surplus = list_versions(base)[count:]
        for version in reversed(surplus):
            if reason := _cannot_go(version, base):
                stuck[version.path] = reason
        sweep(base)
    removed = [version for version in surplus if version.path not in stuck]
    if stuck:
        raise ExportError(_stuck_sentence(base, stuck, removed))
    return removed


def _cannot_go(version: Version, base: Path) -> str | None:
    """Retire it; why that cannot be, where the reason lies in this version alone."""
    try:
        retire(version.path, base)
    except OSError as error:
        if error.errno not in _THIS_VERSION:
            raise
        return error.strerror
    return None


def _stuck_sentence(base: Path, stuck: dict[Path, str], removed: list[Version]) -> str:
    reasons = ", ".join(f"{path.name} ({reason})" for path, reason in stuck.items())
    gone = ", ".join(str(version.number) for version in removed) or "none"
    return (
        f"`base` must hold versions that a rename can take away, as those in a lower layer of an overlay and "
        f"mount points are not; remove them where they come from. Removed: {gone}. "
        f"Received: base='{base}' with {reasons}"
    )


def _link_tree(source: Path, target: Path) -> None:
    """Fill `target` with the directories of `source` and links to its files."""
    for child in source.iterdir():
        twin = target / child.name
        if child.is_dir() and not child.is_symlink():
            twin.mkdir()
            _link_tree(child, twin)
        else:
            _link_or_copy(child, twin)


def _link_or_copy(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the disk or its owner allows none."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
