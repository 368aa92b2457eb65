"""A version on its way into a store, in an order in which no server ever finds half of one.

upload = Upload(store)
upload.fill(folder)             # as .publish/stages/ID/version/..., which no server looks at; takes minutes
upload.place(number)            # copied within the store; takes moments
upload.discard()

1. Everything is uploaded into the stage, and the list of it after it.
2. Copied within the store to the version's folder: everything but the model file (`saved_model.pb`).
3. The model file is moved there. Before it, a server that finds the folder fails to load it and asks
   again; after it, everything is there (tensorflow/serving#1086).
4. The marker is written.

The staged model file is the permission to publish: whoever clears up after this process takes it away before
anything else, so that this one, should it wake up again, can no longer complete a folder that is being
cleared. A direct upload could: its source is this machine's disk.
"""

import contextlib
import json
import secrets
from pathlib import Path

from export.errors import ExportError
from export.remote.layout import (
    MARKER,
    STAGES,
    Files,
    Layout,
    Staged,
    files_in,
    files_of,
    marker_of,
    missing,
    model_file,
    read_layout,
)
from export.remote.owner import this_process
from export.remote.progress import progress
from export.remote.store import Store


class Upload:
    """One version that is staged in a store.

    Args:
        store: where.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.staged = Staged(secrets.token_hex(8))
        self.files: Files = {}
        self._is_there = False

    def fill(self, folder: Path) -> None:
        """Upload the files of a local folder; of those that are staged already, what changed.

        Raises:
            ExportError: the store refuses, or `folder` holds no model.
        """
        files = files_in(folder)
        if model_file(files) is None:
            raise ExportError(
                f"the stage must hold a model; write one to '{folder}'. Received: none"
            )
        new = [name for name, file in files.items() if self.files.get(name) != file]
        self._announce()
        total = sum(files[name]["size"] for name in new)
        callback = progress(f"Uploading to {self.store.url}", total)
        for name in new:
            self.store.upload(folder / name, self.staged.file(name), callback)
        self.files = files
        self._check()

    def fill_from(self, layout: Layout, folder: str) -> None:
        """Copy the files of a whole version within the store.

        Raises:
            ExportError: the store refuses, or somebody removes the version meanwhile.
        """
        files = layout.markers[folder]
        self._announce()
        self.store.copy({f"{folder}/{name}": self.staged.file(name) for name in files})
        self.files = files
        self._check()

    def place(self, number: int) -> None:
        """Make it the version `number`, which must be this process's alone.

        Raises:
            ExportError: the store refuses, or somebody took the stage for a dead process's.
        """
        last = model_file(self.files)
        assert last is not None
        others = [name for name in self.files if name != last]
        self.store.copy({self.staged.file(name): f"{number}/{name}" for name in others})
        self.store.move(self.staged.file(last), f"{number}/{last}")
        self.store.write(f"{number}/{MARKER}", marker_of(self.files))

    def discard(self) -> None:
        """Remove what is staged; what cannot be is told by `--list` and removed by `--keep`."""
        if not self._is_there:
            return
        with contextlib.suppress(ExportError):
            remove_stage(self.store, read_layout(self.store, markers=False), self.staged.key)
            self._is_there = False

    def _announce(self) -> None:
        """Say whose it is, before there is anything of it."""
        if not self._is_there:
            self._is_there = True
            self.store.write(self.staged.owner, json.dumps(this_process()).encode())

    def _check(self) -> None:
        """All of it has arrived; then write the list of it."""
        entries = self.store.list()
        found = {
            name: entries[path]
            for name in self.files
            if (path := self.staged.file(name)) in entries
        }
        if lacking := missing(self.files, found):
            raise ExportError(
                f"`to` must be a store that keeps what is written to it; publish again. "
                f"Received: to={self.store.url}, without {lacking[0]} as it was sent"
            )
        self.store.write(self.staged.files, marker_of(self.files))


def settle(store: Store, staged: Staged, number: int) -> str | None:
    """End what a process began to publish: finish what is whole, remove what is not.

    Returns:
        `finished` or `removed`; None where nothing stood under the number.

    Raises:
        ExportError: the store refuses; to be called again.
    """
    folder = str(number)
    files = files_of(store.read([staged.files]).get(staged.files, b"")) or {}
    if permission := model_file(files):
        store.remove([staged.file(permission)])
    # From here on nobody can move the model file into the folder: it is there now, or never.
    layout = read_layout(store)
    found, done = layout.folders().get(folder, {}), None
    if folder in layout.whole():
        done = "finished"
    elif model_file(found) and files and not missing(files, found):
        store.write(f"{folder}/{MARKER}", marker_of(files))
        done = "finished"
    elif found:
        remove_version(store, layout, folder)
        done = "removed"
    remove_stage(store, layout, staged.key)
    return done


def remove_stage(store: Store, layout: Layout, key: str) -> None:
    """Remove an upload; first the model file, without which nobody can publish it."""
    names = sorted(layout.stages().get(key, {}))
    staged = Staged(key)
    models = [
        name
        for name in names
        if name == staged.file(model_file([name.rpartition("/version/")[2]]) or "")
    ]
    store.remove(models)
    store.remove([name for name in names if name not in (*models, staged.owner)])
    store.remove([staged.owner])
    store.remove_folder(f"{STAGES}{key}")


def remove_version(store: Store, layout: Layout, folder: str) -> None:
    """Remove a version in the reverse order: no server ever loads what is left of it."""
    names = layout.under(folder)
    last = model_file(name.partition("/")[2] for name in names)
    first = [f"{folder}/{name}" for name in (MARKER, last) if name and f"{folder}/{name}" in names]
    for name in first:
        store.remove([name])
    store.remove([name for name in names if name not in first])
    store.remove_folder(folder)
