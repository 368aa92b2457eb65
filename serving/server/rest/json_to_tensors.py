"""A request's JSON as the messages that gRPC would have carried, with the refusals of the real server."""

import binascii
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.rest.document import Json
from serving.server.rest.pretty import shown
from serving.server.saved_model.signature import dtype_name
from serving.server.status import StatusError, invalid

Inputs = Mapping[str, Any]
"""What a signature declares of its inputs: a `TensorInfo` by name."""

_B64: Final = b"b64"
_SPACE: Final = re.compile(rb"\s+")
_ALPHABET: Final = re.compile(rb"[A-Za-z0-9+/]*")


def json_type(value: Json) -> str:
    """What RapidJSON calls a value's type.

    >>> [json_type(one) for one in (None, True, 1, b"", [], {})]
    ['Null', 'True', 'Number', 'String', 'Array', 'Object']
    """
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    if isinstance(value, bytes):
        return "String"
    return "Array" if isinstance(value, list) else "Object" if isinstance(value, dict) else "Number"


def is_base64(value: Json) -> bool:
    """Whether it is `{"b64": "…"}` and nothing more."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(_B64), bytes)


def from_base64(value: Json) -> bytes:
    """The bytes of `{"b64": "…"}`; padding may be left out, white space may stand anywhere.

    Raises:
        StatusError: INVALID_ARGUMENT, it is none.
    """
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = _SPACE.sub(b"", value[_B64])
    body = text.rstrip(b"=")
    missing = -len(body) % 4
    padding = len(text) - len(body)
    if missing == 3 or padding not in (0, missing) or not _ALPHABET.fullmatch(body):
        raise invalid("Unable to base64 decode")
    return binascii.a2b_base64(body + b"=" * missing)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Kind:
    """How values of one type are taken from JSON.

    Attributes:
        field: the field of a `TensorProto` that carries them.
        takes: whether a value is one.
        largest: of a decimal type, the largest whole number and the largest number; `None` of others.
    """

    field: str
    takes: Callable[[Json], bool]
    largest: tuple[int, float] | None = None


def _whole(low: int, high: int) -> Callable[[Json], bool]:
    return lambda value: type(value) is int and low <= value <= high


_INT32: Final = _whole(-(2**31), 2**31 - 1)
_KINDS: Final = {
    types_pb2.DT_FLOAT: _Kind("float_val", _is_number, (2**24 - 1, float(np.finfo(np.float32).max))),
    types_pb2.DT_DOUBLE: _Kind("double_val", _is_number, (2**53 - 1, math.inf)),
    # The real server asks no more of the smaller ones: what does not fit is cut by the tensor.
    types_pb2.DT_INT32: _Kind("int_val", _INT32),
    types_pb2.DT_INT16: _Kind("int_val", _INT32),
    types_pb2.DT_INT8: _Kind("int_val", _INT32),
    types_pb2.DT_UINT8: _Kind("int_val", _INT32),
    types_pb2.DT_STRING: _Kind("string_val", lambda value: isinstance(value, bytes)),
    types_pb2.DT_INT64: _Kind("int64_val", _whole(-(2**63), 2**63 - 1)),
    types_pb2.DT_BOOL: _Kind("bool_val", lambda value: isinstance(value, bool)),
    types_pb2.DT_UINT32: _Kind("uint32_val", _whole(0, 2**32 - 1)),
    types_pb2.DT_UINT64: _Kind("uint64_val", _whole(0, 2**64 - 1)),
}  # fmt: skip


def _check_lossless(value: float, kind: _Kind, name: str) -> None:
    assert kind.largest is not None, "asked of decimal types alone"
    whole, any_ = kind.largest
    if math.isfinite(value) and abs(value) > (whole if isinstance(value, int) else any_):
        raise invalid(
            f"Cannot convert JSON value: {shown(value)} to {name} without loss of precision."
        )


def _scalar(value: Json, dtype: int) -> Json:
    name = dtype_name(tf.as_dtype(dtype))
    kind = _KINDS.get(dtype)
    if kind is None:
        raise StatusError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {shown(value)} to type: {name}",
        )
    if not kind.takes(value):
        raise invalid(
            f"JSON Value: {shown(value)} Type: {json_type(value)} is not of expected type: {name}"
        )
    if kind.largest is not None:
        _check_lossless(value, kind, name)
    return value


def _shape(value: Json) -> list[int]:
    """The shape that the first item of every list tells."""
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return sizes


def _fill(value: Json, level: int, shape: Sequence[int], dtype: int, into: list[Json]) -> None:
    """Append the scalars of a value that must have this shape."""
    if isinstance(value, list):
        if level >= len(shape):
            raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
        if len(value) != shape[level]:
            raise invalid(
                f"Encountered list at unexpected size: {len(value)} at level: {level}"
                f" expected size: {shape[level]}"
            )
        for item in value:
            _fill(item, level + 1, shape, dtype, into)
        return
    if level != len(shape):
        raise invalid(
            f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM."
            f" Expected at level: {len(shape)}"
        )
    is_bytes = isinstance(value, dict) and dtype == types_pb2.DT_STRING
    into.append(from_base64(value) if is_bytes else _scalar(value, dtype))


def _tensor(dtype: int, shape: Sequence[int], values: list[Json]) -> tensor_pb2.TensorProto:
    proto = tensor_pb2.TensorProto(dtype=dtype)
    proto.tensor_shape.SetInParent()
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    if values:
        getattr(proto, _KINDS[dtype].field).extend(values)
    return proto


class _Column:
    """The values of one input, row by row, each of the first one's shape."""

    def __init__(self, dtype: int) -> None:
        self._dtype = dtype
        self._shape: list[int] | None = None
        self._rows = 0
        self._values: list[Json] = []

    def add(self, value: Json) -> None:
        shape = _shape(value)
        before = len(self._values)
        _fill(value, 0, shape, self._dtype, self._values)
        self._rows += 1
        if self._shape is None:
            self._shape = shape
            return
        size, got = before // (self._rows - 1), len(self._values) - before
        if size != got:
            raise invalid(f"Expecting tensor size: {size} but got: {got}")
        if shape != self._shape:
            raise invalid(f"Expecting shape {_brackets(self._shape)} but got: {_brackets(shape)}")

    def tensor(self) -> tensor_pb2.TensorProto:
        return _tensor(self._dtype, [self._rows, *(self._shape or [])], self._values)


