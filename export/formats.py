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


def require(artefact: Artefact) -> None:
    """Refuse what cannot be written, or not with what is installed.

    Raises:
        UnknownArtefactError: an unknown format or type, or a graph that the format has not.
        ExportError: a package is not installed.
    """
    file_format = artefact.file_format
    _refuse_unless_in(FORMATS, "format", file_format)
    _refuse_unless_in(WEIGHTS, "weights", artefact.weights)
    graphs = GRAPHS if artefact.takes_text else GRAPHS[:1]
    _refuse_unless_in(graphs, f"graph` of `{file_format}", artefact.graph)
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


def format_of(directory: Path) -> str | None:
    """The format of a version; None where it holds none of the files."""
    return next((name for name in FORMATS if (directory / MODEL_FILES[name]).is_file()), None)
