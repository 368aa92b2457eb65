"""What a caller may hand to the model as text, and the one sentence when it is something else."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

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
    return tf.constant([_utf8(value) for value in values], dtype=tf.string)


def _as_array(text: Any) -> np.ndarray[Any, Any]:
    """An object array of what came; of lists of unequal length it keeps the lists as elements."""
    if text is None or isinstance(text, (int, float, dict, set)):
        raise TypeError(f"{_EXPECTED}. Received: text={_short(text)}")
    values = text.to_numpy() if hasattr(text, "to_numpy") else text  # a pandas Series
    return np.asarray(values, dtype=object)


def _utf8(value: str | bytes) -> bytes:
    """Bytes as they are; lone surrogates, which UTF-8 cannot carry, become `?`."""
    return value if isinstance(value, bytes) else value.encode("utf-8", errors="replace")


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
