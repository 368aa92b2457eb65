"""TensorProto to tensor and back, with the rules of TensorFlow Serving."""

import math
from collections.abc import Callable
from typing import Any, Final

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.status import StatusError, invalid

_MAX_RANK: Final = 32
"""As many as NumPy 1 has, for the answers' sake. TensorFlow has 254, and an operation that adds one to them
ends the process; Python multiplies 100,000 dimensions for 20 seconds, and nobody else runs meanwhile."""

OPAQUE: Final = frozenset({types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT})
"""Types that no signature takes from a caller. A variant holds tensors of any shape, so none is read."""


def check_rows(alias: str, rows: int, max_rows: int) -> None:
    """Refuse a request of too many rows.

    Raises:
        StatusError: INVALID_ARGUMENT, as a server that batches says it of more than its batch.
    """
    if rows > max_rows:
        raise invalid(
            f"Input {alias} has {rows} rows, and this server takes at most {max_rows} in a request: ask"
            " in smaller requests, or start it with a larger --max_request_rows."
        )


def to_tensor(alias: str, proto: tensor_pb2.TensorProto, max_rows: int) -> tf.Tensor:
    """The tensor that a request carries for the input `alias`.

    Args:
        alias: The input's name in the signature.
        proto: What was sent.
        max_rows: Largest first dimension, and how far the last of too few values is repeated.

    Raises:
        StatusError: INVALID_ARGUMENT, the proto is malformed, or its shape too large; nothing was
            allocated for it then.
    """
    dims = proto.tensor_shape.dim
    if dims:
        check_rows(alias, dims[0].size, max_rows)
    if len(dims) > _MAX_RANK:
        raise invalid(
            f"Input {alias} has {len(dims)} dimensions, and this server takes at most {_MAX_RANK}."
        )
    if (
        proto.dtype == types_pb2.DT_STRING
        and len(dims) == 1
        and dims[0].size == len(proto.string_val)
        and not proto.tensor_content
    ):
        # The usual request, a list of texts: 10 us, where the way below takes 45 (2 cores, one text).
        return tf.constant(list(proto.string_val), tf.string)
    if proto.dtype in OPAQUE:
        raise invalid(f"tensor parsing error: {alias}")
    _check_repeated(alias, proto, max_rows)
    return _parse(alias, proto)


def _check_repeated(alias: str, proto: tensor_pb2.TensorProto, max_rows: int) -> None:
    """Refuse a shape far larger than its values: 47 bytes would be repeated to 4 GB."""
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    wanted = math.prod(sizes)
    carried = sum(
        len(values) for field, values in proto.ListFields() if field.name in _VALUE_FIELDS
    )
    if wanted > max(carried, max_rows):
        raise invalid(
            f"Input {alias} of shape {sizes} has {wanted} values and carries {carried}; the last is repeated"
            f" to fill at most {max_rows}: send every value, or start the server with a larger"
            " --max_request_rows."
        )


def _parse(alias: str, proto: tensor_pb2.TensorProto) -> tf.Tensor:
    """Let TensorFlow's own `Tensor::FromProto` decide, as the real server does.

    It cuts values to the shape, repeats the last one where some are missing, and reads every type.
    """
    try:
        return tf.io.parse_tensor(proto.SerializeToString(), tf.dtypes.as_dtype(proto.dtype))
    except (tf.errors.OpError, TypeError, ValueError) as error:
        raise invalid(f"tensor parsing error: {alias}") from error


def _bits(array: Any) -> list[int]:
    return array.view(np.uint16).tolist()


def _interleaved(array: Any) -> list[float]:
    return array.view(array.real.dtype).tolist()


# For each type the field that carries it, and how its flat array is written there; `tolist` alone
# where nothing is said.
_FIELDS: Final[dict[tf.DType, tuple[str, Callable[[Any], list[Any]] | None]]] = {
    tf.float32: ("float_val", None),
    tf.float64: ("double_val", None),
    tf.string: ("string_val", None),
    tf.bool: ("bool_val", None),
    tf.int8: ("int_val", None),
    tf.int16: ("int_val", None),
    tf.int32: ("int_val", None),
    tf.int64: ("int64_val", None),
    tf.uint8: ("int_val", None),
    tf.uint16: ("int_val", None),
    tf.uint32: ("uint32_val", None),
    tf.uint64: ("uint64_val", None),
    tf.float16: ("half_val", _bits),
    tf.bfloat16: ("half_val", _bits),
    tf.complex64: ("scomplex_val", _interleaved),
    tf.complex128: ("dcomplex_val", _interleaved),
}

# The last two are bytes, of which each value has at least one.
_VALUE_FIELDS: Final = frozenset(
    {field for field, _ in _FIELDS.values()} | {"tensor_content", "float8_val"}
)


def fill_proto(proto: tensor_pb2.TensorProto, tensor: tf.Tensor) -> None:
    """Write a result in the `*_val` field of its type.

    `tf.make_tensor_proto` would choose `tensor_content`, which many clients do not read.

    Raises:
        StatusError: UNIMPLEMENTED, a quantized type or another that Python has no numbers for.
    """
    if tensor.dtype not in _FIELDS:
        raise StatusError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"The embedded server cannot answer with a tensor of type {tensor.dtype.name}.",
        )
    proto.dtype = tensor.dtype.as_datatype_enum
    proto.tensor_shape.SetInParent()
    for size in tensor.shape:
        proto.tensor_shape.dim.add(size=size)
    if 0 in tensor.shape:
        # NumPy has no array of shape [0, 2**62], TensorFlow does.
        return
    field, flatten = _FIELDS[tensor.dtype]
    flat = np.asarray(tensor.numpy()).reshape(-1)
    getattr(proto, field).extend(flat.tolist() if flatten is None else flatten(flat))
