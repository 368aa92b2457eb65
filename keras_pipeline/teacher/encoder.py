"""The teacher's network: a BERT-like encoder, the mean of its vectors, one layer over the classes.

KerasHub converts a folder as Hugging Face lays one out, and asks no hub. Its GELU is the approximate one:
features of all-MiniLM-L6-v2 differ in the fourth digit from those of PyTorch.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import keras
import keras_hub
import numpy as np
from tokenizers import Tokenizer

from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.encoder_files import TOKENIZER_FILE

LONGEST_PIECES: Final = 96
"""Read of one text: 280 characters seldom need more."""

DROPOUT: Final = 0.1

Array = np.ndarray[Any, Any]


class Pieces:
    """Raw texts to the encoder's word pieces.

    Args:
        folder: of the encoder.

    Raises:
        UserError: its tokenizer cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # noqa: BLE001 (the library raises nothing narrower)
            raise _no_encoder(folder, error) from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_PIECES)
        self.padding = _padding_id(folder)

    def __call__(self, texts: Sequence[str]) -> list[Array]:
        """`[rows] str -> [rows]` of `[pieces] int32`, one piece at least."""
        encoded = self._tokenizer.encode_batch(list(texts))
        return [np.asarray(one.ids or [self.padding], np.int32) for one in encoded]

    def batch(self, rows: Sequence[Array]) -> Array:
        """Padded to the longest: `[rows]` of `[pieces] -> [rows, longest] int32`."""
        result = np.full((len(rows), max(map(len, rows))), self.padding, np.int32)
        for line, ids in zip(result, rows, strict=True):
            line[: len(ids)] = ids
        return result


def build_teacher(folder: Path, classes: int) -> keras.Model:
    """The encoder of a folder with a new last layer: `[batch, pieces] int32 -> logits [batch, classes] float32`.

    Raises:
        UserError: KerasHub cannot convert what is in the folder.
    """
    features = build_encoder(folder)
    dropped = keras.layers.Dropout(DROPOUT, name="features_dropout")(features.output)
    logits = keras.layers.Dense(classes, name="logits")(dropped)
    return keras.Model(features.input, logits, name="teacher")


def build_encoder(folder: Path) -> keras.Model:
    """Word pieces to the mean of the last layer's vectors: `[batch, pieces] int32 -> [batch, features] float32`.

    What the encoder has beside them, such as BERT's pooler, is left out.

    Raises:
        UserError: as for `build_teacher`.
    """
    try:
        backbone = keras_hub.models.Backbone.from_preset(str(folder))
    except Exception as error:  # noqa: BLE001 (whatever a file may hold)
        raise _no_encoder(folder, error) from None
    ids = keras.Input((None,), dtype="int32", name="pieces")
    counted = keras.ops.cast(keras.ops.not_equal(ids, _padding_id(folder)), "int32")
    given = {
        "token_ids": ids,
        "segment_ids": keras.ops.zeros_like(ids),
        "padding_mask": counted,
    }
    states = _states(backbone)({name: given[name] for name in backbone.input})
    weights = keras.ops.expand_dims(keras.ops.cast(counted, states.dtype), -1)
    total = keras.ops.maximum(keras.ops.sum(weights, axis=1), 1.0)
    return keras.Model(ids, keras.ops.sum(states * weights, axis=1) / total, name="features")


def _states(backbone: keras.Model) -> keras.Model:
    """The backbone up to its last layer's vectors, `[batch, pieces, features]`."""
    output = backbone.output
    return keras.Model(
        backbone.input, output["sequence_output"] if isinstance(output, dict) else output
    )


def _padding_id(folder: Path) -> int:
    try:
        padding = json.loads((folder / "config.json").read_text(encoding="utf-8"))["pad_token_id"]
        return int(padding)
    except (ValueError, TypeError, KeyError):  # BERT's own, where nothing is said
        return 0


def _no_encoder(folder: Path, error: Exception) -> UserError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    return UserError(
        "`--encoder` must be the folder of an encoder that KerasHub converts, such as a BERT of Hugging Face's "
        f"layout. Received: encoder={folder} ({reason:.200})"
    )
