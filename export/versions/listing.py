"""Read a folder of published versions: which there are, how old, how large, what their cards say.

    models/tweet_sentiment/
        7/                  a version: the name is an integer, as tensorflow_model_server reads it
            saved_model.pb
            assets.extra/model_card.json    {"date": "2025-11-22T16:41:00Z", "metrics": {...}}
        .staging-x1y2/      none: being written
        7.tmp/              none

Nothing here writes, and nothing here trusts what it reads: a version that vanishes under our eyes is
left out, one that cannot be read is named beside the others, a card that is damaged is an empty one.
"""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from export.errors import DamagedFileError, ExportError
from export.formats import MODEL_FILES, format_of
from export.run_record import RunRecord, read_object
from export.signatures import CARD_ASSET
from export.versions.disk_errors import explained

MODEL_CARD: Final = Path(CARD_ASSET)
"""Where a version keeps its date and metrics, relative to its directory."""

WEIGHTS_DIFFER: Final = "weights_differ_from_run"
"""On a card: the model was trained further after its run had ended."""

LARGEST_NUMBER: Final = 2**63 - 1
"""The server reads versions into an int64; a larger name is no version to it."""

_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_MOST_DIGITS: Final = 40  # Python refuses to read numbers of thousands
# A graph may be the same in two versions; the index holds a checksum of every weight.
_TELLING: Final = (*MODEL_FILES.values(), "variables/variables.index")


@dataclasses.dataclass(frozen=True)
class Version:
    """A published version as found on disk.

    Attributes:
        number: what the server calls it.
        path: its directory; the name may differ from the number ("007").
        exported_at: the model card's date, else the directory's modification time; UTC. A version
            that a rollback published again keeps the date of the export it came from.
        size_bytes: sum of the sizes of its files.
        card: the model card; empty where there is none that can be read.
        problem: why the card cannot be read, where it is there.
    """

    number: int
    path: Path
    exported_at: dt.datetime
    size_bytes: int
    card: dict[str, Any] = dataclasses.field(default_factory=dict)
    problem: str | None = None


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """What has a version's name and cannot be looked into.

    Attributes:
        number: what the server would call it.
        path: where it is.
        reason: what the system says.
    """

    number: int
    path: Path
    reason: str

    def __str__(self) -> str:
        return f"'{self.path}' cannot be read ({self.reason})"


def list_versions(base: Path) -> list[Version]:
    """Every version directory in `base`, newest (highest number) first; see `read_folder`."""
    return [found for found in read_folder(base) if isinstance(found, Version)]


def read_folder(base: Path) -> list[Version | Unreadable]:
    """Every version directory in `base`, those that cannot be read too, newest (highest number) first.

    Of two names for one number ("7", "007") the one that the server would load comes first.
    A folder that is not there holds no version.

    Raises:
        ExportError: `base` is a file, or may not be read.
    """
    with explained(base):
        # Found in the order of names, where the server lets the last of two equals win.
        found = sorted(_numbered(base), reverse=True)
    return [version for number, path in found for version in _read(number, path)]


def has_versions(base: Path) -> bool:
    """Whether there is a version directory in `base`, be it one that cannot be read."""
    with explained(base):
        return any(path.is_symlink() or path.is_dir() for _, path in _numbered(base))


def newest_version(base: Path) -> Version | None:
    """The version that a server answers with: the highest that holds a model.

    Raises:
        ExportError: `base` is a file, or may not be read.
    """
    return next((version for version in list_versions(base) if format_of(version.path)), None)


def published_from(base: Path, run: RunRecord) -> Version | None:
    """The newest version that this run was published as; None where it was not, or cannot be told.

    For whoever goes on after a crash, and would publish twice.
    """
    if run.finished_at is None:
        return None
    made = {"run": run.name, "run_finished_at": run.finished_at}
    versions = list_versions(base)
    return next((version for version in versions if made.items() <= version.card.items()), None)


def identity(version: Path) -> str:
    """A checksum that tells one export from another, and the same for a copy that a rollback made."""
    files = [MODEL_CARD] if (version / MODEL_CARD).is_file() else map(Path, _TELLING)
    contents = []
    for file in files:
        # Gone, or not for us to read: the others tell.
        with contextlib.suppress(OSError):
            contents.append((version / file).read_bytes())
    # Nothing is no copy of nothing.
    return hashlib.sha256(b"".join(contents) or version.name.encode()).hexdigest()


def refuse_other_format(base: Path, file_format: str | None) -> None:
    """A folder holds one format: a server would take any newer number for its next SavedModel.

    Raises:
        ExportError: a version in `base` is of another format.
    """
    for version in list_versions(base):
        found = format_of(version.path)
        if file_format and found not in (None, file_format):
            raise ExportError(
                f"`to` must be a folder of {file_format} versions; choose another. "
                f"Received: to='{base}', whose version {version.number} is {found}"
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
    if len(name) > _MOST_DIGITS or not _INTEGER.fullmatch(name):
        return None
    number = int(name)
    return number if -LARGEST_NUMBER <= number <= LARGEST_NUMBER else None


def _numbered(base: Path) -> Iterable[tuple[int, Path]]:
    """The children of `base` whose names read as integers; none where there is no `base`."""
    try:
        children = list(base.iterdir())
    except FileNotFoundError:
        return []
    numbers = ((version_number(child.name), child) for child in children)
    return [(number, child) for number, child in numbers if number is not None]


def _read(number: int, path: Path) -> Iterator[Version | Unreadable]:
    """The version at `path`, or nothing where it is no directory or is removed meanwhile."""
    try:
        found = path.stat()
        if not stat.S_ISDIR(found.st_mode):
            return
        size_bytes = _size_bytes(path)
    except FileNotFoundError:
        if path.is_symlink():
            yield Unreadable(number, path, "a link that leads nowhere")
        return
    except OSError as error:
        yield Unreadable(number, path, error.strerror or "unknown error")
        return
    card, problem = _read_card(path / MODEL_CARD)
    date = _parse_date(card.get("date")) or _moment(found.st_mtime)
    yield Version(number, path, date, size_bytes, card, problem)


def _read_card(path: Path) -> tuple[dict[str, Any], str | None]:
    """The JSON object at `path`, an empty one where there is none; and what is wrong with it."""
    try:
        return read_object(path), None
    except (FileNotFoundError, NotADirectoryError):
        return {}, None
    except DamagedFileError as error:
        return {}, str(error)
    except OSError as error:
        return {}, f"{path.name} cannot be read ({error.strerror})"


def _parse_date(date: Any) -> dt.datetime | None:
    """An ISO 8601 date in UTC; one that names no zone is taken to be in UTC."""
    try:
        parsed = dt.datetime.fromisoformat(date)
        return parsed.replace(tzinfo=parsed.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _moment(seconds: float) -> dt.datetime:
    """A file's time in UTC; a disk may hold one beyond the calendar."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return dt.datetime.fromtimestamp(0, dt.UTC)


def _size_bytes(path: Path) -> int:
    """Sum of the sizes of the files under `path`; hard links count in each version they are in."""

    def vanished(error: OSError) -> None:
        raise error

    return sum(
        Path(folder, file).lstat().st_size
        for folder, _, files in os.walk(path, onerror=vanished)
        for file in files
    )
