"""TensorProto to tensor and back, with the rules of TensorFlow Serving."""

import math
from collections.abc import Callable
from typing import Any, Final

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.status import StatusError, invalid

_MAX_ELEMENTS: Final = 2**31
"""A shape may claim more than any memory holds; Python's allocator tries for ten seconds to get it."""


def to_tensor(alias: str, proto: tensor_pb2.TensorProto) -> tf.Tensor:
    """The tensor that a request carries for the input `alias`.

    Raises:
        StatusError: INVALID_ARGUMENT, the proto is malformed.
    """
    dims = proto.tensor_shape.dim
    if (
        proto.dtype == types_pb2.DT_STRING
        and len(dims) == 1
        and dims[0].size == len(proto.string_val)
        and not proto.tensor_content
    ):
        # The usual request, a list of texts: 10 us, where the way below takes 45 (2 cores, one text).
        return tf.constant(list(proto.string_val), tf.string)
    return _parse(alias, proto)


def _parse(alias: str, proto: tensor_pb2.TensorProto) -> tf.Tensor:
    """Let TensorFlow's own `Tensor::FromProto` decide, as the real server does.

    It cuts values to the shape, repeats the last one where some are missing, and reads every type.
    """
    if math.prod(dim.size for dim in proto.tensor_shape.dim) > _MAX_ELEMENTS:
        raise invalid(f"tensor parsing error: {alias}")
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
    field, flatten = _FIELDS[tensor.dtype]
    array = np.asarray(tensor.numpy())
    flat = array.reshape(-1)
    proto.dtype = tensor.dtype.as_datatype_enum
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, field).extend(flat.tolist() if flatten is None else flatten(flat))
