"""What lies under the URL of a folder of versions, read from one listing.

    7/saved_model.pb ...                a version, whole once its marker is there
    7/published.json                    the marker: each file of the version, its size and sha256
    .examination/                       as in a local folder
    .publish/stages/ID/version/...      an upload on its way; ID is nobody else's
    .publish/stages/ID/files.json       its marker to be, once every file of it has arrived
    .publish/stages/ID/owner.json       who uploads
    .publish/claims/8                   who publishes version 8 at this moment
    .publish/removals/3                 version 3 is being removed
    .publish/probe-ID                   somebody tries whether he may write here

A server takes a child of the base path for a version if its name reads as a number; `.publish` never does.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from export.formats import MODEL_FILES
from export.remote.owner import parsed
from export.remote.store import Entry, Store
from export.versions.listing import version_number

MARKER: Final = "published.json"
CLAIMS: Final = ".publish/claims/"
REMOVALS: Final = ".publish/removals/"
STAGES: Final = ".publish/stages/"
RIVAL: Final = ".by."
"""Between a number and a key, in the name of a claim that is being made without a condition."""

PROBE: Final = ".publish/probe-"

Files = dict[str, dict[str, Any]]
"""By name within the version: `{"size": bytes, "sha256": hexadecimal}`."""


@dataclasses.dataclass(frozen=True)
class Staged:
    """The names of one upload.

    Attributes:
        key: its own.
    """

    key: str

    @property
    def owner(self) -> str:
        """Who uploads."""
        return f"{STAGES}{self.key}/owner.json"

    @property
    def files(self) -> str:
        """What has arrived, once all has."""
        return f"{STAGES}{self.key}/files.json"

    def file(self, name: str) -> str:
        """Where a file of the version is, while it is not one."""
        return f"{STAGES}{self.key}/version/{name}"


@dataclasses.dataclass(frozen=True)
class Layout:
    """What is there.

    Attributes:
        entries: every object, by its name.
        markers: the files of each version whose marker can be read, by the name of its folder.
        claims: content of each claim, by number.
    """

    entries: dict[str, Entry]
    markers: dict[str, Files]
    claims: dict[int, dict[str, Any]]

    def folders(self) -> dict[str, dict[str, Entry]]:
        """Files of everything that a server would take for a version, by the folder's name."""
        found: dict[str, dict[str, Entry]] = {}
        for name, entry in self.entries.items():
            folder, slash, file = name.partition("/")
            if slash and version_number(folder) is not None:
                found.setdefault(folder, {})[file] = entry
        return found

    def whole(self) -> dict[str, Files]:
        """The versions: every file of the marker is there in its size, and nobody is removing it."""
        folders, going = self.folders(), self.removals()
        return {
            folder: files
            for folder, files in self.markers.items()
            if int(folder) not in going and not missing(files, folders.get(folder, {}))
        }

    def removals(self) -> set[int]:
        """Numbers of versions that somebody has begun to remove."""
        return set(_numbers(self.entries, REMOVALS))

    def stages(self) -> dict[str, dict[str, Entry]]:
        """Objects of each upload, by its key."""
        found: dict[str, dict[str, Entry]] = {}
        for name, entry in self.entries.items():
            if name.startswith(STAGES):
                found.setdefault(name[len(STAGES) :].partition("/")[0], {})[name] = entry
        return found

    def taken(self) -> set[int]:
        """Every number that somebody has, or had and may still be writing under."""
        children = {name.partition("/")[0] for name in self.entries}
        numbers = {number for child in children if (number := version_number(child)) is not None}
        return numbers | set(self.claims) | self.removals()

    def trials(self) -> list[str]:
        """Objects that stand for moments, each with its owner inside."""
        return [
            name
            for name in self.entries
            if name.startswith(PROBE) or (name.startswith(CLAIMS) and RIVAL in name)
        ]

    def under(self, folder: str) -> list[str]:
        """Names of the objects in a folder."""
        return [name for name in self.entries if name.startswith(f"{folder}/")]


def read_layout(store: Store, *, markers: bool = True) -> Layout:
    """Read the listing, the claims and, unless they are not wanted, the markers."""
    entries = store.list()
    marking = [
        name
        for name in entries
        if markers
        and name.endswith(f"/{MARKER}")
        and version_number(name[: -len(MARKER) - 1]) is not None
    ]
    claims = {f"{CLAIMS}{number}": number for number in _numbers(entries, CLAIMS)}
    found = store.read(claims) | store.read_unchanged({name: entries[name] for name in marking})
    return Layout(
        entries,
        {
            name.partition("/")[0]: files
            for name in marking
            if (files := files_of(found.get(name, b""))) is not None
        },
        {number: parsed(found[name]) for name, number in claims.items() if name in found},
    )


def files_of(content: bytes) -> Files | None:
    """What a marker lists; None where it is damaged, or lists nothing."""
    files = parsed(content).get("files")
    if not isinstance(files, dict) or not files:
        return None
    is_sound = all(
        isinstance(file, dict) and isinstance(file.get("size"), int) and "sha256" in file
        for file in files.values()
    )
    return files if is_sound else None


def marker_of(files: Files) -> bytes:
    """A marker's content."""
    return json.dumps({"files": files}, indent=1).encode() + b"\n"


def files_in(folder: Path) -> Files:
    """Size and checksum of each file under a local folder."""
    return {
        str(path.relative_to(folder)): {"size": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def model_file(files: Iterable[str]) -> str | None:
    """The file that makes a server load a version, and that comes last; None without one."""
    names = set(files)
    return next((name for name in MODEL_FILES.values() if name in names), None)


def missing(files: Files, found: Mapping[str, Entry]) -> list[str]:
    """Files of a marker that are not among those found, or of another size."""
    return [
        name
        for name, file in files.items()
        if name not in found or found[name].size != file["size"]
    ]


def _numbers(entries: Iterable[str], prefix: str) -> Iterator[int]:
    for name in entries:
        number = version_number(name[len(prefix) :]) if name.startswith(prefix) else None
        if number is not None:
            yield number


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
