"""What a training run left behind: its settings, its data and its figures, read from its folder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from export.errors import UnreadableRunError


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """The JSON files of a run folder, as they are.

    Attributes:
        name: of the folder.
        config: hyperparameters, from config.json.
        data: path, columns, encoding and checksum of the CSV, from data.json.
        results: figures and row counts, from metrics.json.
    """

    name: str
    config: dict[str, Any]
    data: dict[str, Any]
    results: dict[str, Any]


def read_run(folder: Path) -> RunRecord:
    """Read a run folder.

    Raises:
        UnreadableRunError: a file is missing or no JSON.
    """
    try:
        parts = [
            json.loads((folder / f"{name}.json").read_text())
            for name in ("config", "data", "metrics")
        ]
    except (OSError, json.JSONDecodeError) as error:
        raise UnreadableRunError(
            "`model` must stand in its run folder, beside config.json, data.json and metrics.json. "
            f"Received: model in '{folder}' ({error})"
        ) from error
    return RunRecord(folder.resolve().name, *parts)
