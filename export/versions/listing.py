"""Read a folder of published versions: which there are, how good, how old, how large.

    models/tweet_sentiment/
        7/                  a version: the name is an integer, as tensorflow_model_server reads it
            saved_model.pb
            assets.extra/model_card.json    {"date": "2025-11-22T16:41:00Z", "metrics": {...}}
        .staging-x1y2/      none: being written
        7.tmp/              none

Nothing here writes, and nothing here trusts what it reads: a version that vanishes under our eyes
is left out, a model card that is missing or broken is an empty one.
"""

import contextlib
import dataclasses
import datetime as dt
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from export.errors import ExportError
from export.formats import format_of
from export.versions.disk_errors import explained

MODEL_CARD: Final = Path("assets.extra", "model_card.json")
"""Where a version keeps its date and metrics, relative to its directory."""

LARGEST_NUMBER: Final = 2**63 - 1
"""The server reads versions into an int64; a larger name is no version to it."""

_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_HEADER: Final = ("version", "date (UTC)", "accuracy", "macro F1", "size (MB)")


@dataclasses.dataclass(frozen=True)
class Version:
    """A published version as found on disk.

    Attributes:
        number: what the server calls it.
        path: its directory; the name may differ from the number ("007").
        exported_at: the model card's date, else the directory's modification time; UTC. A version
            that a rollback published again keeps the date of the export it came from.
        size_bytes: sum of the sizes of its files.
        metrics: the model card's numbers by name; empty without a card.
    """

    number: int
    path: Path
    exported_at: dt.datetime
    size_bytes: int
    metrics: dict[str, float]


def list_versions(base: Path) -> list[Version]:
    """Every version directory in `base`, newest (highest number) first.

    Of two names for one number ("7", "007") the one that the server would load comes first.
    A folder that is not there holds no version.

    Raises:
        ExportError: `base` is a file, or may not be read.
    """
    with explained(base):
        # Found in the order of names, where the server lets the last of two equals win.
        found = sorted(_numbered(base), reverse=True)
        return [version for number, path in found for version in _read(number, path)]


def refuse_other_format(base: Path, file_format: str) -> None:
    """A folder holds one format: a server would take any newer number for its next SavedModel.

    Raises:
        ExportError: the newest version in `base` is of another format.
    """
    newest = next(iter(list_versions(base)), None)
    found = format_of(newest.path) if newest else None
    if newest and found not in (None, file_format):
        raise ExportError(
            f"`to` must be a folder of {file_format} versions; choose another. "
            f"Received: to='{base}', whose version {newest.number} is {found}"
        )


def next_version(base: Path) -> int:
    """The number above every name in `base` that reads as one, be it a directory or a file.

    Raises:
        ExportError: `base` is a file, may not be read, or holds the largest number there is.
    """
    with explained(base):
        number = 1 + max((number for number, _ in _numbered(base)), default=0)
    if number > LARGEST_NUMBER:
        raise ExportError(
            f"`base` must leave room for a higher version; rename {LARGEST_NUMBER} to a lower "
            f"number. Received: base='{base}'"
        )
    return max(number, 1)


def version_number(name: str) -> int | None:
    """The number that tensorflow_model_server reads in a directory's name, None where it reads none.

    Example:
    >>> [version_number(name) for name in ("7", "007", "-1", "7.tmp", "1_000", "")]
    [7, 7, -1, None, None, None]
    """
    if not _INTEGER.fullmatch(name):
        return None
    number = int(name)
    return number if -LARGEST_NUMBER <= number <= LARGEST_NUMBER else None


def format_versions(versions: Sequence[Version]) -> str:
    """Versions as an aligned table for the terminal, in the order given; megabytes are 10^6 bytes.

    Example:
    >>> when = dt.datetime(2025, 11, 22, 16, 41, tzinfo=dt.timezone.utc)
    >>> print(format_versions([Version(8, Path("8"), when, 9_400_000, {"accuracy": 0.7123})]))
    version        date (UTC)  accuracy  macro F1  size (MB)
          8  2025-11-22 16:41    0.7123         -        9.4
    """
    if not versions:
        return "No version has been published yet."
    rows = [_HEADER, *(_row(version) for version in versions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _numbered(base: Path) -> Iterable[tuple[int, Path]]:
    """The children of `base` whose names read as integers; none where there is no `base`."""
    try:
        children = list(base.iterdir())
    except FileNotFoundError:
        return []
    numbers = ((version_number(child.name), child) for child in children)
    return [(number, child) for number, child in numbers if number is not None]


def _read(number: int, path: Path) -> Iterator[Version]:
    """The version at `path`, or nothing where it is no directory or is removed meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        modified = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)
        if path.is_dir():
            card = _read_card(path / MODEL_CARD)
            date = _parse_date(card.get("date")) or modified
            yield Version(number, path, date, _size_bytes(path), _parse_metrics(card))


def _read_card(path: Path) -> dict[str, Any]:
    """The JSON object at `path`, an empty one where there is none."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _parse_date(date: Any) -> dt.datetime | None:
    """An ISO 8601 date in UTC; one that names no zone is taken to be in UTC."""
    try:
        # Python 3.10 reads "+00:00" but not "Z".
        parsed = dt.datetime.fromisoformat(re.sub("Z$", "+00:00", date))
        return parsed.replace(tzinfo=parsed.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc)
    except (TypeError, ValueError, OverflowError):
        return None


def _parse_metrics(card: dict[str, Any]) -> dict[str, float]:
    """The card's metrics, those that are numbers."""
    metrics = card.get("metrics")
    if not isinstance(metrics, dict):
        return {}
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _size_bytes(path: Path) -> int:
    """Sum of the sizes of the files under `path`; hard links count in each version they are in."""

    def vanished(error: OSError) -> None:
        raise error

    return sum(
        Path(folder, file).lstat().st_size
        for folder, _, files in os.walk(path, onerror=vanished)
        for file in files
    )


def _row(version: Version) -> tuple[str, ...]:
    """The cells of one line of the table."""
    accuracy, macro_f1 = (
        f"{version.metrics[name]:.4f}" if name in version.metrics else "-"
        for name in ("accuracy", "macro_f1")
    )
    date = version.exported_at.strftime("%Y-%m-%d %H:%M")
    return str(version.number), date, accuracy, macro_f1, f"{version.size_bytes / 1e6:.1f}"
