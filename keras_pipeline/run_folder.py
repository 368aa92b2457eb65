"""The folder of one run: what it was asked, how far it is, what it produced.

config.json      settings           written first
data.json        which rows         written first
checkpoint.npz   the last epoch     while training; gone when the run has finished
model.keras      the model          these appear at the end, each in one step,
history.csv      figures by epoch     so that no crash leaves one that looks finished
metrics.json     test figures
report.md        the same to look at, with figures/
"""

import dataclasses
import json
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError

DEFAULT_ROOT = Path("runs")


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Paths of one run.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """State after the last finished epoch."""
        return self.path / "checkpoint.npz"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / "model.keras"

    @property
    def metrics(self) -> Path:
        """Figures of the test part; the last file of a run, so it tells that the run is whole."""
        return self.path / "metrics.json"

    @property
    def is_finished(self) -> bool:
        """Whether training came to its own end and every file is there."""
        if self.checkpoint.exists() or not self.metrics.is_file():
            return False
        return not json.loads(self.metrics.read_text())["interrupted"]

    @classmethod
    def create(cls, path: Path | None, config: TrainConfig, source: DataSource) -> "RunFolder":
        """Make the folder and write down what the run was asked.

        Args:
            path: where; by default `runs/<date-time>`.
            config: settings to save.
            source: data to save, with its checksum.

        Raises:
            UserError: there is something at `path` already, or it cannot be written.
        """
        path = path or DEFAULT_ROOT / datetime.now(tz=timezone.utc).strftime("%Y-%m-%d-%H%M%S")
        check_is_free(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            run = cls(path)
            run.write("config.json", config.to_json())
            run.write("data.json", json.dumps(_described(source), indent=2) + "\n")
        except OSError as error:
            raise UserError(
                f"`output` must be a folder that can be written. Received: output={path} ({error.strerror})"
            ) from None
        return run

    @classmethod
    def reopen(cls, path: Path | None) -> "RunFolder":
        """The run at `path`, or the newest unfinished one under `runs/`, to go on with.

        Raises:
            UserError: there is no such run.
        """
        if path is None:
            path = _newest_unfinished()
        if not (path / "config.json").is_file() or not (path / "data.json").is_file():
            raise UserError(
                f"`--resume` needs a run folder with config.json and data.json. Received: output={path}"
            )
        return cls(path)

    def config(self) -> TrainConfig:
        """The settings of the run."""
        return TrainConfig.from_json(self.path / "config.json")

    def source(self) -> DataSource:
        """The data of the run.

        Raises:
            UserError: the file is gone, or holds other bytes than when the run began.
        """
        saved = json.loads((self.path / "data.json").read_text())
        expected = saved.pop("sha256")
        if isinstance(expected, str):  # a run from before embeddings and soft labels
            expected = {"path": expected}
        files = {name: Path(saved[name]) for name in expected}
        for path in files.values():
            if not path.is_file():
                raise UserError(f"The run's data is gone; put it back. Received: data={path}")
        source = DataSource(**{**saved, **files})
        for name, checksum in source.sha256().items():
            if checksum != expected[name]:
                raise UserError(
                    f"The run's data has changed since it began; start a new run, or put back the "
                    f"file with sha256 {expected[name]}. Received: data={files[name]}"
                )
        return source

    def write(self, name: str, text: str) -> None:
        """Write a text file of the run in one step."""
        write_whole(self.path / name, lambda file: file.write_text(text, encoding="utf-8"))


def check_is_free(path: Path) -> None:
    """Refuse to write over something.

    Raises:
        UserError: `path` is a file or a folder that is not empty.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UserError(
            f"`output` must be a new folder: nothing is written over; name another one, or go on with "
            f"an unfinished run by --resume. Received: output={path}"
        )


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it: nobody sees half a file.

    The suffix stays, for Keras and NumPy choose the format by it.
    """
    partial = path.with_name(f".partial-{path.name}")
    write(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _described(source: DataSource) -> dict[str, Any]:
    files = {name: str(path.resolve()) for name, path in source.files().items()}
    return {**dataclasses.asdict(source), **files, "sha256": source.sha256()}


def _newest_unfinished() -> Path:
    runs = sorted(file.parent for file in DEFAULT_ROOT.glob("*/config.json"))
    unfinished = [run for run in runs if not RunFolder(run).is_finished]
    if not unfinished:
        raise UserError(
            f"`--resume` needs an unfinished run under `{DEFAULT_ROOT}/`, or its folder as --output. "
            f"Received: {len(runs)} runs, none unfinished"
        )
    return unfinished[-1]
