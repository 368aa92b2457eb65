"""Where a teacher's work lies, so that nothing is done twice: a folder named for what it depends on.

runs/teacher/<hash of the table's files, how they are read and split, the encoder, how it learns>/
    .lock               held while a process works in it
    about.json          what the hash is of
    checkpoint.npz      while it learns
    figures.json        of each epoch, and of the test part
    teacher.weights.h5  the fine-tuned network
    <hash of what is asked>/
        answers-00000.npy ...    logits of the texts, in pieces
        soft-labels-2.csv        their probabilities at a temperature: what training takes
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import FILE_LISTS, OTHER_FILES, DataSource
from keras_pipeline.teacher.settings import TeacherSettings

ROOT: Final = Path("runs") / "teacher"

_RECIPE: Final = 1
"""Raise it where the same settings come to make another teacher."""

_SPLIT: Final = (
    "seed",
    "test_fraction",
    "validation_fraction",
    "least_validation_rows",
    "class_weights",
)
"""Settings of a run on which the training rows depend, and how they count."""

_KEY_CHARACTERS: Final = 12


@dataclasses.dataclass(frozen=True)
class TeacherFolder:
    """The files of one teacher that is asked one thing.

    Attributes:
        path: of the teacher.
        asked: of its answers, inside.
        about: what the name of `path` is a hash of.
        soft_labels: what training takes.
    """

    path: Path
    asked: Path
    about: dict[str, Any]
    soft_labels: Path

    @classmethod
    def of(
        cls, source: DataSource, config: TrainConfig, settings: TeacherSettings
    ) -> "TeacherFolder":
        """The folder for these; it need not be there yet.

        Raises:
            UserError: the unlabelled texts are the corpus, which is not installed.
        """
        about = {
            "recipe": _RECIPE,
            "data": _data(source),
            "split": {name: getattr(config, name) for name in _SPLIT},
            "learning": settings.learning(),
        }
        path = ROOT / _key(about)
        asked = path / _key(settings.asking())
        return cls(path, asked, about, asked / f"soft-labels-{settings.temperature:g}.csv")

    @property
    def checkpoint(self) -> Path:
        """State of an unfinished fine-tuning."""
        return self.path / "checkpoint.npz"

    @property
    def weights(self) -> Path:
        """Of the fine-tuned network."""
        return self.path / "teacher.weights.h5"

    @property
    def figures(self) -> Path:
        """How good it is."""
        return self.path / "figures.json"


def _data(source: DataSource) -> dict[str, Any]:
    """The table by what it holds and how it is read, wherever it lies."""
    names = ("path", *OTHER_FILES, *FILE_LISTS, "id_column", "span_column")
    reading = {name: value for name, value in vars(source).items() if name not in names}
    read = dataclasses.replace(source, unlabelled_paths=()).sha256()
    hashes = {name: sha for name, sha in read.items() if name not in OTHER_FILES}
    return {**reading, "sha256": hashes}


def _key(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_CHARACTERS]
