"""The protobuf messages of TensorFlow Serving, without TensorFlow.

The generated modules of `tensorflow-serving-api` import the whole of TensorFlow: half a gigabyte on disk
and seconds at start, to send a list of strings. The few messages that a client needs are declared below
as tables, with the packages, names and field numbers of the official `.proto` files, so the bytes on the
wire are the same; `tests/serving/test_wire_messages.py` compares both.

They live in a descriptor pool of their own. In protobuf's default pool a name can be declared once per
process, so generated code of ours would fail to import beside TensorFlow, or TensorFlow beside it.

Fields that this package neither writes nor reads are left out. Protobuf keeps what it does not know.
Enums are declared `int32`, the same varint on the wire; their names are `DataType` and `VersionState`.
"""

from enum import IntEnum
from typing import Any, Final

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

_SERVING: Final = "tensorflow.serving"
_HEALTH: Final = "grpc.health.v1"

_Fields = dict[str, tuple[int, str]]
"""Field name to (number, type). `repeated T` and `map T` (string to T) are types; `name|T` is of oneof `name`."""

# A nested message stands below the message that holds it.
_TENSORFLOW: Final[dict[str, _Fields]] = {
    "TensorShapeProto": {
        "dim": (2, "repeated tensorflow.TensorShapeProto.Dim"),
        "unknown_rank": (3, "bool"),
    },
    "TensorShapeProto.Dim": {"size": (1, "int64"), "name": (2, "string")},
    "TensorProto": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "tensorflow.TensorShapeProto"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "repeated float"),
        "string_val": (8, "repeated bytes"),
        "bool_val": (11, "repeated bool"),
    },
    "TensorInfo": {
        "name": (1, "encoding|string"),
        "dtype": (2, "int32"),
        "tensor_shape": (3, "tensorflow.TensorShapeProto"),
    },
    "SignatureDef": {
        "inputs": (1, "map tensorflow.TensorInfo"),
        "outputs": (2, "map tensorflow.TensorInfo"),
        "method_name": (3, "string"),
    },
    "BytesList": {"value": (1, "repeated bytes")},
    "Feature": {"bytes_list": (1, "kind|tensorflow.BytesList")},
    "Features": {"feature": (1, "map tensorflow.Feature")},
    "Example": {"features": (1, "tensorflow.Features")},
}

_TENSORFLOW_SERVING: Final[dict[str, _Fields]] = {
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "version_choice|google.protobuf.Int64Value"),
        "version_label": (4, "version_choice|string"),
        "signature_name": (3, "string"),
    },
    "PredictRequest": {
        "model_spec": (1, "tensorflow.serving.ModelSpec"),
        "inputs": (2, "map tensorflow.TensorProto"),
        "output_filter": (3, "repeated string"),
    },
    "PredictResponse": {
        "model_spec": (2, "tensorflow.serving.ModelSpec"),
        "outputs": (1, "map tensorflow.TensorProto"),
    },
    "ExampleList": {"examples": (1, "repeated tensorflow.Example")},
    "Input": {"example_list": (1, "kind|tensorflow.serving.ExampleList")},
    "ClassificationRequest": {
        "model_spec": (1, "tensorflow.serving.ModelSpec"),
        "input": (2, "tensorflow.serving.Input"),
    },
    "Class": {"label": (1, "string"), "score": (2, "float")},
    "Classifications": {"classes": (1, "repeated tensorflow.serving.Class")},
    "ClassificationResult": {
        "classifications": (1, "repeated tensorflow.serving.Classifications"),
    },
    "ClassificationResponse": {
        "model_spec": (2, "tensorflow.serving.ModelSpec"),
        "result": (1, "tensorflow.serving.ClassificationResult"),
    },
    "GetModelMetadataRequest": {
        "model_spec": (1, "tensorflow.serving.ModelSpec"),
        "metadata_field": (2, "repeated string"),
    },
    "GetModelMetadataResponse": {
        "model_spec": (1, "tensorflow.serving.ModelSpec"),
        "metadata": (2, "map google.protobuf.Any"),
    },
    "SignatureDefMap": {"signature_def": (1, "map tensorflow.SignatureDef")},
    "GetModelStatusRequest": {"model_spec": (1, "tensorflow.serving.ModelSpec")},
    "StatusProto": {"error_code": (1, "int32"), "error_message": (2, "string")},
    "ModelVersionStatus": {
        "version": (1, "int64"),
        "state": (2, "int32"),
        "status": (3, "tensorflow.serving.StatusProto"),
    },
    "GetModelStatusResponse": {
        "model_version_status": (1, "repeated tensorflow.serving.ModelVersionStatus"),
    },
    # tensorflow-serving-api ships no ssl_config_pb2; the server reads its text form.
    "SSLConfig": {
        "server_key": (1, "string"),
        "server_cert": (2, "string"),
        "custom_ca": (3, "string"),
        "client_verify": (4, "bool"),
    },
    # Nor has it this one.
    "PrometheusConfig": {"enable": (1, "bool"), "path": (2, "string")},
    "MonitoringConfig": {"prometheus_config": (1, "tensorflow.serving.PrometheusConfig")},
}

