"""Word vectors of a sentence encoder's input table: a word's vector is the mean of its pieces' rows.

    model.safetensors    holds `embeddings.word_embeddings.weight`, [pieces, dimensions]
    tokenizer.json       lies beside it, and cuts a word into pieces

No network is run, so that `safetensors` and `tokenizers` are enough, and every word that can be spelt by
pieces has a vector, whether it came up in training or not (docs/training.md has what that is worth).
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.encoder_files import readers_are_installed, tokenizer_beside
from keras_pipeline.fit.words.word_vectors import WordVectors

_TABLE: Final = "word_embeddings.weight"
"""End of the name of a BERT's input table."""

_MEANINGS: Final = {
    "SMILE": "smile",
    "FROWN": "sad",
    "HEART": "love",
    "TONGUE": "tongue",
    "CENSORED": "damn",
    "DOTS": "...",
    "URL": "link",
}
"""What the cleaner's tokens stand for; the encoder knows English words."""


def encoder_vectors(path: Path, words: Sequence[str]) -> WordVectors:
    """The vectors of those `words` that can be spelt by the encoder's pieces.

    Raises:
        UserError: the libraries are not installed, the files are not an encoder's, or none of the words is known.
    """
    table, tokenizer = read_encoder(path)
    spelt = [_spelling(word) for word in words]
    unknown = tokenizer.token_to_id("[UNK]")
    rows: dict[str, int] = {}
    vectors: list[np.ndarray[Any, Any]] = []
    for word, encoded in zip(
        words, tokenizer.encode_batch(spelt, add_special_tokens=False), strict=True
    ):
        if encoded.ids and unknown not in encoded.ids:
            rows[word] = len(vectors)
            vectors.append(table[encoded.ids].mean(axis=0))
    if not vectors:
        raise UserError(
            f"`{path}` must be an encoder of some language of the table. Received: none of "
            f"{len(words):,} words is known to it"
        )
    return WordVectors(rows, np.stack(vectors))


def _spelling(word: str) -> str:
    """What stands for a word: an emoji is what Unicode calls it, `🔥` fire; nothing for no word."""
    if word in ("", "[UNK]"):
        return ""
    if word in _MEANINGS:
        return _MEANINGS[word]
    if any(unicodedata.category(character) == "So" for character in word):
        names = (unicodedata.name(character, "") for character in word)
        return " ".join(names).lower()
    return word


def read_encoder(path: Path) -> tuple[np.ndarray[Any, Any], Any]:
    """The input table, `[pieces, dimensions] float32`, and the tokenizer, of the library `tokenizers`.

    Raises:
        UserError: the libraries are not installed, or the files are not an encoder's.
    """
    if not readers_are_installed():
        raise UserError(
            "`embeddings` of an encoder are read by the extra `vectors`; install it by: "
            f"pip install '.[vectors]'. Received: embeddings={path}"
        )
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 (an extra)
    from tokenizers import Tokenizer  # noqa: PLC0415

    try:
        with safe_open(path, "numpy") as file:
            name = next((key for key in file.keys() if key.endswith(_TABLE)), None)  # noqa: SIM118 (no mapping)
            if name is None:
                raise UserError(
                    f"`embeddings` must hold a table `…{_TABLE}`, as a BERT does. Received: embeddings={path}"
                )
            table = file.get_tensor(name).astype(np.float32)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"`embeddings` must be a readable file of tensors. Received: embeddings={path} ({error})"
        ) from None
    return table, _tokenizer(tokenizer_beside(path), Tokenizer)


def _tokenizer(path: Path, kind: Any) -> Any:
    if not path.is_file():
        raise UserError(
            f"`embeddings` of an encoder need its {path.name} beside them. Received: {path} (no such file)"
        )
    try:
        tokenizer = kind.from_file(str(path))
    except Exception as error:  # noqa: BLE001 (the library raises nothing narrower)
        raise UserError(
            f"`{path}` must be an encoder's tokenizer, as Hugging Face's tokenizers write it. "
            f"Received: {error}"
        ) from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
