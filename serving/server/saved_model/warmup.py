"""Replay the requests that a SavedModel carries, so that its first caller does not pay for tracing."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.python.eager.cancellation import CancellationManager
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.saved_model.servable import Servable
from serving.server.status import StatusError, invalid, plain_message

WARMUP_FILE: Final = Path("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS: Final = 1000

_log = logging.getLogger(__name__)


def replay_warmup(servable: Servable, path: Path) -> int:
    """Send a version the requests of its warmup file, if it has one.

    Args:
        servable: The loaded version.
        path: Its version directory.

    Returns:
        How many requests it answered.

    Raises:
        StatusError: The file is no TFRecord of `PredictionLog`, holds more than 1,000 records, or a
            request fails. The version must not serve then.
    """
    file = path / WARMUP_FILE
    if not file.is_file():
        return 0
    count = 0
    for record in _records(file):
        _replay(servable, _parse(record, file))
        count += 1
        if count > MAX_RECORDS:
            raise invalid(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {file}")
    return count


def _records(file: Path) -> Iterator[bytes]:
    try:
        yield from tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    except tf.errors.DataLossError as error:
        raise StatusError(
            grpc.StatusCode.DATA_LOSS,
            f"{plain_message(error.message)}. Please verify your warmup data is in TFRecord format.",
        ) from error


def _parse(record: bytes, file: Path) -> prediction_log_pb2.PredictionLog:
    try:
        return prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        text = record.decode(errors="replace")
        raise invalid(f"Failed to parse warmup record: {text} from {file}") from error


def _replay(servable: Servable, log: prediction_log_pb2.PredictionLog) -> None:
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        servable.predict(log.predict_log.request, CancellationManager())
    elif kind == "classify_log":
        servable.classify(log.classify_log.request, CancellationManager())
    elif kind == "session_run_log":
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise StatusError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}"
        )
    elif kind is not None:
        _log.warning("Skipped a warmup record: the embedded server cannot replay %s.", kind)
