"""A Classify's JSON, objects of values by feature, as `tf.Example` records."""

from typing import Any

import numpy as np
from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow_serving.apis import input_pb2

from serving.server.rest.document import Json
from serving.server.rest.json_to_tensors import from_base64, is_base64, json_type, text_of
from serving.server.rest.pretty import shown
from serving.server.status import StatusError, invalid

_LARGEST = float(np.finfo(np.float32).max)


def fill_input(given: input_pb2.Input, document: dict[bytes, Json]) -> None:
    """Write the examples, and the context that stands before each, of a request's document.

    Raises:
        StatusError: as the real server refuses.
    """
    into: Any = given.example_list
    if b"context" in document:
        into = given.example_list_with_context
        into.context.CopyFrom(_example(document[b"context"]))
    if b"examples" not in document:
        raise _wrong(
            document, "When method is classify, key 'examples' is expected and was not found"
        )
    examples = document[b"examples"]
    if not isinstance(examples, list):
        raise _wrong(document, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise _wrong(document, "'examples' value is an empty array")
    into.examples.extend(_example(one) for one in examples)


def _wrong(document: dict[bytes, Json], reason: str) -> StatusError:
    return invalid(f"JSON Value: {shown(document)} {reason}")


def _example(value: Json) -> example_pb2.Example:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {json_type(value)}")
    example = example_pb2.Example()
    for key, content in value.items():
        # A map's key is text, in Python.
        feature = example.features.feature[key.decode(errors="replace")]
        for one in content if isinstance(content, list) else [content]:
            _add(feature, text_of(key), one)
    return example


def _add(feature: feature_pb2.Feature, name: str, value: Json) -> None:
    if (
        value is None
        or isinstance(value, list)
        or (isinstance(value, dict) and not is_base64(value))
    ):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {json_type(value)}")
    kind = _kind(value)
    if feature.WhichOneof("kind") not in (None, kind):
        expected = str(feature.WhichOneof("kind")).removesuffix("_list")
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
    if isinstance(value, dict):
        value = from_base64(value)
    elif isinstance(value, float):
        _check_float(value)
    elif isinstance(value, int) and value > 2**63 - 1:
        raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
    getattr(feature, kind).value.append(value)


def _kind(value: Json) -> str:
    if isinstance(value, int):
        return "int64_list"
    return "float_list" if isinstance(value, float) else "bytes_list"


def _check_float(value: float) -> None:
    if np.isfinite(value) and abs(value) > _LARGEST:
        raise invalid(
            f"Cannot convert JSON value: {shown(value)} to float without loss of precision."
        )
