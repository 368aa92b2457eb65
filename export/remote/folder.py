"""A folder of versions, wherever it is: what the commands do to it.

with folder_at(Path("models/tweets")) as folder:            # this machine's: export.versions does everything
with folder_at(StoreUrl("s3://bucket/tweets")) as folder:   # a store: `folder.base` is a mirror of it
    folder.check_can_write()
    with folder.staged_version() as stage: ...
"""

import contextlib
import dataclasses
import datetime as dt
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from export.errors import ExportError
from export.formats import format_of
from export.remote.layout import PROBE, read_layout
from export.remote.mirror import Mirror
from export.remote.owner import this_process
from export.remote.store import Store
from export.remote.sweep import start_removal, sweep, unfinished
from export.remote.turns import turn
from export.remote.upload import Upload, settle
from export.start.shown import shown
from export.start.store_url import StoreUrl, folder_named
from export.versions.disk_errors import explained, no_room_explained
from export.versions.earlier import keep_newest, rollback
from export.versions.examination import Examination
from export.versions.examination import store as store_examination
from export.versions.listing import Unreadable, list_versions, read_folder, refuse_other_format
from export.versions.publish import Front, Stage, check_can_publish, front_of, staged_version
from export.versions.version_table import folder_table

_DAMAGED: Final = "it was passed over"


class LocalFolder:
    """A folder of this machine.

    Args:
        base: its path.
    """

    def __init__(self, base: Path) -> None:
        self.base = base

    def check_can_write(self) -> None:
        """Nothing more than `check_can_publish` asks."""

    def check_can_publish(self, file_format: str) -> None:
        """See `export.versions.publish.check_can_publish`."""
        check_can_publish(self.base, file_format)

    def staged_version(self) -> contextlib.AbstractContextManager[Stage]:
        """See `export.versions.publish.staged_version`."""
        return staged_version(self.base)

    def rollback(self, number: int) -> Path:
        """See `export.versions.earlier.rollback`."""
        return rollback(self.base, number)

    def keep_newest(self, count: int) -> list[int]:
        """Numbers of the versions that are removed; see `export.versions.earlier.keep_newest`."""
        return [version.number for version in keep_newest(self.base, count)]

    def table(self) -> str:
        """See `export.versions.version_table.folder_table`."""
        return folder_table(self.base)

    def passed_over(self) -> list[str]:
        """A sentence for each version that could not be looked into."""
        unreadable = [found for found in read_folder(self.base) if isinstance(found, Unreadable)]
        return [f"{version}; {_DAMAGED}" for version in unreadable]

    def fetch_newest(self) -> None:
        """It is here."""

    def fetch_all(self) -> None:
        """Everything is here."""

    def send_examination(self) -> bool:
        """It is set already."""
        return True


@dataclasses.dataclass(repr=False)
class RemoteStage:
    """As `export.versions.publish.Stage`, for a store.

    Attributes:
        base: the store's mirror.
        path: an empty local directory; what is in it when the `with` block ends is published.
        folder: the store.
        upload: what was sent of it.
        published: where the version is now; None until it is.
    """

    base: Path
    path: Path
    folder: "RemoteFolder"
    upload: Upload
    published: StoreUrl | None = None

    def publish(
        self, front: Front | None = None, first_examination: Examination | None = None
    ) -> bool:
        """As `Stage.publish`; what was uploaded stays for another try."""
        self.upload.fill(self.path)
        self.published = self.folder.publish(
            self.upload, front, first_examination, file_format=format_of(self.path)
        )
        return self.published is not None


