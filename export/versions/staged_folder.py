"""Fill one folder in one step: whoever looks sees none of it or all of it, whatever happens to the writer.

with staged_folder(run / "saved_model") as content:
    model.export(content)           # any number of files; raise, and there is no folder
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from export.errors import ExportError
from export.versions.disk import flush_or_warn, flush_tree
from export.versions.disk_errors import explained, no_room_explained
from export.versions.publish import open_folder, sweep_stages


@contextlib.contextmanager
def staged_folder(directory: Path) -> Iterator[Path]:
    """Let the `with` block fill a folder beside `directory`, and rename it to that in the end.

    What a process that died left beside it is removed first. One process at a time may do this in a
    folder; no lock is taken, for whoever owns the folder holds one.

    Args:
        directory: a folder that is empty or not there, in one that is there.

    Raises:
        ExportError: there is something in it, the disk is full or the folder read-only; an exception in
            the block goes on its way. Nothing is left behind.
    """
    parent = directory.parent
    with contextlib.ExitStack() as undo:
        with explained(parent):
            _refuse_filled(directory)
            sweep_stages(parent)
            content = open_folder(parent, undo)
        with no_room_explained(parent):
            yield content
        with explained(parent):
            flush_tree(content)
            content.rename(directory)
        flush_or_warn(parent, f"{directory} is written, but may not outlive a power cut")


def _refuse_filled(directory: Path) -> None:
    is_empty = directory.is_dir() and not any(directory.iterdir())
    if not is_empty and (directory.exists() or directory.is_symlink()):
        raise ExportError(
            "`directory` must be empty or not there: nothing is written over. "
            f"Received: directory='{directory}'"
        )
