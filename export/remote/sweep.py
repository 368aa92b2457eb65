"""What processes that died left in a store: told, finished where it is whole, removed where it is not.

A stage without a claim never reached a server: it is removed. Of a claim, the version's folder may be half
there. Its permission, the staged model file, is removed first; if the model file is then in the folder, all
of it is (it came last), and the marker is written; else the folder is removed, and the number is nobody's.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Final

from export.remote.layout import (
    CLAIMS,
    MARKER,
    REMOVALS,
    Layout,
    Staged,
    missing,
    read_layout,
)
from export.remote.owner import is_dead, parsed
from export.remote.store import Store
from export.remote.turns import ABANDONED, CLAIM_SECONDS, is_old
from export.remote.upload import remove_stage, remove_version, settle

STAGE_SECONDS: Final = 86_400.0
"""An upload of another machine is left alone for a day."""


def unfinished(store: Store, layout: Layout) -> Iterator[str]:
    """A line for everything that looks like a version and is none, and for every upload.

    Args:
        store: where.
        layout: what is there.
    """
    whole, going = layout.whole(), layout.removals()
    for folder, files in sorted(layout.folders().items(), key=lambda pair: int(pair[0])):
        if folder not in whole:
            why = _why_unfinished(folder, layout, going)
            yield f"unfinished: {folder} ({len(files)} files, {why})"
    claimed = {claim.get("stage") for claim in layout.claims.values()}
    owners = store.read(Staged(key).owner for key in layout.stages())
    for key, entries in layout.stages().items():
        size = sum(entry.size for entry in entries.values())
        times = [entry.modified for entry in entries.values() if entry.modified]
        written = f", last written {max(times):%Y-%m-%d %H:%M:%S} UTC" if times else ""
        dead = is_dead(parsed(owners.get(Staged(key).owner, b"")))
        state = "interrupted" if dead else "on its way, or interrupted on another machine"
        where = ", about to be published" if key in claimed else ""
        yield f"unfinished: an upload of {size / 1e6:.1f} MB ({state}{where}{written})"


def sweep(store: Store, now: dt.datetime | None) -> list[str]:
    """Finish or remove what the dead left; a line for each.

    Args:
        store: where.
        now: by the store's clock.

    Raises:
        ExportError: the store refuses.
    """
    layout = read_layout(store)
    told = [_finish_removal(store, layout, number) for number in layout.removals()]
    for number in layout.claims:
        told += _sweep_claim(store, layout, number, now)
    claimed = {claim.get("stage") for claim in read_layout(store, markers=False).claims.values()}
    owners = store.read(Staged(key).owner for key in layout.stages())
    for key in layout.stages().keys() - claimed:
        owner = Staged(key).owner
        newest = max(layout.stages()[key], key=lambda name: _time_of(layout, name))
        if is_dead(parsed(owners.get(owner, b""))) or is_old(layout, newest, now, STAGE_SECONDS):
            remove_stage(store, layout, key)
            told.append("Removed: an upload that was interrupted")
    _sweep_trials(store, layout, now)
    return told


def start_removal(store: Store, layout: Layout, number: int) -> None:
    """Say that a version goes, so that nobody counts or copies it, and that the next sweep goes on; then go on."""
    store.write(f"{REMOVALS}{number}", b"{}")
    _finish_removal(store, layout, number)


def _finish_removal(store: Store, layout: Layout, number: int) -> str:
    for folder in layout.folders():
        if int(folder) == number:
            remove_version(store, layout, folder)
    store.remove([f"{REMOVALS}{number}"])
    return f"Removed: {number}, whose removal was interrupted"


def _sweep_claim(store: Store, layout: Layout, number: int, now: dt.datetime | None) -> list[str]:
    claim, name, was_whole = (
        layout.claims[number],
        f"{CLAIMS}{number}",
        str(number) in layout.whole(),
    )
    if claim.get(ABANDONED) is True:
        return _sweep_abandoned(store, layout, number)
    if not is_dead(claim.get("owner")) and not is_old(layout, name, now, CLAIM_SECONDS):
        return []
    done = settle(store, Staged(str(claim.get("stage"))), number)
    if done == "finished":
        store.remove([name])
        return [] if was_whole else [f"Finished: {number}, whose exporter died at its last step"]
    store.write(name, json.dumps({ABANDONED: True}).encode())
    return [f"Removed: {number}, whose exporter died before it was whole"] if done else []


def _sweep_abandoned(store: Store, layout: Layout, number: int) -> list[str]:
    """Remove what a process that slept through its own removal has written since, without permission."""
    folder, told = str(number), []
    if folder in layout.folders() and folder not in layout.whole():
        remove_version(store, layout, folder)
        told = [f"Removed: {number}, whose exporter was given up"]
    # The number must not come again before a higher one has been published.
    if any(int(version) > number for version in layout.whole()):
        store.remove([f"{CLAIMS}{number}"])
    return told


def _sweep_trials(store: Store, layout: Layout, now: dt.datetime | None) -> None:
    for name, content in store.read(layout.trials()).items():
        found = parsed(content)
        if is_dead(found.get("owner", found)) or is_old(layout, name, now, STAGE_SECONDS):
            store.remove([name])


def _why_unfinished(folder: str, layout: Layout, going: set[int]) -> str:
    if int(folder) in going:
        return "being removed"
    files = layout.markers.get(folder)
    if files is not None:
        return (
            f"its marker lists {len(missing(files, layout.folders()[folder]))} that are not there"
        )
    if f"{folder}/{MARKER}" in layout.entries:
        return "its marker is damaged"
    if int(folder) in layout.claims:
        return "being published, or left by an exporter that died"
    return "without a marker, so that something else has put it there; it is passed over"


def _time_of(layout: Layout, name: str) -> dt.datetime:
    return layout.entries[name].modified or dt.datetime.min.replace(tzinfo=dt.UTC)
