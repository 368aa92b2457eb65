"""What a caller may hand to the model as text and as labels, and the one sentence when it is something else."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.start.utf8 import encode_text

_EXPECTED = "`text` must be a list, array or tensor of strings of shape [batch]"


def as_text(text: Any) -> Any:
    """Make a `[batch] string` tensor of what a caller passed.

    Args:
        text: a list or tuple of str or bytes, a NumPy array of strings or objects, a pandas Series,
            a string tensor (eager or symbolic) or a symbolic Keras input.

    Returns:
        A string tensor of rank 1; Keras inputs and tensors of unknown rank pass as they are.

    Raises:
        TypeError: a bare string, None, or elements that are not strings.
        ValueError: more than one dimension.

    Example:
    >>> as_text(["some tweet"]).shape
    TensorShape([1])
    >>> as_text("some tweet")
    Traceback (most recent call last):
    TypeError: `text` must be a list, array or tensor of strings of shape [batch]; wrap one string \
in a list. Received: text='some tweet'
    """
    if isinstance(text, (str, bytes)):
        raise TypeError(f"{_EXPECTED}; wrap one string in a list. Received: text={_short(text)}")
    if isinstance(text, keras.KerasTensor) or tf.is_tensor(text):
        _check_tensor(text)
        return text
    values = _as_array(text)
    for value in values.flat:
        if not isinstance(value, (str, bytes)):
            raise TypeError(
                f"{_EXPECTED}. Received: {_short(value)} of type {type(value).__name__} inside text"
            )
    if values.ndim != 1:
        raise ValueError(f"{_EXPECTED}. Received: text of shape {list(values.shape)}")
    return tf.constant([encode_text(value) for value in values], dtype=tf.string)


def as_class_ids(labels: Any, names: Sequence[str]) -> np.ndarray[Any, Any]:
    """Class ids of what a caller passed as labels: `[rows] int64`.

    Args:
        labels: ids, or names as str or bytes; a list, tuple, NumPy array, pandas Series or eager tensor.
        names: of the classes; the position is the id.

    Raises:
        ValueError: an id out of range, a name that is none, or more than one dimension.
        TypeError: neither ids nor names.

    Example:
    >>> as_class_ids(["positive", "negative"], ["negative", "neutral", "positive"]).tolist()
    [2, 0]
    >>> as_class_ids([3], ["negative", "neutral", "positive"])
    Traceback (most recent call last):
    ValueError: `y` must hold class ids from 0 to 2, or the names negative, neutral, positive. \
Received: 3 in row 0
    """
    expected = (
        f"`y` must hold class ids from 0 to {len(names) - 1}, or the names {', '.join(names)}"
    )
    values = np.asarray(labels.to_numpy() if hasattr(labels, "to_numpy") else labels)
    if values.ndim != 1:
        raise ValueError(f"{expected}. Received: y of shape {list(values.shape)}")
    if values.dtype.kind in "OSU":
        ids = {name: number for number, name in enumerate(names)}
        words = [value.decode() if isinstance(value, bytes) else value for value in values.tolist()]
        found = np.array([ids.get(word, word if _is_id(word) else -1) for word in words], np.int64)
    elif values.dtype.kind in "iu":
        found = values.astype(np.int64)
    else:
        raise TypeError(f"{expected}. Received: y of dtype {values.dtype}")
    wrong = np.flatnonzero((found < 0) | (found >= len(names)))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(f"{expected}. Received: {_short(values.tolist()[row])} in row {row}")
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def labelled_batches(
    text: Any,
    labels: Any,
    names: Sequence[str],
    batch_size: int,
    sample_weight: Any = None,
    *,
    shuffle: bool = False,
) -> tf.data.Dataset:
    """Batches of texts and class ids, and of weights where there are any.

    Args:
        text: see `as_text`.
        labels: see `as_class_ids`.
        names: of the classes.
        batch_size: rows of a batch; the last may have fewer.
        sample_weight: how much each row counts, `[rows]`.
        shuffle: draw a new order for each epoch.

    Raises:
        TypeError: as `as_text` and `as_class_ids`.
        ValueError: so too, or of another number of labels or weights than of texts.
    """
    parts = [as_text(text), as_class_ids(labels, names)]
    if sample_weight is not None:
        parts.append(np.asarray(sample_weight, np.float32))
    for name, part in zip(("y", "sample_weight"), parts[1:], strict=False):
        if len(part) != len(parts[0]):
            raise ValueError(
                f"`{name}` must have one entry a text. "
                f"Received: {len(part)} entries for {len(parts[0])} texts"
            )
    rows = tf.data.Dataset.from_tensor_slices(tuple(parts))
    return (rows.shuffle(max(1, len(parts[0]))) if shuffle else rows).batch(batch_size)


def _as_array(text: Any) -> np.ndarray[Any, Any]:
    """An object array of what came; of lists of unequal length it keeps the lists as elements."""
    if text is None or isinstance(text, (int, float, dict, set)):
        raise TypeError(f"{_EXPECTED}. Received: text={_short(text)}")
    values = text.to_numpy() if hasattr(text, "to_numpy") else text  # a pandas Series
    return np.asarray(values, dtype=object)


def _check_tensor(text: Any) -> None:
    if keras.backend.standardize_dtype(text.dtype) != "string":
        name = keras.backend.standardize_dtype(text.dtype)
        raise TypeError(f"{_EXPECTED}. Received: a tensor of dtype {name}")
    rank = getattr(text.shape, "rank", len(text.shape) if text.shape is not None else None)
    if rank not in (None, 1):
        raise ValueError(f"{_EXPECTED}. Received: text of shape {list(text.shape)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
