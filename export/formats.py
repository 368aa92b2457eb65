"""The kinds of artefact: which file tells one from another, and what each needs installed.

saved_model   takes raw tweets; TensorFlow alone
litert, onnx  take token ids; a runtime to check them with, and for ONNX a converter

No TensorFlow here: a request that cannot be met is refused before anything slow begins.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from export.errors import ExportError, UnknownArtefactError
from export.settings import (
    FORMATS,
    GRAPHS,
    LITERT,
    ONNX,
    SAVED_MODEL,
    WARMUP_BATCHES,
    WEIGHTS,
    Artefact,
)

MODEL_FILES: Final = {
    SAVED_MODEL: "saved_model.pb",
    LITERT: "model.tflite",
    ONNX: "model.onnx",
}
"""The file by which a version's format is known."""

PACKAGES: Final = {
    SAVED_MODEL: {},
    LITERT: {"ai_edge_litert": "ai-edge-litert"},
    ONNX: {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
}
"""Beside TensorFlow, by format: name to import -> name to install."""


_MOST_WARMUP_ROWS: Final = 2048
"""The largest batch that the gate compares."""

_MOST_WARMUP_BATCHES: Final = 100
"""Each is a request of every signature, and a server takes 1,000 at most."""


def require(artefact: Artefact) -> None:
    """Refuse what cannot be written, or not with what is installed.

    Raises:
        UnknownArtefactError: an unknown format or type, a graph that the format has not, or warmup requests
            of no rows or too many.
        ExportError: a package is not installed.
    """
    file_format = artefact.file_format
    _refuse_unless_in(FORMATS, "format", file_format)
    _refuse_unless_in(WEIGHTS, "weights", artefact.weights)
    graphs = GRAPHS if artefact.takes_text else GRAPHS[:1]
    _refuse_unless_in(graphs, f"graph` of `{file_format}", artefact.graph)
    _check_warmup_batches(artefact.warmup_batches, artefact.warmup_batches)
    packages = PACKAGES[file_format].items()
    missing = [package for module, package in packages if not importlib.util.find_spec(module)]
    if missing:
        raise ExportError(
            f"`format` {file_format} needs {', '.join(missing)}; "
            f"`pip install '.[{file_format}]'` brings what it needs. Received: format={file_format!r}"
        )


def _refuse_unless_in(known: Sequence[str], name: str, value: str) -> None:
    if value not in known:
        raise UnknownArtefactError(
            f"`{name}` must be {' or '.join(known)}. Received: {name.partition('`')[0]}={value!r}"
        )


def warmup_batches_of(text: str) -> tuple[int, ...]:
    """Rows of the warmup requests, from words such as `1,8,32`.

    Raises:
        UnknownArtefactError: they are no whole numbers, or out of bounds.
    """
    try:
        batches = tuple(int(number) for number in text.split(","))
    except ValueError:
        batches = ()
    _check_warmup_batches(batches, text)
    return batches


def _check_warmup_batches(batches: tuple[int, ...], received: object) -> None:
    within = all(0 < rows <= _MOST_WARMUP_ROWS for rows in batches)
    if not (within and 0 < len(batches) <= _MOST_WARMUP_BATCHES):
        shown = ",".join(map(str, WARMUP_BATCHES))
        raise UnknownArtefactError(
            f"`warmup_batches` must be 1 to {_MOST_WARMUP_BATCHES} whole numbers from 1 to {_MOST_WARMUP_ROWS:,}, such "
            f"as {shown}. Received: warmup_batches={received}"
        )


def format_of(directory: Path) -> str | None:
    """The format of a version; None where it holds none of the files."""
    return next((name for name in FORMATS if (directory / MODEL_FILES[name]).is_file()), None)
