"""Trained model in, published version out: stage, write, publish in one step."""

from pathlib import Path
from typing import Any

from export.publish import staged_version
from export.saved_model import write_saved_model


def export_model(model: Any, to: Path) -> Path:
    """Publish `model` as the next version under `to`.

    Args:
        model: a trained string model; see `export.saved_model.ServingModule`.
        to: folder that holds the numbered versions; made if it is not there.

    Returns:
        The version's directory, such as `models/tweet_sentiment/3`.

    Raises:
        ExportError: the version could not be written; the folder is as it was.
    """
    with staged_version(to) as stage:
        write_saved_model(model, stage.path)
    return stage.published
