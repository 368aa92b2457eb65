"""What tensorflow_model_server understands that tensorflow-serving-api does not carry.

Flag names: `flag_list` of tensorflow/serving, `model_servers/main.cc`, release 2.18 and later.
Message types: `config/monitoring_config.proto` and `servables/tensorflow/session_bundle_config.proto`, which
the server parses for --monitoring_config_file and --batching_parameters_file. Field numbers do not
matter here: the files are text.
"""

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

FLAGS: Final = frozenset(
    {
        "port",
        "grpc_socket_path",
        "rest_api_port",
        "rest_api_num_threads",
        "rest_api_timeout_in_ms",
        "rest_api_enable_cors_support",
        "enable_batching",
        "allow_version_labels_for_unavailable_models",
        "batching_parameters_file",
        "enable_per_model_batching_parameters",
        "model_config_file",
        "model_config_file_poll_wait_seconds",
        "model_name",
        "model_base_path",
        "num_load_threads",
        "num_unload_threads",
        "max_num_load_retries",
        "load_retry_interval_micros",
        "file_system_poll_wait_seconds",
        "flush_filesystem_caches",
        "tensorflow_session_parallelism",
        "tensorflow_session_config_file",
        "tensorflow_intra_op_parallelism",
        "tensorflow_inter_op_parallelism",
        "use_alts_credentials",
        "ssl_config_file",
        "platform_config_file",
        "per_process_gpu_memory_fraction",
        "saved_model_tags",
        "grpc_channel_arguments",
        "grpc_max_threads",
        "enable_model_warmup",
        "num_request_iterations_for_warmup",
        "version",
        "monitoring_config_file",
        "remove_unused_fields_from_bundle_metagraph",
        "prefer_tflite_model",
        "num_tflite_pools",
        "num_tflite_interpreters_per_pool",
        "enable_signature_method_name_check",
        "xla_cpu_compilation_enabled",
        "xla_gpu_compilation_enabled",
        "enable_profiler",
        "thread_pool_factory_config_file",
        "mixed_precision",
        "skip_initialize_tpu",
        "enable_grpc_healthcheck_service",
        "enable_serialization_as_tensor_content",
    }
)

_INT: Final = ".google.protobuf.Int64Value"
_MESSAGES: Final[dict[str, dict[str, str]]] = {
    "PrometheusConfig": {"enable": "bool", "path": "string"},
    "MonitoringConfig": {"prometheus_config": ".tensorflow.serving.PrometheusConfig"},
    "BatchingParameters": {
        "max_batch_size": _INT,
        "batch_timeout_micros": _INT,
        "max_enqueued_batches": _INT,
        "num_batch_threads": _INT,
        "thread_pool_name": ".google.protobuf.StringValue",
        "allowed_batch_sizes": "repeated int64",
        "pad_variable_length_inputs": "bool",
        "enable_large_batch_splitting": ".google.protobuf.BoolValue",
        "max_execution_batch_size": _INT,
    },
}


def message(name: str) -> Any:
    """A new, empty message of one of the types above."""
    full_name = f"tensorflow.serving.{name}"
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(full_name))()


def _build_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="server_config.proto",
        package="tensorflow.serving",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        declared = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            _add_field(declared, number, field, kind)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(declared: descriptor_pb2.DescriptorProto, number: int, name: str, kind: str) -> None:
    types = descriptor_pb2.FieldDescriptorProto
    repeated, _, kind = kind.rpartition(" ")
    field = declared.field.add(
        name=name,
        number=number,
        label=types.LABEL_REPEATED if repeated else types.LABEL_OPTIONAL,
    )
    if kind.startswith("."):
        field.type, field.type_name = types.TYPE_MESSAGE, kind
    else:
        field.type = types.Type.Value(f"TYPE_{kind.upper()}")


_POOL: Final = _build_pool()