class RemoteFolder:
    """A folder of versions in a store.

    Args:
        url: where.
        base: an empty local folder for the mirror.

    Raises:
        ExportError: so does every method, with one sentence, where the store refuses.
    """

    def __init__(self, url: StoreUrl, base: Path) -> None:
        self.url, self.base = url, base
        self.store = Store(url)
        self.mirror = Mirror(self.store, base)
        self._conditional: tuple[bool, dt.datetime | None] | None = None
        self.mirror.refresh(read_layout(self.store))

    def check_can_write(self) -> None:
        """Write, copy and remove an object: before anything slow begins."""
        name = f"{PROBE}{secrets.token_hex(8)}"
        owner = json.dumps(this_process()).encode()
        self._conditional = self.store.is_conditional(name, owner)

    def check_can_publish(self, file_format: str) -> None:
        """That versions of this format can be written there."""
        self.check_can_write()
        check_can_publish(self.base, file_format)

    @contextlib.contextmanager
    def staged_version(self) -> Iterator[RemoteStage]:
        """As `export.versions.publish.staged_version`: here on the disk, and sent when it is published."""
        self._sweep()
        self.mirror.fetch_newest()
        with tempfile.TemporaryDirectory(prefix="export-") as directory:
            content = Path(directory, "version")
            content.mkdir()
            stage = RemoteStage(self.base, content, self, Upload(self.store))
            try:
                with no_room_explained(content):
                    yield stage
                if stage.published is None:
                    stage.publish()
            finally:
                stage.upload.discard()

    def publish(
        self,
        upload: Upload,
        front: Front | None,
        first_examination: Examination | None,
        *,
        file_format: str | None,
    ) -> StoreUrl | None:
        """Publish what was uploaded; None where `front` is no longer so.

        Raises:
            ExportError: the store refuses, or it holds another format; nothing is left of the version.
        """
        with turn(self.store, upload.staged.key, conditional=self._probed()[0]) as mine:
            self.mirror.refresh(read_layout(self.store))
            if front is not None and front != front_of(self.base):
                self.mirror.fetch_newest()
                return None
            refuse_other_format(self.base, file_format)
            if first_examination is not None:
                with explained(self.base):
                    store_examination(self.base, first_examination, {})
                    self.mirror.send_examination()
            mine.begin()
            try:
                upload.place(mine.number)
            except BaseException as error:
                # What is whole is published, whatever happened after its model file came.
                is_whole = settle(self.store, upload.staged, mine.number) == "finished"
                if not is_whole or not isinstance(error, ExportError):
                    raise
        return self.url / str(mine.number)

    def rollback(self, number: int) -> StoreUrl:
        """Publish an earlier version again under the next number, copied within the store.

        Raises:
            ExportError: there is no such version, or the store refuses.
        """
        self._sweep()
        layout = read_layout(self.store)
        named = {int(folder): folder for folder in layout.whole()}
        if number not in named:
            numbers = ", ".join(map(str, sorted(named, reverse=True))) or "none yet"
            raise ExportError(
                f"`version` must be one of those in {self.url} ({numbers}). Received: version={number}"
            )
        upload = Upload(self.store)
        try:
            upload.fill_from(layout, named[number])
            found = self.publish(upload, None, None, file_format=None)
        finally:
            upload.discard()
        assert found is not None
        return found

    def keep_newest(self, count: int) -> list[int]:
        """Remove all versions but the newest `count`, and what processes that died have left.

        Raises:
            ExportError: the store refuses; what has gone is gone, and the rest whole.
        """
        self._sweep()
        layout = read_layout(self.store)
        self.mirror.refresh(layout)
        surplus = [version.number for version in list_versions(self.base)[count:]]
        for number in reversed(surplus):
            start_removal(self.store, layout, number)
        return surplus

    def table(self) -> str:
        """Every whole version as in a local folder, then a line for whatever is unfinished."""
        layout = read_layout(self.store)
        self.mirror.refresh(layout)
        return "\n".join([folder_table(self.base), *map(shown, unfinished(self.store, layout))])

    def passed_over(self) -> list[str]:
        """What `table` calls unfinished."""
        return [f"{self.url}: {line}" for line in unfinished(self.store, read_layout(self.store))]

    def fetch_newest(self) -> None:
        """Bring the files of the version that a server answers with."""
        self.mirror.fetch_newest()

    def fetch_all(self) -> None:
        """Bring the files of every version, to be asked."""
        self.mirror.fetch_all()

    def send_examination(self) -> bool:
        """Send the mirror's examination; False where versions came meanwhile, which it was not put to."""
        judged = {version.path.name for version in list_versions(self.base)}
        upload = Upload(self.store)
        with turn(self.store, upload.staged.key, conditional=self._probed()[0]):
            layout = read_layout(self.store)
            if layout.whole().keys() <= judged:
                with explained(self.base):
                    self.mirror.send_examination()
                return True
        self.mirror.refresh(layout)
        self.mirror.fetch_all()
        return False

    def _probed(self) -> tuple[bool, dt.datetime | None]:
        if self._conditional is None:
            self.check_can_write()
        assert self._conditional is not None
        return self._conditional

    def _sweep(self) -> None:
        for line in sweep(self.store, self._probed()[1]):
            print(f"{shown(str(self.url))}: {line}", file=sys.stderr)
        self.mirror.refresh(read_layout(self.store))


Folder = LocalFolder | RemoteFolder


@contextlib.contextmanager
def folder_at(to: Path | StoreUrl | str) -> Iterator[Folder]:
    """The folder of versions that `to` names; errors inside the block name a store, not its mirror.

    Args:
        to: a path, or a URL such as `s3://bucket/models/tweets`.

    Raises:
        ExportError: the store cannot be read.
    """
    place = folder_named(to) if isinstance(to, str) else to
    if isinstance(place, Path):
        yield LocalFolder(place)
        return
    with tempfile.TemporaryDirectory(prefix="export-") as base:
        try:
            yield RemoteFolder(place, Path(base))
        except ExportError as error:
            error.args = tuple(str(word).replace(base, str(place)) for word in error.args)
            raise
