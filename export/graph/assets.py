"""The text files beside every model: what its ids mean.

assets/vocabulary.txt     one word a line; the line number, from 0, is the token id
assets/labels.txt         one label a line; the line number, from 0, is the class id
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from export.errors import ExportError
from export.signatures import LABELS_ASSET, VOCABULARY_ASSET


def write_assets(directory: Path, model: Any) -> None:
    """Write both files into a version directory.

    Raises:
        ExportError: a model that was brought has a file of its own by one of the names.
    """
    for name, lines in assets_of(model).items():
        if _is_brought(model) and (directory / name).exists():
            raise ExportError(
                f"`model` must leave the name {Path(name).name} to the exporter; rename the file that its table is "
                f"read from. Received: a table read from a file {Path(name).name}"
            )
        _write_lines(directory / name, lines)


def assets_of(model: Any) -> dict[str, list[str]]:
    """Lines of each file by its name; a model that was brought may have no vocabulary by token ids."""
    words = model.words if _is_brought(model) else model.vectorizer.get_vocabulary()
    known = {} if words is None else {VOCABULARY_ASSET: list(words)}
    return {**known, LABELS_ASSET: list(model.labels)}


def _is_brought(model: Any) -> bool:
    return hasattr(model, "own_graph")


def read_lines(path: Path) -> list[str]:
    """The lines of such a file; none where there is no file."""
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
