"""Tensors and classes as the bodies of answers, laid out as the real server lays them out."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.rest.pretty import decimals, line, lines, object_of, quoted
from serving.server.saved_model.signature import dtype_name
from serving.server.status import invalid

_BYTES_SUFFIX: Final = "_bytes"
"""An output of such a name holds bytes that are no text."""


def _integers(values: Sequence[int]) -> list[bytes]:
    return [b"%d" % value for value in values]


_FIELDS: Final[dict[int, tuple[str, Callable[[Any], list[bytes]]]]] = {
    types_pb2.DT_FLOAT: ("float_val", lambda values: decimals(values, np.float32)),
    types_pb2.DT_DOUBLE: ("double_val", lambda values: decimals(values, np.float64)),
    types_pb2.DT_INT32: ("int_val", _integers),
    types_pb2.DT_INT16: ("int_val", _integers),
    types_pb2.DT_INT8: ("int_val", _integers),
    types_pb2.DT_UINT8: ("int_val", _integers),
    types_pb2.DT_INT64: ("int64_val", _integers),
    types_pb2.DT_UINT32: ("uint32_val", _integers),
    types_pb2.DT_UINT64: ("uint64_val", _integers),
    types_pb2.DT_BOOL: ("bool_val", lambda values: [b"true" if one else b"false" for one in values]),
    types_pb2.DT_STRING: ("string_val", lambda values: [quoted(one) for one in values]),
}  # fmt: skip


class _Bytes(bytes):
    """A value to be written as `{"b64": …}`, which takes lines of its own."""


def _values(name: str, tensor: tensor_pb2.TensorProto) -> Any:
    """Written values in lists as deep as the tensor's shape; a scalar is one value."""
    if tensor.dtype not in _FIELDS:
        kind = dtype_name(tf.as_dtype(tensor.dtype))
        raise invalid(f"Failed to write JSON value for tensor type: {kind}")
    field, write = _FIELDS[tensor.dtype]
    if tensor.dtype == types_pb2.DT_STRING and name.endswith(_BYTES_SUFFIX):
        flat: list[bytes] = [_Bytes(base64.b64encode(one)) for one in tensor.string_val]
    else:
        flat = write(list(getattr(tensor, field)))
    return _nested(flat, [dim.size for dim in tensor.tensor_shape.dim])


def _nested(flat: list[bytes], sizes: Sequence[int]) -> Any:
    if not sizes:
        return flat[0]
    if len(sizes) == 1:
        return flat
    step = len(flat) // sizes[0] if sizes[0] else 0
    return [_nested(flat[row * step : (row + 1) * step], sizes[1:]) for row in range(sizes[0])]


def _written(value: Any, level: int, *, one_line: bool) -> bytes:
    """Written values, `level` containers deep; lists on one line, or each of their items on its own."""
    if isinstance(value, _Bytes):
        return b'{%s"b64": "%s"%s}' % (line(level + 1), value, line(level))
    if isinstance(value, bytes):
        return value
    items = [_written(item, level + 1, one_line=one_line) for item in value]
    if one_line:
        return b"[%s]" % b", ".join(items)
    return lines(b"[]", items, level)


def _list_of_lines(key: str, items: Sequence[bytes]) -> bytes:
    """One object of one list, whose items stand in a line though its bracket does not."""
    if not items:
        return object_of({key: b"[]"}, 0)
    return object_of({key: b"[" + b", ".join(items) + line(1) + b"]"}, 0)


def rows_body(outputs: Mapping[str, tensor_pb2.TensorProto]) -> bytes:
    """`predictions`: a value for each row, or an object where there are several outputs.

    Raises:
        StatusError: INVALID_ARGUMENT, an output has no rows, or another number of them.
    """
    names = sorted(outputs)
    count = _rows(names, outputs)
    values = {name: _values(name, outputs[name]) for name in names}
    if len(names) == 1:
        items = [_written(row, 2, one_line=True) for row in values[names[0]]]
        return _list_of_lines("predictions", items)
    objects = [
        object_of({name: _written(values[name][row], 3, one_line=True) for name in names}, 2)
        for row in range(count)
    ]
    return object_of({"predictions": lines(b"[]", objects, 1)}, 0)


def _rows(names: Sequence[str], outputs: Mapping[str, tensor_pb2.TensorProto]) -> int:
    count: int | None = None
    for name in names:
        dims = outputs[name].tensor_shape.dim
        if not dims:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if count is not None and dims[0].size != count:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {dims[0].size} expecting: {count}"
            )
        count = dims[0].size
    return count or 0


def columns_body(outputs: Mapping[str, tensor_pb2.TensorProto]) -> bytes:
    """`outputs`: the one output's values, or an object of them by name."""
    names = sorted(outputs)
    values = {name: _values(name, outputs[name]) for name in names}
    if len(names) == 1:
        return object_of({"outputs": _written(values[names[0]], 1, one_line=False)}, 0)
    written = {name: _written(value, 2, one_line=False) for name, value in values.items()}
    return object_of({"outputs": object_of(written, 1)}, 0)


def classes_body(result: Any) -> bytes:
    """`results`: for each example its pairs of class and score; of a `ClassificationResult`."""
    rows = [_written(_pairs(found.classes), 2, one_line=True) for found in result.classifications]
    return _list_of_lines("results", rows)


def _pairs(classes: Sequence[Any]) -> list[list[bytes]]:
    scores = decimals([one.score for one in classes], np.float32)
    return [[quoted(one.label.encode()), score] for one, score in zip(classes, scores, strict=True)]
