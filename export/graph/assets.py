"""The text files beside every model: what its ids mean.

assets/vocabulary.txt     one word a line; the line number, from 0, is the token id
assets/labels.txt         one label a line; the line number, from 0, is the class id
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from export.signatures import LABELS_ASSET, VOCABULARY_ASSET


def write_assets(directory: Path, model: Any) -> None:
    """Write both files into a version directory."""
    _write_lines(directory / VOCABULARY_ASSET, model.vectorizer.get_vocabulary())
    _write_lines(directory / LABELS_ASSET, model.labels)


def read_lines(path: Path) -> list[str]:
    """The lines of such a file; none where there is no file."""
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
