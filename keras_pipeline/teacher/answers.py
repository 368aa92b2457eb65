"""What the teacher says of texts: logits, kept in pieces, so that a killed process goes on; then a CSV.

The CSV is UTF-8 with its mark, whatever the table's encoding is: texts may come from several tables.
"""

import csv
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy.special import softmax

from keras_pipeline.run_files import write_whole

if TYPE_CHECKING:
    from keras_pipeline.teacher.encoder import Pieces  # which imports KerasHub: seconds

ROWS_OF_A_PIECE: Final = 8192
_BATCH: Final = 128
_SECONDS_BETWEEN_LINES: Final = 30

Array = np.ndarray[Any, Any]


def logits_of(
    model: keras.Model,
    pieces: "Pieces",
    texts: Sequence[str],
    progress: Callable[[int], None] | None = None,
) -> Array:
    """Ask: `[rows] str -> [rows, classes] float32`, in the rows' order.

    Args:
        model: the teacher.
        pieces: its tokenizer.
        texts: raw.
        progress: is told how many more texts have been answered.
    """
    answer = _compiled(model)
    ids = pieces(texts)
    # Neighbours of one length are padded little.
    order = np.argsort([len(one) for one in ids], kind="stable")
    result = np.empty((len(texts), model.output_shape[-1]), np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        result[rows] = answer(pieces.batch([ids[row] for row in rows])).numpy()
        if progress is not None:
            progress(len(rows))
    return result


def _compiled(model: keras.Model) -> Callable[[Array], tf.Tensor]:
    signature = [tf.TensorSpec([None, None], tf.int32)]
    return tf.function(partial(model, training=False), input_signature=signature)


def probabilities(logits: Array, temperature: float = 1.0) -> Array:
    """Softmax at a temperature: `[rows, classes] float32 -> [rows, classes] float64`."""
    cooled: Array = softmax(logits.astype(np.float64) / temperature, axis=1)
    return cooled


def ask_about(folder: Path, model: keras.Model, pieces: "Pieces", texts: Sequence[str]) -> Array:
    """The same, piece by piece into a folder; what is there already is not asked again.

    Args:
        folder: of these very texts, asked of this very teacher.
        model: the teacher.
        pieces: its tokenizer.
        texts: raw.

    Raises:
        DiskError: there is no room.
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    result = np.empty((len(texts), model.output_shape[-1]), np.float32)
    told = _Told(len(texts))
    for number, start in enumerate(range(0, len(order), ROWS_OF_A_PIECE)):
        rows, path = order[start : start + ROWS_OF_A_PIECE], folder / f"answers-{number:05}.npy"
        if path.is_file():
            result[rows] = np.load(path)
            told(len(rows))
            continue
        result[rows] = logits_of(model, pieces, [texts[row] for row in rows], told)
        write_whole(path, partial(_save, array=result[rows]))
    return result


def _save(path: Path, array: Array) -> None:
    np.save(path, array)


class _Told:
    """Keras's bar on a terminal, else a line now and then."""

    def __init__(self, total: int) -> None:
        self._bar = keras.utils.Progbar(total, verbose=1) if sys.stdout.isatty() else None
        self._total, self._done, self._told_at = total, 0, time.monotonic()

    def __call__(self, more: int) -> None:
        self._done += more
        if self._bar is not None:
            self._bar.update(self._done)
        elif time.monotonic() - self._told_at > _SECONDS_BETWEEN_LINES:
            self._told_at = time.monotonic()
            print(f"asked about {self._done:,} of {self._total:,} texts", flush=True)


def write_soft_labels(
    path: Path, texts: Sequence[str], answers: Array, names: Sequence[str], text_column: str
) -> None:
    """What `--soft-labels` takes, in one step.

    Args:
        path: the CSV.
        texts: `[rows]` str.
        answers: probabilities, `[rows, classes]`.
        names: of the classes.
        text_column: name of the first column.

    Raises:
        DiskError: there is no room.
    """
    table = pd.DataFrame({text_column: texts, **dict(zip(names, answers.T, strict=True))})
    # Quotes around every text: else a carriage return in one would end the row for its reader.
    write = partial(
        table.to_csv,
        index=False,
        float_format="%.5f",
        quoting=csv.QUOTE_NONNUMERIC,
        encoding="utf-8-sig",
    )
    write_whole(path, write)
