"""The string half of a version that takes token ids: so that it can be examined on texts.

    assets.extra/string_half/       a SavedModel, text [batch] string -> token_ids [batch, time] int64

The file that callers load carries no string ops, and every version has words and a cleaning of its own.
With this beside it a version answers any examination, long after the model that it was made of is gone.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.errors import ExportError
from export.graph.token_ids import TokenIds
from export.signatures import TEXT, TOKEN_IDS

STRING_HALF: Final = Path("assets.extra", "string_half")

Array = np.ndarray[Any, Any]

_ROWS_AT_ONCE: Final = 2048
_TEXT_SPEC: Final = tf.TensorSpec([None], tf.string, name=TEXT)


class _StringHalf(tf.Module):
    """What is saved."""

    def __init__(self, token_ids: TokenIds) -> None:
        super().__init__(name="string_half")
        self._token_ids = token_ids

    @tf.function(input_signature=[_TEXT_SPEC], autograph=False)
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {token_ids: [batch, time] int64}`."""
        return {TOKEN_IDS: self._token_ids(text)}


def write_string_half(directory: Path, model: Any) -> None:
    """Write it into a version directory.

    Args:
        directory: of the version.
        model: see `export.graph.serving_graph.serving_graph`.

    Raises:
        ExportError: the model's vectorizer has other settings than `TokenIds` knows.
    """
    token_ids = TokenIds(model.cleaner, model.vectorizer, model.padded_length)
    tf.saved_model.save(_StringHalf(token_ids), str(directory / STRING_HALF))


def read_string_half(directory: Path) -> Callable[[Sequence[str | bytes] | Array], Array]:
    """A function `[rows] texts -> [rows, time] int64`, padded to the longest of all.

    Raises:
        ExportError: the version has none, or it cannot be loaded.
    """
    try:
        loaded = tf.saved_model.load(str(directory / STRING_HALF))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ExportError(
            f"a version that takes token ids must have its string half in '{STRING_HALF}'; export its run "
            f"again. Received: {str(error).splitlines()[0]}"
        ) from error
    return lambda texts: _in_batches(loaded, texts)


def _in_batches(loaded: Any, texts: Sequence[str | bytes] | Array) -> Array:
    batches = [
        loaded(tf.constant(texts[start : start + _ROWS_AT_ONCE], tf.string))[TOKEN_IDS].numpy()
        for start in range(0, len(texts), _ROWS_AT_ONCE)
    ]
    time = max(batch.shape[1] for batch in batches)
    return np.concatenate([np.pad(b, [(0, 0), (0, time - b.shape[1])]) for b in batches])
