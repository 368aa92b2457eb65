"""What a training run left behind: its settings, its data, its figures and what it learned from.

Such files, and the cards made of them, are read by commands that must go on when one of them was damaged
since: here is how.
"""

import dataclasses
import hashlib
import json
import math
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np

from export.errors import DamagedFileError, UnreadableRunError

LEARNED_FROM: Final = "learned_from.npy"
"""Sorted hashes (`export.text_hashes`) of the texts that a model learned from, `[texts] int64`."""

Array = np.ndarray[Any, Any]

_MOST_DIGITS: Final = 18  # more are no 64-bit integer, and of more than 308 no float can be made


@dataclasses.dataclass(frozen=True, eq=False)
class RunRecord:
    """The files of a run folder, as they are.

    Attributes:
        name: of the folder.
        config: hyperparameters, from config.json.
        data: path, columns, encoding and checksum of the CSV, from data.json.
        results: figures and row counts, from metrics.json.
        learned_from: see `LEARNED_FROM`; None where the run has no such file: an older one.
    """

    name: str
    config: dict[str, Any]
    data: dict[str, Any]
    results: dict[str, Any]
    learned_from: Array | None = None

    @property
    def finished_at(self) -> str | None:
        """When training ended, ISO 8601: with the name it tells one run from another."""
        found = self.results.get("finished_at")
        return found if isinstance(found, str) else None

    @property
    def weights_sha256(self) -> str | None:
        """Of the weights that training ended with, see `weights_sha256`; None in a run from before."""
        found = self.results.get("weights_sha256")
        return found if isinstance(found, str) else None

    @property
    def data_name(self) -> str:
        """Name of the table; its path is one machine's own."""
        return Path(str(self.data.get("path", "unknown"))).name

    def with_learned_from(self, hashes: Array) -> Array | None:
        """`hashes`, and those of what this run learned from; None where that is not known."""
        if self.learned_from is None:
            return None
        return np.union1d(self.learned_from, hashes)


def ancestry_of(run: RunRecord) -> list[dict[str, Any]]:
    """What a run that goes on from `run` tells of it and of its own ancestors, the nearest first."""
    checksum = run.data.get("sha256")
    earlier = run.results.get("ancestry")
    told = {
        "run": run.name,
        "finished_at": run.finished_at,
        "data": run.data_name,
        "data_sha256": checksum.get("path") if isinstance(checksum, dict) else checksum,
        "weights_sha256": run.weights_sha256,
    }
    return [told, *(earlier if isinstance(earlier, list) else [])]


def read_run(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        UnreadableRunError: a file is missing or damaged.
    """
    try:
        return RunRecord(
            name=folder.resolve().name,
            config=read_object(folder / "config.json"),
            data=read_object(folder / "data.json"),
            results=read_object(folder / "metrics.json"),
            learned_from=read_hashes(folder / LEARNED_FROM),
        )
    except (OSError, DamagedFileError) as error:
        raise UnreadableRunError(
            "`model` must stand in its run folder, beside config.json, data.json and metrics.json. "
            f"Received: model in '{folder}' ({error})"
        ) from error


def weights_sha256(model: Any) -> str:
    """A checksum of a Keras model's weights: their shapes, types and bytes, in the model's order.

    Writing a model to a file and reading it back does not change it; a step of training does.
    """
    checksum = hashlib.sha256()
    for weights in model.get_weights():
        array = np.ascontiguousarray(weights)
        checksum.update(f"{array.dtype.str}{array.shape}".encode())
        checksum.update(array.data)
    return checksum.hexdigest()


def write_hashes(path: Path, hashes: Array) -> None:
    """Write hashes, sorted and each once, for `read_hashes`; not in one step.

    Args:
        path: a name that ends in `.npy`.
        hashes: `[texts] int64`, in any order.
    """
    np.save(path, np.unique(hashes).astype(np.int64), allow_pickle=False)


def read_hashes(path: Path) -> Array | None:
    """Hashes from a file, `[texts] int64`; None where there is no such file.

    Raises:
        OSError: it cannot be read.
        DamagedFileError: it holds something else.
    """
    try:
        with path.open("rb") as file:
            hashes = np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        return None
    except (ValueError, EOFError, SyntaxError, TokenError, MemoryError) as error:
        raise DamagedFileError(f"{path.name} is damaged: {error}") from error
    if hashes.ndim != 1 or hashes.dtype != np.int64:
        raise DamagedFileError(f"{path.name} holds {hashes.dtype} {hashes.shape}, no int64 (rows,)")
    return hashes


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file, every number in it finite.

    Raises:
        OSError: the file cannot be read.
        DamagedFileError: it holds something else.
    """
    try:
        found = json.loads(
            path.read_text(encoding="utf-8"),
            parse_float=_finite,
            parse_int=_bounded,
            parse_constant=_finite,
        )
    except RecursionError as error:
        raise DamagedFileError(f"{path.name} is nested too deep") from error
    except ValueError as error:
        raise DamagedFileError(f"{path.name} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise DamagedFileError(f"{path.name} holds no JSON object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no finite number")
    return number


def _bounded(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:20]}... is too large a number")
    return int(text)
