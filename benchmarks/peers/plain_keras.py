"""Our own model, exported as plain Keras would: what Keras traces, and nothing faster."""

from pathlib import Path
from typing import Any

from export.graph.saved_model import write_saved_model


def write_plain_export(model: Any, directory: Path) -> None:
    """Write the SavedModel of `python -m export --graph keras`.

    Args:
        model: a trained `SentimentModel`.
        directory: an empty folder, or one that is not there yet.
    """
    write_saved_model(model, directory, "keras")
