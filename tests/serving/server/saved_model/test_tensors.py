"""Tensors to protos and back, type by type."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.flags import MAX_REQUEST_ROWS
from serving.server.saved_model.tensors import fill_proto, to_tensor
from serving.server.status import StatusError

FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.float16: "half_val",
    tf.bfloat16: "half_val",
    tf.int8: "int_val",
    tf.uint8: "int_val",
    tf.int16: "int_val",
    tf.uint16: "int_val",
    tf.int32: "int_val",
    tf.uint32: "uint32_val",
    tf.int64: "int64_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.complex64: "scomplex_val",
    tf.complex128: "dcomplex_val",
    tf.string: "string_val",
}


def proto_of(tensor):
    proto = tensor_pb2.TensorProto()
    fill_proto(proto, tensor)
    return proto


@pytest.mark.parametrize("dtype", FIELDS, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)], ids=str)
def test_every_type_has_its_field_and_comes_back(dtype, shape):
    numbers = tf.reshape(tf.range(int(np.prod(shape))), shape)
    tensor = tf.strings.as_string(numbers) if dtype is tf.string else tf.cast(numbers, dtype)
    proto = proto_of(tensor)
    filled = {field.name for field, _ in proto.ListFields()} - {"dtype", "tensor_shape"}
    assert filled == ({FIELDS[dtype]} if np.prod(shape) else set())
    back = to_tensor("x", proto, MAX_REQUEST_ROWS)
    assert (back.dtype, back.shape) == (dtype, tensor.shape)
    assert np.array_equal(back.numpy(), tensor.numpy())


def test_a_type_that_python_has_no_numbers_for_is_a_sentence():
    with pytest.raises(StatusError, match=r"cannot answer with a tensor of type qint8\."):
        proto_of(tf.bitcast(tf.constant([1, 2], tf.int8), tf.qint8))


@pytest.mark.parametrize("dtype", [tf.string, tf.float32], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("shape", [(2**50,), (2**40, 2**40), (2**62, 4)], ids=str)
def test_a_shape_of_too_many_rows_is_a_sentence_not_the_end(dtype, shape):
    """A few bytes may claim any shape; the server that believes them must live on."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    with pytest.raises(StatusError, match=f"INVALID_ARGUMENT: Input text has {shape[0]} rows"):
        to_tensor("text", proto, MAX_REQUEST_ROWS)


@pytest.mark.parametrize("shape", [(1, 2**31), (3, 2**40), (2, 3, 10_000)], ids=str)
def test_a_shape_of_far_more_values_than_it_carries_is_a_sentence(shape):
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    with pytest.raises(
        StatusError, match=r"Input text of shape \[.*\] has \d+ values and carries 1;"
    ):
        to_tensor("text", proto, MAX_REQUEST_ROWS)


@pytest.mark.parametrize("content", [True, False])
def test_many_values_that_are_there_pass(content):
    """A row may be long: the limit is on rows, and on what is repeated."""
    matrix = np.ones((2, MAX_REQUEST_ROWS), np.float32)
    proto = tf.make_tensor_proto(matrix) if content else proto_of(tf.constant(matrix))
    assert bool(proto.tensor_content) is content
    assert to_tensor("x", proto, MAX_REQUEST_ROWS).shape == matrix.shape


@given(st.lists(st.binary(), max_size=5))
def test_strings_of_any_bytes(values):
    proto = tf.make_tensor_proto(values, tf.string, [len(values)])
    assert to_tensor("text", proto, MAX_REQUEST_ROWS).numpy().tolist() == values


@given(st.binary(max_size=60))
def test_what_is_no_tensor_is_refused_never_worse(data):
    """Whatever bytes call themselves a tensor: a tensor, or one sentence."""
    proto = tensor_pb2.TensorProto()
    with contextlib.suppress(DecodeError):
        proto.MergeFromString(data)
    with contextlib.suppress(StatusError):
        to_tensor("text", proto, MAX_REQUEST_ROWS)
