"""The four calls a client makes: where each goes, how its request is built and its answer read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

from serving import messages
from serving.client import codec
from serving.client.results import ModelMetadata, VersionStatus
from serving.client.target import Target

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Rpc(Generic[_Result]):
    """A call about the model.

    Attributes:
        path: gRPC's name of the method.
        response: Message class of the answer.
        build: Makes the request.
        parse: Reads the answer; raises `BadAnswerError` where it is damaged.
    """

    path: str
    response: Any
    build: Callable[[Target], Any]
    parse: Callable[[Any], _Result]


@dataclass(frozen=True, slots=True)
class TextRpc:
    """A call with texts, as `Rpc`; `parse` also gets the number of texts that were sent.

    It gives predictions where the answer carries the class names, else what is to be `named` with them, one of
    `serving.client.predictions`.
    """

    path: str
    response: Any
    build: Callable[[Target, Sequence[str]], Any]
    parse: Callable[[Any, int], Any]


PREDICT: Final = TextRpc(
    f"/{messages.PREDICTION_SERVICE}/Predict",
    messages.PredictResponse,
    codec.predict_request,
    codec.parse_predict,
)
EXPLAIN: Final = TextRpc(
    PREDICT.path, messages.PredictResponse, codec.predict_request, codec.parse_explain
)
CLASSIFY: Final = TextRpc(
    f"/{messages.PREDICTION_SERVICE}/Classify",
    messages.ClassificationResponse,
    codec.classify_request,
    codec.parse_classify,
)
METADATA: Final[Rpc[ModelMetadata]] = Rpc(
    f"/{messages.PREDICTION_SERVICE}/GetModelMetadata",
    messages.GetModelMetadataResponse,
    codec.metadata_request,
    codec.parse_metadata,
)
STATUS: Final[Rpc[list[VersionStatus]]] = Rpc(
    f"/{messages.MODEL_SERVICE}/GetModelStatus",
    messages.GetModelStatusResponse,
    codec.status_request,
    codec.parse_status,
)


def stubs(channel: Any) -> dict[str, Any]:
    """Callables of a channel, blocking or asyncio, by path."""
    return {
        rpc.path: channel.unary_unary(
            rpc.path,
            request_serializer=_serialize,
            response_deserializer=partial(codec.decode, rpc.response),
        )
        for rpc in (PREDICT, CLASSIFY, METADATA, STATUS)
    }


def _serialize(request: Any) -> bytes:
    return request.SerializeToString()