def _brackets(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"


def rows_to_tensors(items: list[Json], inputs: Inputs) -> dict[str, tensor_pb2.TensorProto]:
    """The tensors of `instances`: values of the one input, or objects of all inputs by name.

    Args:
        items: one or more.
        inputs: of the signature.

    Raises:
        StatusError: as the real server refuses.
    """
    if not isinstance(items[0], dict) and len(inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors"
            " required as per tensorinfo_map"
        )
    columns = {name: _Column(inputs[name].dtype) for name in sorted(inputs)}
    add = _add_object if _is_row_object(items[0]) else _add_value
    for number, item in enumerate(items):
        add(item, number, columns)
    return {name: column.tensor() for name, column in columns.items()}


def _is_row_object(item: Json) -> bool:
    return isinstance(item, dict) and not is_base64(item)


def _add_value(item: Json, number: int, columns: Mapping[str, _Column]) -> None:
    if _is_row_object(item):
        raise invalid(f"Expecting value/list but got object at item {number} of input list")
    try:
        next(iter(columns.values())).add(item)
    except StatusError as error:
        raise _in_row(error, str(number)) from error


def _add_object(item: Json, number: int, columns: Mapping[str, _Column]) -> None:
    if not _is_row_object(item):
        raise invalid(f"Expecting object but got list at item {number} of input list")
    for key, value in item.items():
        name = text_of(key)
        try:
            if name not in columns:
                raise invalid(f"JSON object: does not have named input: {name}")
            columns[name].add(value)
        except StatusError as error:
            raise _in_row(error, f"{number} key: {name}") from error
    if {text_of(key) for key in item} != set(columns):
        raise invalid(
            f"Failed to process element: {number} of 'instances' list. JSON object: {shown(item)}"
            f" keys must be equal to: {','.join(columns)}"
        )


def _in_row(error: StatusError, where: str) -> StatusError:
    return invalid(
        f"Failed to process element: {where} of 'instances' list. Error: {error.code.name}: {error.whole}"
    )


def text_of(key: bytes) -> str:
    """A key of an object as a name; bytes that are no UTF-8 survive in a message."""
    return key.decode(errors="surrogateescape")


def columns_to_tensors(value: Json, inputs: Inputs) -> dict[str, tensor_pb2.TensorProto]:
    """The tensors of `inputs`: the one input's value, or an object of all inputs by name.

    Raises:
        StatusError: as the real server refuses.
    """
    if isinstance(value, dict) and not is_base64(value):
        given = {text_of(key): one for key, one in value.items()}
        return {name: _column(name, given, inputs) for name in sorted(inputs)}
    if len(inputs) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors"
            " required as per tensorinfo_map"
        )
    (name,) = inputs
    return {name: _column(name, {name: value}, inputs)}


def _column(name: str, given: Mapping[str, Json], inputs: Inputs) -> tensor_pb2.TensorProto:
    if name not in given:
        raise invalid(f"Missing named input: {name} in 'inputs' object.")
    dtype, shape = inputs[name].dtype, _shape(given[name])
    values: list[Json] = []
    _fill(given[name], 0, shape, dtype, values)
    return _tensor(dtype, shape, values)
