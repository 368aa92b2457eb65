"""Ask a server over gRPC, by the official stubs."""

from collections.abc import Sequence
from typing import Any, Final

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from export.errors import ExportError
from export.signatures import CLASSES, CLASSIFY_SIGNATURE, SCORES, TEXT

Array = np.ndarray[Any, Any]
Answers = dict[str, Array]

ANSWER_S: Final = 60.0
_LOOK_S: Final = 2.0
_AVAILABLE, _END = 30, 50  # `ModelVersionStatus.State`

_OPTIONS: Final = (
    # A server that is still to come is looked for again at once, not ever more seldom.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    # It is on this machine, whatever stands in http_proxy.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
)


class CallError(ExportError):
    """A server answered with an error, or not at all; the message has its code and its words."""


class GrpcCaller:
    """One model of one server.

    Args:
        address: `host:port`.
        model: its name.
    """

    def __init__(self, address: str, model: str) -> None:
        self._model = model
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._predict = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def state(self) -> tuple[bool, str]:
        """Whether the one version serves; and the server's words if it was tried and failed.

        Raises:
            grpc.RpcError: there is no server yet, or it does not know the model yet.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        (version,) = self._models.GetModelStatus(request, timeout=_LOOK_S).model_version_status
        failed = version.state == _END and version.status.error_code
        return version.state == _AVAILABLE, version.status.error_message if failed else ""

    def ask(self, signature: str, texts: Sequence[bytes]) -> Answers:
        """Outputs by name, each `[rows]` or `[rows, classes]`; strings are bytes.

        Raises:
            CallError: as told.
        """
        ask = self._classify if signature == CLASSIFY_SIGNATURE else self._ask
        try:
            return ask(signature, texts)
        except grpc.RpcError as error:
            raise CallError(f"{error.code().name}: {error.details()}") from error

    def _ask(self, signature: str, texts: Sequence[bytes]) -> Answers:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, signature
        request.inputs[TEXT].CopyFrom(
            tf.make_tensor_proto(np.array(texts, dtype=object), dtype=tf.string)
        )
        outputs = self._predict.Predict(request, timeout=ANSWER_S).outputs
        return {name: tf.make_ndarray(tensor) for name, tensor in outputs.items()}

    def _classify(self, signature: str, texts: Sequence[bytes]) -> Answers:
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, signature
        for text in texts:
            example = request.input.example_list.examples.add()
            example.features.feature[TEXT].bytes_list.value.append(text)
        rows = self._predict.Classify(request, timeout=ANSWER_S).result.classifications
        return {
            CLASSES: np.array(
                [[one.label.encode() for one in row.classes] for row in rows], object
            ),
            SCORES: np.array([[one.score for one in row.classes] for row in rows], np.float32),
        }
