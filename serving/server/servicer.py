"""The gRPC services: read the request, delegate, and turn what goes wrong into a status, in one place."""

import functools
import logging
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from tensorflow.python.eager.cancellation import CancellationManager
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.metrics import Metrics
from serving.server.registry import Registry
from serving.server.reload.request import models_of
from serving.server.status import StatusError, from_error, invalid

_log = logging.getLogger(__name__)

_METADATA_FIELD = "signature_def"


def _answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method raise; the caller gets a status."""

    @functools.wraps(method)
    def wrapped(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except StatusError as error:
            code, message = error.code, error.message
        except Exception as error:  # noqa: BLE001 - a bug ends one call, with its words
            _log.exception("%s failed.", method.__name__)
            told = from_error(error)
            code, message = told.code, told.message
        # Of the error no more than its words: kept in a variable of this frame, which its traceback holds,
        # it would keep itself, all frames below and the request until the collector comes by.
        return context.abort(code, message)

    return wrapped


def _spec(request: Any) -> model_pb2.ModelSpec | None:
    return request.model_spec if request.HasField("model_spec") else None


def _cancelled_with(context: grpc.ServicerContext) -> CancellationManager:
    """A manager that ends the work with the call: at its deadline, or when the caller gives up."""
    manager = CancellationManager()
    if not context.add_callback(manager.start_cancel):
        raise StatusError(grpc.StatusCode.DEADLINE_EXCEEDED, "The call ended before its turn came.")
    return manager


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """`tensorflow.serving.PredictionService` over a registry of models, counted by metrics."""

    def __init__(self, registry: Registry, metrics: Metrics) -> None:
        self._registry = registry
        self._metrics = metrics

    @_answering
    def Predict(  # noqa: N802 - gRPC gives the name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run a signature on named tensors."""
        with (
            self._metrics.request(request.model_spec.name, "Predict", "GRPC"),
            self._registry.use(_spec(request)) as (servable, answering),
        ):
            response = servable.predict(request, _cancelled_with(context))
            response.model_spec.MergeFrom(answering)
            return response

    @_answering
    def Classify(  # noqa: N802
        self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Run a signature on `tf.Example` records."""
        with (
            self._metrics.request(request.model_spec.name, "Classify", "GRPC"),
            self._registry.use(_spec(request)) as (servable, answering),
        ):
            response = servable.classify(request, _cancelled_with(context))
            response.model_spec.MergeFrom(answering)
            return response

    @_answering
    def GetModelMetadata(  # noqa: N802
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Tell the signatures of a model."""
        if _spec(request) is None:
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for name in request.metadata_field:
            if name != _METADATA_FIELD:
                raise invalid(f"Metadata field {name} is not supported")
        with self._registry.use(request.model_spec) as (servable, answering):
            signatures = servable.signature_map()
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=answering)
        response.metadata[_METADATA_FIELD].Pack(signatures)
        return response

    def Regress(self, request: Any, context: grpc.ServicerContext) -> NoReturn:  # noqa: N802
        """Not offered."""
        _not_offered(context, "Regress")

    def MultiInference(self, request: Any, context: grpc.ServicerContext) -> NoReturn:  # noqa: N802
        """Not offered."""
        _not_offered(context, "MultiInference")


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """`tensorflow.serving.ModelService` over a registry of models; `Registry.reload` tells of the labels."""

    def __init__(self, registry: Registry, *, unavailable_labels: bool) -> None:
        self._registry = registry
        self._unavailable_labels = unavailable_labels

    @_answering
    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Tell where the versions of a model stand."""
        return self._registry.status(_spec(request))

    @_answering
    def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serve other models from now on."""
        models = models_of(request, self._registry.serving())
        self._registry.reload(models, unavailable_labels=self._unavailable_labels)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        return response


def _not_offered(context: grpc.ServicerContext, method: str) -> NoReturn:
    context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        f"The embedded server does not offer {method}; tensorflow_model_server does.",
    )
    raise AssertionError  # abort never returns; gRPC's types do not say so
