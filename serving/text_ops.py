"""Ops of TensorFlow Text, which the official server links: registered where a graph asks for them and they are installed."""

import importlib.util
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

_PACKAGE: Final = "tensorflow_text"


def load_saved_model(path: Path) -> Any:
    """`tf.saved_model.load`, once more with those ops where the graph has an op that is not registered.

    Args:
        path: A SavedModel.

    Raises:
        Exception: What `tf.saved_model.load` raises, of many kinds.
    """
    try:
        return tf.saved_model.load(str(path))
    except Exception as error:  # of another kind from one release of TensorFlow to the next
        if "Op type not registered" not in str(error) or not _register():
            raise
        return tf.saved_model.load(str(path))


def _register() -> bool:
    """The libraries alone, for the Python package around them imports Keras; whether there are any."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = (spec and spec.submodule_search_locations) or ()
    libraries = [file for folder in folders for file in sorted(Path(folder).rglob("_*.so"))]
    for library in libraries:
        tf.load_op_library(str(library))
    return bool(libraries)
