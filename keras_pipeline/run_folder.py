"""The folder of one run: what it was asked, how far it is, what it produced.

.lock            held while a process works on the run
config.json      settings
intent.json      what else was asked    these three are written first
data.json        which rows
checkpoint.npz   the last epoch     while training; gone when the run has finished
members/         the networks of --distill and what they say: likewise
jax/             what the process that trains on JAX is given, makes and compiles: likewise
failed.json      why it cannot go on, where it cannot
model.keras      the model          these appear at the end, each in one step,
history.csv      figures by epoch     so that no crash leaves one that looks finished
learned_from.npy hashes of the texts
report.md        figures to look at
metrics.json     test figures         the last of them
saved_model/     the model to serve, which has passed the gate but for its quality
"""

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import FILE_LISTS, OTHER_FILES, DataSource
from keras_pipeline.errors import DiskError, StoppedError, UserError
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.run_files import (
    LOCK_NAME,
    Intent,
    RunLock,
    check_is_free,
    json_text,
    make_default_folder,
    make_folder,
    read_json_object,
    typed_value,
    write_text_whole,
)

DEFAULT_ROOT = Path("runs")
MODEL_FILE: Final = "model.keras"

_FILES: Final = ("path", *OTHER_FILES)
"""Attributes of a `DataSource` that name a file."""


@dataclasses.dataclass(frozen=True)
class RunFolder(contextlib.AbstractContextManager["RunFolder"]):
    """One run; `with run:` lets go of its lock at the end.

    Attributes:
        path: the folder.
        lock: held by a run that was made or reopened to work on it, None where it is only read.
    """

    path: Path
    lock: RunLock | None = dataclasses.field(default=None, compare=False, repr=False)

    def __exit__(self, *error: object) -> None:
        if self.lock is not None:
            self.lock.release()

    @property
    def checkpoint(self) -> Path:
        """State after the last finished epoch."""
        return self.path / "checkpoint.npz"

    @property
    def members(self) -> Path:
        """Networks that are trained first, and what they say."""
        return self.path / "members"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / MODEL_FILE

    @property
    def saved_model(self) -> Path:
        """The model to serve."""
        return self.path / "saved_model"

    @property
    def metrics(self) -> Path:
        """Figures of the test part; the last file of a run, so it tells that the run is whole."""
        return self.path / "metrics.json"

    @property
    def is_saved(self) -> bool:
        """Whether training came to its own end, and the model and its figures are there.

        Raises:
            UserError: metrics.json is damaged.
        """
        if not self.metrics.is_file():
            return False
        return not typed_value(read_json_object(self.metrics), "interrupted", bool, self.metrics)

    @property
    def is_finished(self) -> bool:
        """Whether it is saved, and what it was asked to do with the model is done.

        Raises:
            UserError: metrics.json is damaged.
        """
        return not self.checkpoint.exists() and self.is_saved

    @classmethod
    def create(
        cls,
        path: Path | None,
        config: TrainConfig,
        source: DataSource,
        intent: Intent | None = None,
    ) -> "RunFolder":
        """Make the folder, lock it, and write down what the run was asked.

        Args:
            path: where; by default `runs/<date-time>`, with a number behind it where that is taken.
            config: settings to save.
            source: data to save, with its checksum.
            intent: what else to save; nothing by default.

        Raises:
            UserError: there is something at `path` already, or it cannot be written.
            DiskError: there is no room.
        """
        files = {
            "config.json": config.to_json(),
            "intent.json": (intent or Intent()).to_json(),
            "data.json": json_text(_described(source)),  # the last: where it is, the others are
        }
        if path is None:
            path = make_default_folder(DEFAULT_ROOT)
        else:
            make_folder(path)
        run = cls(path, RunLock(path))
        check_is_free(path)  # another process may have been quicker
        try:
            for name, text in files.items():
                run.write(name, text)
        except BaseException:
            run._remove([*files, LOCK_NAME])
            raise
        return run

    @classmethod
    def reopen(cls, path: Path | None) -> "RunFolder":
        """The run at `path`, or the newest that can be resumed under `runs/`, locked to go on with.

        Tells which runs it passed over, and why.

        Raises:
            UserError: there is no such run, or it failed, or another process works on it.
        """
        return _newest_resumable() if path is None else _reopened(path)

    def config(self) -> TrainConfig:
        """The settings of the run.

        Raises:
            UserError: config.json is damaged.
        """
        return TrainConfig.from_json(self.path / "config.json")

    def intent(self) -> Intent:
        """What else the run was asked.

        Raises:
            UserError: intent.json is damaged.
        """
        return Intent.from_json(self.path / "intent.json")

    def source(self) -> DataSource:
        """The data of the run.

        Raises:
            UserError: the file is gone, or holds other bytes than when the run began; data.json is
                damaged.
        """
        saved, expected = _saved_source(self.path / "data.json")
        files = {name: Path(text) for name, text in _files_in(saved).items()}
        lists = {name: tuple(map(Path, saved.get(name, ()))) for name in FILE_LISTS}
        single = {name: path for name, path in files.items() if "/" not in name}
        columns = {"columns": tuple(saved.get("columns", ()))}
        source = DataSource(**{**saved, **single, **lists, **columns})
        try:
            gone = [path for path in files.values() if not path.is_file()]
            received = {} if gone else source.sha256()
        except OSError as error:
            raise UserError(f"The run's data must be readable. Received: {error}") from None
        if gone:
            raise UserError(f"The run's data is gone; put it back. Received: data={gone[0]}")
        for name, checksum in received.items():
            if checksum != expected[name]:
                raise UserError(
                    f"The run's data has changed since it began; start a new run, or put back the "
                    f"file with sha256 {expected[name]}. Received: data={files[name]}"
                )
        return source

    @property
    def failure(self) -> str | None:
        """The sentence by which the run failed for good, None for any other run.

        Raises:
            UserError: failed.json is damaged.
        """
        path = self.path / "failed.json"
        return typed_value(read_json_object(path), "reason", str, path) if path.exists() else None

    @contextlib.contextmanager
    def noting_failure(self) -> Iterator[None]:
        """Mark the run as failed where the block raises a `UserError`: it would do so again and again.

        Not for a full disk, or a process that was ended: the run goes on.
        """
        try:
            yield
        except (DiskError, StoppedError):
            raise
        except UserError as error:
            with contextlib.suppress(DiskError):
                self.write("failed.json", json_text({"reason": str(error)}))
            raise

    def finish(self) -> None:
        """Remove what was needed to go on; the checkpoint last, for by it a run is unfinished."""
        shutil.rmtree(self.members, ignore_errors=True)
        self.checkpoint.unlink(missing_ok=True)

    def write(self, name: str, text: str) -> None:
        """Write a text file of the run in one step.

        Raises:
            DiskError: it cannot be written.
        """
        write_text_whole(self.path / name, text)

    def _remove(self, names: list[str]) -> None:
        """Take back what was made of a run that did not begin."""
        with contextlib.suppress(OSError):
            for name in names:
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()


