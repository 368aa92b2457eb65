"""Numbers, each given once: a claim object is the number, and the turn of whoever made it.

with turn(store, key) as number:       # nobody else has it, or ever will
    ...                                # lower numbers are published, given back or left by the dead

A claim is made by a conditional write. Where the store has none (`Store.is_conditional`), by an object
of one's own, after which the claims are listed: who finds another's beside it takes it back and tries again. Of
two, one at least lists after both have written, so that two never hold one number, if a listing shows
what was written before it. Amazon S3 and Google Cloud Storage promise that; a store that does not may
give one number twice, and nothing here can prevent it.
"""

import contextlib
import datetime as dt
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from export.errors import ExportError
from export.remote.layout import CLAIMS, MARKER, RIVAL, Layout, read_layout
from export.remote.owner import is_dead, this_process
from export.remote.store import Store
from export.start.shown import shown
from export.versions.listing import LARGEST_NUMBER

CLAIM_SECONDS: Final = 300.0
"""A claim of another machine counts as a dead process's after that: what it is held for takes seconds."""

ABANDONED: Final = "abandoned"
"""In a claim whose number nobody shall have: something may have been written under it."""

_TRIES: Final = 100  # each lost to another exporter
_POLL_SECONDS: Final = 0.5
_TOLD_SECONDS: Final = 5.0


class Turn:
    """A number that this process alone has.

    Args:
        store: where.
        number: which.
        name: of the claim object.
    """

    def __init__(self, store: Store, number: int, name: str) -> None:
        self.store, self.number, self.name = store, number, name
        self.may_be_reused = True

    def begin(self) -> None:
        """From now on something may stand under the number: nobody else may ever have it."""
        self.may_be_reused = False

    def end(self, *, published: bool) -> None:
        """Let others go on."""
        if published or self.may_be_reused:
            self.store.remove([self.name])
        else:
            self.store.write(self.name, json.dumps({ABANDONED: True}).encode())


@contextlib.contextmanager
def turn(store: Store, key: str, *, conditional: bool) -> Iterator[Turn]:
    """Claim the next number, and wait until nobody is about to publish a lower one.

    Raises:
        ExportError: no number could be had.
    """
    claimed = _claimed(store, key, conditional=conditional)
    published = False
    try:
        _wait_for_lower(claimed)
        yield claimed
        published = True
    finally:
        # Dead processes leave theirs too: what cannot be taken back now is, later, by whoever sweeps.
        with contextlib.suppress(ExportError):
            claimed.end(published=published)


def is_over(layout: Layout, number: int, claim: dict[str, Any]) -> bool:
    """Whether nobody is publishing under it any more, as far as its marker and its owner tell."""
    is_published = f"{number}/{MARKER}" in layout.entries
    return is_published or claim.get(ABANDONED) is True or is_dead(claim.get("owner"))


def is_old(layout: Layout, name: str, now: dt.datetime | None, seconds: float) -> bool:
    """Whether an object was written that long ago; False where the store tells no times."""
    entry = layout.entries.get(name)
    if entry is None or entry.modified is None or now is None:
        return False
    return (now - entry.modified).total_seconds() > seconds


def _claimed(store: Store, key: str, *, conditional: bool) -> Turn:
    content = json.dumps({"stage": key, "owner": this_process()}).encode()
    for attempt in range(_TRIES):
        number = _next_number(store, read_layout(store, markers=False))
        name = f"{CLAIMS}{number}"
        if conditional:
            is_ours = store.create(name, content)
        else:
            is_ours = _create_unconditionally(store, name, key, content)
        if is_ours and max(read_layout(store, markers=False).taken()) == number:
            return Turn(store, number, name)
        if is_ours:  # a higher one was given meanwhile, whose owner did not see this one
            store.remove([name])
        time.sleep(random.uniform(0, 0.05 * min(attempt + 1, 20)))  # noqa: S311 (no secret)
    raise ExportError(
        f"`to` must be free for a moment; try again when fewer publish there. Received: to={store.url}"
    )


def _create_unconditionally(store: Store, name: str, key: str, content: bytes) -> bool:
    """By an object of our own beside the claim; see the module."""
    rivals = f"{name}{RIVAL}"
    store.write(f"{rivals}{key}", content)
    try:
        beside = [other for other in store.list() if other == name or other.startswith(rivals)]
        if beside != [f"{rivals}{key}"]:
            return False
        store.write(name, content)
        return True
    finally:
        store.remove([f"{rivals}{key}"])


def _next_number(store: Store, layout: Layout) -> int:
    number = max({0} | layout.taken()) + 1
    if number > LARGEST_NUMBER:
        raise ExportError(
            f"`to` must leave room for a higher version; rename {LARGEST_NUMBER} to a lower number. "
            f"Received: to={store.url}"
        )
    return number


def _wait_for_lower(claimed: Turn) -> None:
    """Until every lower claim is over, or too old to be waited for."""
    began_at, told_at = time.monotonic(), 0.0
    while True:
        layout = read_layout(claimed.store, markers=False)
        mine = layout.entries.get(claimed.name)
        if mine is None:
            raise ExportError(
                f"`to` must be left to its exporters; publish again. Received: to={claimed.store.url}, "
                f"whose object {claimed.name} was removed by somebody else"
            )
        waited = time.monotonic() - began_at
        now = mine.modified + dt.timedelta(seconds=waited) if mine.modified else None
        live = [
            number
            for number, claim in sorted(layout.claims.items())
            if number < claimed.number
            and not is_over(layout, number, claim)
            and not is_old(layout, f"{CLAIMS}{number}", now, CLAIM_SECONDS)
        ]
        if not live or waited > CLAIM_SECONDS:
            return
        if waited - told_at > _TOLD_SECONDS:
            told_at = waited
            print(
                f"Waiting for version {live[0]}, which another export publishes in "
                f"{shown(str(claimed.store.url))}",
                file=sys.stderr,
            )
        time.sleep(_POLL_SECONDS)