_GRPC_HEALTH: Final[dict[str, _Fields]] = {
    "HealthCheckRequest": {"service": (1, "string")},
    "HealthCheckResponse": {"status": (1, "int32")},
}


class DataType(IntEnum):
    """`tensorflow.DataType`, as far as a signature of this project can carry it."""

    INVALID = 0
    FLOAT = 1
    DOUBLE = 2
    INT32 = 3
    STRING = 7
    INT64 = 9
    BOOL = 10


class VersionState(IntEnum):
    """`ModelVersionStatus.State`: the life of one version in a server."""

    UNKNOWN = 0
    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


def _add_field(message: Any, package: str, name: str, number: int, spec: str) -> None:
    """Declare one field from its table entry, with the entry type that a map needs."""
    oneof, _, kind = spec.rpartition("|")
    label, _, kind = kind.rpartition(" ")
    field = message.field.add(
        name=name, number=number, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    )
    if label:
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    if label == "map":
        kind = _add_map_entry(message, package, name, kind)
    if "." in kind:
        field.type, field.type_name = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, f".{kind}"
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    if oneof:
        field.oneof_index = _oneof_index(message, oneof)


def _add_map_entry(message: Any, package: str, name: str, value: str) -> str:
    """Declare the nested key-value message that a map field is on the wire; return its full name."""
    # protoc's rule for the name: CamelCase of the field, then Entry.
    entry = message.nested_type.add(name=name.title().replace("_", "") + "Entry")
    entry.options.map_entry = True
    _add_field(entry, package, "key", 1, "string")
    _add_field(entry, package, "value", 2, value)
    return f"{package}.{message.name}.{entry.name}"


def _oneof_index(message: Any, name: str) -> int:
    names = [oneof.name for oneof in message.oneof_decl]
    if name not in names:
        message.oneof_decl.add(name=name)
        names.append(name)
    return names.index(name)


def _add_file(
    pool: descriptor_pool.DescriptorPool,
    package: str,
    table: dict[str, _Fields],
    imports: list[str],
) -> None:
    """Declare a package's messages in `pool`."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3", dependency=imports
    )
    declared: dict[str, Any] = {}
    for name, fields in table.items():
        parent, _, own_name = name.rpartition(".")
        holder = declared[parent].nested_type if parent else file.message_type
        declared[name] = message = holder.add(name=own_name)
        for field_name, (number, spec) in fields.items():
            _add_field(message, package, field_name, number, spec)
    pool.AddSerializedFile(file.SerializeToString())


def _build_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for known in (any_pb2, wrappers_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    google = [any_pb2.DESCRIPTOR.name, wrappers_pb2.DESCRIPTOR.name]
    _add_file(pool, "tensorflow", _TENSORFLOW, [])
    _add_file(pool, _SERVING, _TENSORFLOW_SERVING, ["tensorflow.proto", *google])
    _add_file(pool, _HEALTH, _GRPC_HEALTH, [])
    return pool


_POOL: Final = _build_pool()


def message_class(full_name: str) -> Any:
    r"""The class of a declared message.

    >>> message_class("tensorflow.serving.ModelSpec")(name="m").SerializeToString()
    b'\n\x01m'

    Args:
        full_name: Package and name, as in `tensorflow.serving.PredictRequest`.

    Raises:
        KeyError: No such message is declared here.
    """
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(full_name))


Example: Final = message_class("tensorflow.Example")
TensorProto: Final = message_class("tensorflow.TensorProto")
ModelSpec: Final = message_class(f"{_SERVING}.ModelSpec")
PredictRequest: Final = message_class(f"{_SERVING}.PredictRequest")
PredictResponse: Final = message_class(f"{_SERVING}.PredictResponse")
ClassificationRequest: Final = message_class(f"{_SERVING}.ClassificationRequest")
ClassificationResponse: Final = message_class(f"{_SERVING}.ClassificationResponse")
GetModelMetadataRequest: Final = message_class(f"{_SERVING}.GetModelMetadataRequest")
GetModelMetadataResponse: Final = message_class(f"{_SERVING}.GetModelMetadataResponse")
SignatureDefMap: Final = message_class(f"{_SERVING}.SignatureDefMap")
GetModelStatusRequest: Final = message_class(f"{_SERVING}.GetModelStatusRequest")
GetModelStatusResponse: Final = message_class(f"{_SERVING}.GetModelStatusResponse")
SSLConfig: Final = message_class(f"{_SERVING}.SSLConfig")
MonitoringConfig: Final = message_class(f"{_SERVING}.MonitoringConfig")
HealthCheckRequest: Final = message_class(f"{_HEALTH}.HealthCheckRequest")
HealthCheckResponse: Final = message_class(f"{_HEALTH}.HealthCheckResponse")

PREDICTION_SERVICE: Final = f"{_SERVING}.PredictionService"
MODEL_SERVICE: Final = f"{_SERVING}.ModelService"
HEALTH_SERVICE: Final = f"{_HEALTH}.Health"
