"""What the process that trains on JAX is given, and what it makes: two folders.

given/task.json                 settings, words, how to tell of progress
given/train_*.npy               flat ids, lengths, targets and weights of what to learn from
given/validation_*.npy          the same of what early stopping watches
given/first.weights.h5          where training begins
made/last.weights.h5            where it ended
made/answer.json                figures by epoch; or the sentence by which it ended
compiled/                       what XLA compiled, for a run that goes on

Nothing here needs TensorFlow, Keras or JAX.
"""

import dataclasses
import functools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.run_files import json_text, write_whole

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """The folders' names.

    Attributes:
        folder: that holds all of it.
    """

    folder: Path

    @property
    def given(self) -> Path:
        """To the process."""
        return self.folder / "given"

    @property
    def made(self) -> Path:
        """By the process."""
        return self.folder / "made"

    @property
    def compiled(self) -> Path:
        """What XLA compiled."""
        return self.folder / "compiled"

    @property
    def first_weights(self) -> Path:
        """Where training begins."""
        return self.given / "first.weights.h5"

    @property
    def last_weights(self) -> Path:
        """Where training ended."""
        return self.made / "last.weights.h5"

    @property
    def answer(self) -> Path:
        """The last file that the process writes."""
        return self.made / "answer.json"

    def remove(self, *, compiled: bool) -> None:
        """What is no longer needed, and what XLA compiled if that is no longer, either."""
        for folder in (self.folder,) if compiled else (self.given, self.made):
            shutil.rmtree(folder, ignore_errors=True)


@dataclasses.dataclass(frozen=True, eq=False)
class IdRows:
    """Encoded texts and what they teach, in NumPy.

    Attributes:
        ids: of all rows, one behind another, `[tokens] uint16 or int32`.
        lengths: tokens of each row, at least one, `[rows] int32`.
        targets: probabilities to learn, `[rows, classes] float32`.
        weights: how much each row counts, `[rows] float32`.
    """

    ids: Array
    lengths: Array
    targets: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.lengths)

    def save(self, folder: Path, part: str) -> None:
        """A file for each array."""
        for name, array in self._arrays().items():
            write_whole(folder / f"{part}_{name}.npy", functools.partial(np.save, arr=array))

    @classmethod
    def load(cls, folder: Path, part: str) -> "IdRows":
        """What `save` wrote."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.load(folder / f"{part}_{name}.npy") for name in names))

    def _arrays(self) -> dict[str, Array]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True)
class Task:
    """What to do with the rows.

    Attributes:
        config: settings, those that follow the table's size set already.
        words: rows of the embedding table.
        verbose: Keras's: 1 for a moving bar, 2 for a line an epoch, 0 for silence.
    """

    config: TrainConfig
    words: int
    verbose: int = 2

    def save(self, folder: Path) -> None:
        """Write `task.json`."""
        text = json_text(dataclasses.asdict(self))
        write_whole(folder / "task.json", lambda file: file.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, folder: Path) -> "Task":
        """What `save` wrote."""
        values = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        return cls(**{**values, "config": TrainConfig(**values["config"])})


@dataclasses.dataclass(frozen=True)
class Answer:
    """How the process ended.

    Attributes:
        history: one dict an epoch, as `keras_pipeline.fit.checkpoint.Checkpoint` has them.
        interrupted: Ctrl-C ended it.
        error: the sentence by which it ended, None where it came to its end.
        kind: name of the error's class.
    """

    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    interrupted: bool = False
    error: str | None = None
    kind: str | None = None

    def save(self, file: Path) -> None:
        """Write it, in one step."""
        text = json_text(dataclasses.asdict(self))
        write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, file: Path) -> "Answer":
        """What `save` wrote."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))
