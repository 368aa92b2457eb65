"""A published version asked in this process: `tf.saved_model.load` and its signatures, no server."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from export.signatures import (
    CLASSES,
    CLASSIFY_SIGNATURE,
    EXAMPLES,
    KNOWN,
    LABEL_SIGNATURE,
    PROBABILITIES,
    SERVING_DEFAULT,
    TEXT,
)
from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.shown import shown
from export.start.utf8 import encode_text
from serving.score.errors import ScoreError, StoppedError

_GRAPH: Final = "saved_model.pb"
_NOT_THE_MODEL: Final = "assets.extra"


@dataclass(frozen=True)
class Answers:
    """Of a batch, row by row.

    Attributes:
        labels: The most probable class.
        scores: Its probability, `[rows] float32`.
        probabilities: `[rows, classes] float32`.
        known: Share of the tokens that are known, `[rows] float32`; `None` where the model does not tell.
    """

    labels: list[str]
    scores: Any
    probabilities: Any
    known: Any


def find_version(path: Path) -> Path:
    """The folder itself if it is a version, else the newest version in it.

    Raises:
        ScoreError: It is neither.
    """
    if (path / _GRAPH).is_file():
        return path
    try:
        children = [one for one in path.iterdir() if one.name.isascii() and one.name.isdecimal()]
    except OSError:
        children = []
    versions = [one for one in children if (one / _GRAPH).is_file()]
    if not versions:
        raise ScoreError(
            "`--model` must be a version, a folder with a saved_model.pb, or a folder of such versions; publish one by "
            f"`make train`. Received: --model={path}"
        )
    return max(versions, key=lambda one: int(one.name))


def fingerprint(version: Path) -> str:
    """A checksum of all that answers: graph, weights and assets, not what `assets.extra` tells of it."""
    whole = hashlib.sha256()
    for file in sorted(version.rglob("*")):
        name = file.relative_to(version)
        if file.is_file() and name.parts[0] != _NOT_THE_MODEL:
            whole.update(f"{name.as_posix()}\n".encode())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


class Model:
    """A loaded version.

    Args:
        version: Its folder.
        threads: Of TensorFlow; by default as many as there are cores. Only the first of a process counts.

    Attributes:
        classes: Their names, in the order of the probabilities.

    Raises:
        ScoreError: It cannot be loaded, or answers by another contract.
    """

    def __init__(self, version: Path, threads: int | None = None) -> None:
        if threads is not None:
            # Read where the libraries are loaded: Ray sets the first of them, and to its own mind.
            for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
                os.environ[name] = str(threads)
        import_lean_tensorflow()
        import tensorflow as tf  # noqa: PLC0415 (seconds, and only where a piece is to be scored)

        from serving.text_ops import load_saved_model  # noqa: PLC0415 (imports TensorFlow)

        self._tf: Any = tf
        try:
            self._root = load_saved_model(version)  # owns the variables of its functions
            self._ask = self._signature()
            self.classes = self._class_names()
        except Exception as error:
            raise ScoreError(
                "`--model` must be a version that TensorFlow loads, with the signatures of this project. "
                f"Received: --model={version} ({shown(str(error), 300)})"
            ) from error

    def answer(self, texts: Sequence[str]) -> Answers:
        """Ask once.

        Raises:
            StoppedError: The graph failed.
        """
        raw = self._tf.constant([encode_text(text) for text in texts], self._tf.string)
        try:
            found = {name: tensor.numpy() for name, tensor in self._ask(**{TEXT: raw}).items()}
        except Exception as error:
            raise StoppedError(f"The model failed: {shown(str(error), 300)}") from error
        probabilities = found[PROBABILITIES]
        best = probabilities.argmax(axis=1)
        return Answers(
            [self.classes[at] for at in best],
            probabilities.max(axis=1),
            probabilities,
            found.get(KNOWN),
        )

    def _signature(self) -> Any:
        """The one that tells most."""
        signatures = self._root.signatures
        return signatures[LABEL_SIGNATURE if LABEL_SIGNATURE in signatures else SERVING_DEFAULT]

    def _class_names(self) -> tuple[str, ...]:
        """As `classify` tells every caller."""
        feature = self._tf.train.Feature(bytes_list=self._tf.train.BytesList(value=[b"a"]))
        example = self._tf.train.Example(
            features=self._tf.train.Features(feature={TEXT: feature})
        ).SerializeToString()
        asked = {EXAMPLES: self._tf.constant([example])}
        names = self._root.signatures[CLASSIFY_SIGNATURE](**asked)[CLASSES].numpy()[0]
        return tuple(name.decode() for name in names)
