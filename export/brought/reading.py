"""A model from disk: a `.keras` file, or a SavedModel folder that Keras's `model.export` wrote.

What can be refused by its name alone is refused without TensorFlow.
"""

import importlib.util
import inspect
import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from export.errors import UnfitModelError
from export.start.shown import shown

_H5: Final = (".h5", ".hdf5")
_UNREGISTERED: Final = re.compile(
    r"Could not locate (?:class|function) '([^']+)'|Unknown (?:layer|object|loss|metric)[^']*'([^']+)'"
)


def is_exported_folder(path: Path) -> bool:
    """Whether it is a SavedModel."""
    return (path / "saved_model.pb").is_file()


def check_model_file(path: Path, imports: Sequence[Path] = ()) -> None:
    """Refuse what cannot be read, without TensorFlow.

    Args:
        path: of the model.
        imports: Python files with custom objects.

    Raises:
        UnfitModelError: as told.
    """
    if path.suffix in _H5:
        raise UnfitModelError(
            "`model` must be a .keras file: an .h5 file keeps no vocabulary of a TextVectorization; load it where it "
            f"was made and model.save('NAME.keras'). Received: model={path}"
        )
    if not is_exported_folder(path) and not (path.suffix == ".keras" and path.is_file()):
        raise UnfitModelError(
            "`model` must be a .keras file, or a SavedModel folder that Keras's model.export wrote. "
            f"Received: model={path}"
        )
    if path.is_file() and not zipfile.is_zipfile(path):
        raise UnfitModelError(
            f"`model` must be a .keras file as Keras writes it, a zip. Received: model={path}, which is none"
        )
    for file in imports:
        if file.suffix != ".py" or not file.is_file():
            raise UnfitModelError(f"`import` must be a Python file. Received: import={file}")


def read_model(path: Path, imports: Sequence[Path] = ()) -> Any:
    """A Keras model, or what `tf.saved_model.load` makes of a folder.

    Args:
        path: of the model.
        imports: Python files that are run first: their registered objects, and those that are not
            registered by their own names, are known then.

    Raises:
        UnfitModelError: it cannot be read.
    """
    check_model_file(path, imports)
    objects = {name: found for file in imports for name, found in _objects_in(file).items()}
    return _read_exported(path) if is_exported_folder(path) else _read_keras(path, objects)


def _objects_in(file: Path) -> dict[str, Any]:
    """Run a Python file; its own classes and functions."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(file.stem, module)
    sys.path.append(str(file.resolve().parent))  # it may import its neighbours, as a script does
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever somebody's code raises
        raise UnfitModelError(
            f"`import` must be a Python file that runs. Received: import={file} "
            f"({type(error).__name__}: {shown(str(error), 200)})"
        ) from error
    return {
        name: found
        for name, found in vars(module).items()
        if (inspect.isclass(found) or inspect.isfunction(found))
        and found.__module__ == module.__name__
    }


def _read_keras(path: Path, objects: dict[str, Any]) -> Any:
    import keras  # noqa: PLC0415 (files are looked at without it)

    try:
        return keras.saving.load_model(path, custom_objects=objects)
    except Exception as error:  # whatever Keras, zipfile or somebody's layers make of it
        raise UnfitModelError(_told(path, str(error), type(error).__name__)) from error


def _told(path: Path, message: str, kind: str) -> str:
    """One sentence of what Keras says in many lines."""
    missing = _UNREGISTERED.search(message)
    if missing:
        name = missing.group(1) or missing.group(2)
        return (
            f"`model` must be built of objects that are known here; name the Python file that defines `{name}` by "
            f"--import FILE.py. Received: model={path}, with `{name}`"
        )
    if "safe_mode" in message or "lambda" in message.lower():
        return (
            "`model` must hold no Lambda layer, whose Python code would be run unseen; write a layer of your own "
            f"(keras.saving.register_keras_serializable) and bring it by --import. Received: model={path}"
        )
    line = next((line.strip() for line in message.splitlines() if line.strip()), kind)
    return f"`model` must be a file that Keras reads. Received: model={path} ({shown(line, 300)})"


def _read_exported(path: Path) -> Any:
    import tensorflow as tf  # noqa: PLC0415 (as above)

    try:
        return tf.saved_model.load(str(path))
    except Exception as error:  # whatever TensorFlow makes of it
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UnfitModelError(
            f"`model` must be a SavedModel that loads here. Received: model={path} ({shown(line, 300)})"
        ) from error
