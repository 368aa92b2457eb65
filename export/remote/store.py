"""The few things that publication asks of a store, each whole or not at all; fsspec does them.

An object appears whole, under its name, or it does not appear: that is what every object store promises of
one object, and all that it promises. Listings are asked for anew each time: fsspec's caches would hide
what other processes do.
"""

import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from export.errors import ExportError
from export.remote.store_errors import PACKAGES, require, store_explained
from export.start.store_url import StoreUrl

_TIMES: Final = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


@dataclasses.dataclass(frozen=True)
class Entry:
    """An object as the listing tells of it.

    Attributes:
        size: bytes.
        modified: when it was written, by the store's clock, UTC; None where the store does not say.
    """

    size: int
    modified: dt.datetime | None


class Store:
    """The objects under one URL; their names are relative to it.

    Args:
        url: of the prefix.

    Raises:
        UnknownArtefactError: its library is not installed, or the scheme is unknown.
        ExportError: so does every method where the store refuses: credentials, bucket, network. What is
            transient has been tried again by the library before.
    """

    def __init__(self, url: StoreUrl) -> None:
        require(url)
        import fsspec  # noqa: PLC0415 (an extra)

        # It prints the tracebacks of what it tries again; the sentence comes from here.
        logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
        self.url = url
        with store_explained(url):
            self._fs, root = fsspec.url_to_fs(
                url.address, use_listings_cache=False, skip_instance_cache=True
            )
        self._root = root.rstrip("/")
        self._known: dict[tuple[str, Entry], bytes] = {}

    def list(self) -> dict[str, Entry]:
        """Every object under the URL; none where nothing is there yet."""
        with store_explained(self.url):
            found = self._fs.find(self._root, detail=True)
        skipped = len(self._root) + 1
        return {
            path[skipped:]: Entry(int(info.get("size") or 0), _modified(info))
            for path, info in found.items()
        }

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of small objects, many at once; those that are not there are left out."""
        wanted = {self._path(name): name for name in names}
        if not wanted:
            return {}
        with store_explained(self.url):
            found: Mapping[str, Any] = self._fs.cat(list(wanted), on_error="return")
            for content in found.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
        return {
            wanted[path]: content for path, content in found.items() if isinstance(content, bytes)
        }

    def read_unchanged(self, names: Mapping[str, Entry]) -> dict[str, bytes]:
        """As `read`; what was read before, and is listed as it was then, is not asked for again."""
        known = {name: self._known.get((name, entry)) for name, entry in names.items()}
        found = self.read(name for name, content in known.items() if content is None)
        self._known |= {(name, names[name]): content for name, content in found.items()}
        return found | {name: content for name, content in known.items() if content is not None}

    def write(self, name: str, content: bytes) -> None:
        """Put a small object in the place of whatever was there."""
        with store_explained(self.url):
            self._fs.pipe_file(self._path(name), content)

    def create(self, name: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; whether it is there with this content.

        Asks for a conditional write. A store that has none may answer True to two at once: `is_conditional`
        finds that out.

        Args:
            name: of the object.
            content: like nobody else's: after a lost answer the library asks again, and is told that
                the object, its own, is there.
        """
        try:
            self._fs.pipe_file(self._path(name), content, mode="create")
        except Exception:  # each library has its own for "it is there"
            there = self.read([name]).get(name)
            if there is None:
                with store_explained(self.url):
                    raise
            return there == content
        return True

    def is_conditional(self, name: str, content: bytes) -> tuple[bool, dt.datetime | None]:
        """Try the credentials and the condition on an object of our own; and tell the store's time.

        Args:
            name: of the object, which is removed again.
            content: like nobody else's.

        Raises:
            ExportError: nothing can be written, copied or removed here.
        """
        copy = f"{name}-copy"
        try:
            self.write(name, content)
            self.copy({name: copy})
            second = self.create(name, b"second")
            with store_explained(self.url):
                now = _modified(self._fs.info(self._path(name)))
        except ExportError:
            with contextlib.suppress(ExportError):
                self.remove([name, copy])
            raise
        self.remove([name, copy])
        return not second, now

    def upload(self, file: Path, name: str, callback: Any) -> None:
        """Put a file of any size; `callback` (fsspec's) is told of its bytes."""
        with store_explained(self.url):
            self._make_parent(name)
            self._fs.put_file(str(file), self._path(name), callback=callback)

    def download(self, name: str, file: Path) -> None:
        """Get a file of any size."""
        with store_explained(self.url):
            self._fs.get_file(self._path(name), str(file))

    def copy(self, names: Mapping[str, str]) -> None:
        """Copy objects within the store, several at once; one that is not there is an error."""
        with store_explained(self.url):
            for name in names.values():
                self._make_parent(name)
            sources, targets = map(self._path, names), map(self._path, names.values())
            self._fs.copy(list(sources), list(targets), on_error="raise")

    def move(self, name: str, to: str) -> None:
        """Copy one object and remove it; by a rename, where the store has one."""
        with store_explained(self.url):
            self._make_parent(to)
            self._fs.mv(self._path(name), self._path(to))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects, in no order; those that are not there are no error."""
        paths = list(map(self._path, names))
        with store_explained(self.url):
            if not paths:
                return
            try:
                self._fs.rm(paths)
            except FileNotFoundError:
                for path in filter(self._fs.exists, paths):
                    self._fs.rm_file(path)

    def remove_folder(self, name: str) -> None:
        """Remove what is left of a folder where folders are things of their own: in a store they are none."""
        with store_explained(self.url):
            if not self._is_object_store and self._fs.exists(self._path(name)):
                self._fs.rm(self._path(name), recursive=True)

    @property
    def _is_object_store(self) -> bool:
        return self.url.scheme in PACKAGES

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _make_parent(self, name: str) -> None:
        """Object stores know no folders; other file systems want them made."""
        if not self._is_object_store:
            self._fs.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)


def _modified(info: Mapping[str, Any]) -> dt.datetime | None:
    """When an object was written, in whichever of their ways the libraries tell it."""
    found = next((info[key] for key in _TIMES if info.get(key)), None)
    if isinstance(found, (int, float)):
        return dt.datetime.fromtimestamp(found, dt.UTC)
    if isinstance(found, str):
        try:
            found = dt.datetime.fromisoformat(found)
        except ValueError:
            return None
    if not isinstance(found, dt.datetime):
        return None
    return found.replace(tzinfo=found.tzinfo or dt.UTC).astimezone(dt.UTC)
