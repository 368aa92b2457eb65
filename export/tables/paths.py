"""Files, folders and globs to files."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from export.tables.errors import TableError
from export.tables.formats import is_table

_GLOB: Final = frozenset("*?[")


def table_files(names: Sequence[str | Path], option: str = "data") -> tuple[Path, ...]:
    """The files that are meant, those of a folder or a glob in the order of their names.

    Args:
        names: files, folders (their tables, by suffix) and globs.
        option: what the user calls them, for messages.

    Raises:
        TableError: a folder without tables, or a glob without files. A file that is not there is told by
            whoever reads it.
    """
    found = [path for name in names for path in _files(name, option)]
    return tuple(dict.fromkeys(found))


def _files(name: str | Path, option: str) -> list[Path]:
    path = Path(name)
    if not str(name).strip():
        return _nothing(option, repr(str(name)), "no name")
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError):  # too long, or with NUL: whoever reads it tells
        return [path]
    if path.is_dir():
        inside = sorted(file for file in path.iterdir() if file.is_file() and is_table(file.name))
        return inside or _nothing(option, name, "a folder without tables")
    if path.exists() or not _GLOB & set(str(name)):
        return [path]
    matching = sorted(map(Path, glob.glob(str(name), recursive=True)))  # noqa: PTH207 (an absolute glob, too)
    return [file for file in matching if file.is_file()] or _nothing(option, name, "no such files")


def _nothing(option: str, name: str | Path, why: str) -> list[Path]:
    raise TableError(
        f"`{option}` must name tables (.csv, .tsv, .jsonl, .parquet, packed or not). "
        f"Received: {option}={name} ({why})"
    )
