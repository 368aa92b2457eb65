"""A local folder that looks like the store, for everything that reads versions from a folder.

Cards, markers and the examination are fetched; every other file of a version is a hole of the right size, which
takes no room on the disk. What a version answers needs its real files: `fetch` brings them, and compares
each with the marker's checksum.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from export.errors import ExportError
from export.remote.layout import Files, Layout, files_in
from export.remote.owner import parsed
from export.remote.progress import progress
from export.remote.store import Store
from export.versions.disk_errors import explained
from export.versions.examination import FOLDER as EXAMINATION
from export.versions.listing import MODEL_CARD, newest_version

_TELLING: Final = ("saved_model.pb", "model.tflite", "model.onnx", "variables/variables.index")
_SWAPS: Final = 20


class Mirror:
    """The whole versions of a store, as a local folder.

    Args:
        store: where they are.
        base: an empty folder, for this alone.
    """

    def __init__(self, store: Store, base: Path) -> None:
        self.store, self.base = store, base
        self._fetched: set[str] = set()
        self._files: dict[str, Files] = {}

    def refresh(self, layout: Layout) -> None:
        """Make the folder look like the store at that moment.

        Raises:
            ExportError: the store refuses, or this disk is full.
        """
        with explained(self.base):
            whole = layout.whole()
            for folder in self._files.keys() - whole.keys():
                shutil.rmtree(self.base / folder)
                self._fetched.discard(folder)
                del self._files[folder]
            new = {name: files for name, files in whole.items() if name not in self._files}
            small = self.store.read(
                f"{folder}/{name}" for folder, files in new.items() for name in _small(files)
            )
            for folder, files in new.items():
                self._imitate(layout, folder, files, small)
            self._examination(layout)

    def fetch_newest(self) -> None:
        """Bring the files of the version that candidates are compared with."""
        newest = newest_version(self.base)
        if newest is not None:
            self.fetch(newest.path.name)

    def fetch_all(self) -> None:
        """Bring the files of every version."""
        for folder in self._files:
            self.fetch(folder)

    def fetch(self, folder: str) -> None:
        """Bring the files of a version.

        Raises:
            ExportError: the store refuses, this disk is full, or a file is not what the marker says.
        """
        if folder in self._fetched:
            return
        files, target = self._files[folder], self.base / folder
        total = sum(file["size"] for file in files.values())
        callback = progress(f"Fetching {self.store.url}/{folder}", total)
        with explained(self.base):
            for name, file in files.items():
                self.store.download(f"{folder}/{name}", target / name)
                callback.relative_update(file["size"])
            changed = [name for name, file in files_in(target).items() if files.get(name) != file]
        if changed:
            raise ExportError(
                f"`to` must hold what was published there; put an earlier version in front by --rollback. "
                f"Received: to={self.store.url}, whose {folder}/{changed[0]} differs from its marker"
            )
        self._fetched.add(folder)

    def _imitate(self, layout: Layout, folder: str, files: Files, small: dict[str, bytes]) -> None:
        for name, file in files.items():
            target = self.base / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            content = small.get(f"{folder}/{name}")
            if content is None:
                with target.open("wb") as hole:
                    hole.truncate(file["size"])
            else:
                target.write_bytes(content)
        times = [
            entry.modified
            for name in layout.under(folder)
            if (entry := layout.entries[name]).modified
        ]
        if times:
            moment = max(times).timestamp()
            os.utime(self.base / folder, (moment, moment))
        self._files[folder] = files

    def _examination(self, layout: Layout) -> None:
        """Fetch header and rows that belong together: another may be set between two readings."""
        header = f"{EXAMINATION}/examination.json"
        local = self.base / EXAMINATION
        for _ in range(_SWAPS):
            content = self.store.read([header]).get(header)
            if content is None:
                shutil.rmtree(local, ignore_errors=True)
                return
            local.mkdir(exist_ok=True)
            (self.base / header).write_bytes(content)
            rows = _rows_of(content)
            if rows is None or (local / rows).exists():
                return
            found = self.store.read([f"{EXAMINATION}/{rows}"])
            if found:
                (local / rows).write_bytes(found[f"{EXAMINATION}/{rows}"])
                return

    def send_examination(self) -> None:
        """Put the folder's examination into the store: the rows first, then the header, which names them."""
        local = self.base / EXAMINATION
        header = (local / "examination.json").read_bytes()
        rows = _rows_of(header)
        assert rows is not None
        self.store.write(f"{EXAMINATION}/{rows}", (local / rows).read_bytes())
        self.store.write(f"{EXAMINATION}/examination.json", header)
        others = [
            name
            for name in self.store.list()
            if name.startswith(f"{EXAMINATION}/")
            and name not in (f"{EXAMINATION}/{rows}", f"{EXAMINATION}/examination.json")
        ]
        self.store.remove(others)


def _small(files: Files) -> list[str]:
    """What the list and the choice of the newest version need: the card, or what tells one from another without it."""
    card = str(MODEL_CARD)
    return [card] if card in files else [name for name in _TELLING if name in files]


def _rows_of(header: bytes) -> str | None:
    checksum = parsed(header).get("sha256")
    return f"{checksum}.jsonl" if isinstance(checksum, str) and checksum.isalnum() else None