def _reopened(path: Path) -> RunFolder:
    """The run at `path`, locked; it may be finished, but not failed."""
    if not (path / "config.json").is_file() or not (path / "data.json").is_file():
        raise UserError(
            f"`--resume` needs a run folder with config.json and data.json. Received: output={path}"
        )
    failure = RunFolder(path).failure
    if failure is not None:
        raise UserError(
            f"`--resume` needs a run that can go on; begin a new one, or remove `{path / 'failed.json'}` "
            f"if you have mended what it says. Received: output={path}, which failed: {failure}"
        )
    return RunFolder(path, RunLock(path))


def _newest_resumable() -> RunFolder:
    """The newest unfinished run that can go on; each one passed over is told with its reason."""
    folders = {
        file.parent
        for name in ("config.json", LOCK_NAME)
        for file in DEFAULT_ROOT.glob(f"*/{name}")
    }
    for path in sorted(folders, key=_began_at, reverse=True):
        run = _resumable(path)
        if run is not None:
            return run
    raise UserError(
        f"`--resume` needs an unfinished run under `{DEFAULT_ROOT}/`, or its folder as --output. "
        f"Received: {len(folders)} runs, none unfinished that can go on"
    )


def _resumable(path: Path) -> RunFolder | None:
    """The run at `path`, locked, once everything that it needs has been read; None if it cannot go on."""
    try:
        if RunFolder(path).is_finished:
            return None
        run = _reopened(path)
        run.config(), run.intent(), run.source()
    except UserError as error:
        print(f"Passed over {path}: {error}")
        return None
    return run


def _described(source: DataSource) -> dict[str, Any]:
    resolved = {name: str(path.resolve()) for name, path in source.files().items()}
    single = {name: text for name, text in resolved.items() if "/" not in name}
    lists = {
        kind: [text for name, text in resolved.items() if name.startswith(f"{kind}/")]
        for kind in FILE_LISTS
    }
    return {**dataclasses.asdict(source), **single, **lists, "sha256": source.sha256()}


def _files_in(saved: dict[str, Any]) -> dict[str, Any]:
    """As `DataSource.files` names them."""
    files = {name: saved[name] for name in _FILES if saved.get(name) is not None}
    for kind in FILE_LISTS:
        listed = saved.get(kind) or []
        files |= (
            {f"{kind}/{n}": text for n, text in enumerate(listed)}
            if isinstance(listed, list)
            else {kind: None}
        )
    return files


def _saved_source(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments of a `DataSource` in data.json, files as text, and the checksum of each file."""
    saved = read_json_object(path)
    checksums = saved.pop("sha256", None)
    if saved.get("drop_unknown_labels") is True:  # a run from before `label_map` knew the three
        saved["label_map"] = saved.get("label_map") or ",".join(SENTIMENTS)
    if isinstance(checksums, str):  # a run from before embeddings and soft labels
        checksums = {"path": checksums}
    files = _files_in(saved)
    kinds = {field.name: type(field.default) for field in dataclasses.fields(DataSource)}
    sound = (
        isinstance(checksums, dict)
        and "path" in files
        and checksums.keys() == files.keys()
        and all(isinstance(text, str) for text in [*files.values(), *checksums.values()])
        and saved.keys() <= kinds.keys()
        and all(
            isinstance(saved[name], kinds[name]) for name in saved if kinds[name] in (str, bool)
        )
        and isinstance(saved.get("label_map"), str | None)
        and isinstance(saved.get("delimiter"), str | None)
        and _is_list_of_texts(saved.get("columns", []))
    )
    if not sound:
        raise UserError(
            f"`{path}` must tell what the run reads, as training wrote it; put it back, or begin a new run. "
            f"Received: {json.dumps({**saved, 'sha256': checksums}):.200}"
        )
    return saved, checksums


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _began_at(path: Path) -> tuple[int, str]:
    """Sorts runs by when they began, whatever their names; config.json is written once."""
    try:
        return (path / "config.json").stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name
