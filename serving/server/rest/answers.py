"""A request's body to an answer's: the messages that gRPC would carry stand in between."""

from collections.abc import Callable
from typing import Any, Final

import grpc
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from tensorflow.python.eager.cancellation import CancellationManager
from tensorflow_serving.apis import classification_pb2, model_pb2, predict_pb2

from export.signatures import SERVING_DEFAULT
from serving.server.registry import Registry
from serving.server.rest.document import Json, parse
from serving.server.rest.json_to_examples import fill_input
from serving.server.rest.json_to_tensors import Inputs, columns_to_tensors, rows_to_tensors
from serving.server.rest.pretty import shown
from serving.server.rest.routes import Asked
from serving.server.rest.tensors_to_json import classes_body, columns_body, rows_body
from serving.server.status import StatusError, invalid


def answer(
    registry: Registry, asked: Asked, body: bytes, cancellation: CancellationManager
) -> bytes:
    """The JSON that answers a request.

    Raises:
        StatusError: as the real server refuses.
    """
    return _ANSWERS[asked.what](registry, asked.spec, body, cancellation)


def _predict(
    registry: Registry,
    spec: model_pb2.ModelSpec,
    body: bytes,
    cancellation: CancellationManager,
) -> bytes:
    document = parse(body)
    request = predict_pb2.PredictRequest(model_spec=spec)
    request.model_spec.signature_name = _signature_name(document)
    with registry.use(spec) as (servable, _):
        inputs = _inputs(servable.signature_defs, request.model_spec.signature_name)
        write = _fill_inputs(request, document, inputs)
        return write(servable.predict(request, cancellation).outputs)


def _signature_name(document: dict[bytes, Json]) -> str:
    name = document.get(b"signature_name", b"")
    if not isinstance(name, bytes):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a"
            " string value."
        )
    return name.decode(errors="replace")


def _inputs(declared: Any, signature_name: str) -> Inputs:
    name = signature_name or SERVING_DEFAULT
    if name not in declared:
        raise invalid(f'Serving signature name: "{name}" not found in signature def')
    inputs: Inputs = declared[name].inputs
    if not inputs:
        raise invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
    return inputs


def _fill_inputs(
    request: predict_pb2.PredictRequest, document: dict[bytes, Json], inputs: Inputs
) -> Callable[[Any], bytes]:
    """Write the request's tensors; what writes an answer of the same form."""
    tensors, write = _tensors(document, inputs)
    for name, tensor in tensors.items():
        request.inputs[name].CopyFrom(tensor)
    return write


def _tensors(
    document: dict[bytes, Json], inputs: Inputs
) -> tuple[dict[str, Any], Callable[[Any], bytes]]:
    if b"instances" not in document:
        if b"inputs" not in document:
            raise invalid("Missing 'inputs' or 'instances' key")
        return columns_to_tensors(document[b"inputs"], inputs), columns_body
    rows = document[b"instances"]
    if reason := _wrong_rows(document, rows):
        raise invalid(f"JSON Value: {shown(document)} {reason}")
    return rows_to_tensors(rows, inputs), rows_body


def _wrong_rows(document: dict[bytes, Json], rows: Json) -> str | None:
    if b"inputs" in document:
        # The space at its end is the real server's.
        return (
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    if not isinstance(rows, list):
        return "Expecting 'instances' to be an list/array"
    return None if rows else "No values in 'instances' array"


def _classify(
    registry: Registry,
    spec: model_pb2.ModelSpec,
    body: bytes,
    cancellation: CancellationManager,
) -> bytes:
    document = parse(body)
    request = classification_pb2.ClassificationRequest(model_spec=spec)
    request.model_spec.signature_name = _signature_name(document)
    fill_input(request.input, document)
    with registry.use(spec) as (servable, _):
        return classes_body(servable.classify(request, cancellation).result)


def _regress(*_: object) -> bytes:
    raise StatusError(
        grpc.StatusCode.UNIMPLEMENTED,
        "The embedded server does not offer Regress; tensorflow_model_server does.",
    )


def _metadata(registry: Registry, spec: model_pb2.ModelSpec, *_: object) -> bytes:
    with registry.use(spec) as (servable, answering):
        signatures = _json(servable.signature_map())
    return (
        f'{{\n"model_spec":{_json(answering)},\n"metadata": {{"signature_def": {signatures}}}\n}}\n'
    ).encode()


def _status(registry: Registry, spec: model_pb2.ModelSpec, *_: object) -> bytes:
    return _json(registry.status(spec)).encode()


def _json(message: Message) -> str:
    return (
        MessageToJson(
            message,
            indent=1,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            ensure_ascii=False,
        )
        + "\n"
    )


_ANSWERS: Final[dict[str, Callable[..., bytes]]] = {
    "predict": _predict,
    "classify": _classify,
    "regress": _regress,
    "metadata": _metadata,
    "status": _status,
}
