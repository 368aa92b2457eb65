"""Requests that a server replays before a version serves, so that no user waits for its first run.

    assets.extra/tf_serving_warmup_requests     TFRecord of PredictionLog

The first call of a batch size or signature plans and allocates; a server that has done it at load
answers its first user as fast as its thousandth. More than 1,000 records, or one that fails, fail
the load of the whole version: the gate replays them all.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from export.settings import WARMUP_BATCHES
from export.signatures import (
    CLASSIFY_SIGNATURE,
    EXPLAIN_SIGNATURE,
    LABEL_SIGNATURE,
    MODEL_NAME,
    SERVING_DEFAULT,
    TEXT,
)

WARMUP_REQUESTS: Final = Path("assets.extra", "tf_serving_warmup_requests")
_TWEETS: Final = (
    "what a lovely day!!!",
    "@someone so sad that you could not come http://t.co/abc",
    "on my way to work",
    "",
    "so tired of this train " * 8,
)


def write_warmup(
    directory: Path, batches: Sequence[int] = WARMUP_BATCHES, *, explains: bool = True
) -> None:
    """Write requests for every signature at several batch sizes into a SavedModel directory.

    Args:
        directory: a SavedModel.
        batches: rows of each request.
        explains: whether it has the signature `explain`, which is asked the fewest rows only: it computes any
            number of them in one way.
    """
    path = directory / WARMUP_REQUESTS
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for log in _requests(batches):
            writer.write(log.SerializeToString())
        if explains:
            log = _predict(EXPLAIN_SIGNATURE, _texts(min(batches)))
            writer.write(log.SerializeToString())


def _requests(batches: Sequence[int]) -> Iterator[prediction_log_pb2.PredictionLog]:
    for rows in batches:
        texts = _texts(rows)
        yield _predict(SERVING_DEFAULT, texts)
        yield _predict(LABEL_SIGNATURE, texts)
        yield _classify(texts)


def _texts(rows: int) -> list[str]:
    return [_TWEETS[row % len(_TWEETS)] for row in range(rows)]


def _predict(signature: str, texts: list[str]) -> prediction_log_pb2.PredictionLog:
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = MODEL_NAME
    request.model_spec.signature_name = signature
    request.inputs[TEXT].CopyFrom(tf.make_tensor_proto(texts, dtype=tf.string))
    return log


def _classify(texts: list[str]) -> prediction_log_pb2.PredictionLog:
    log = prediction_log_pb2.PredictionLog()
    request = log.classify_log.request
    request.model_spec.name = MODEL_NAME
    request.model_spec.signature_name = CLASSIFY_SIGNATURE
    for text in texts:
        example = request.input.example_list.examples.add()
        example.features.feature[TEXT].bytes_list.value.append(text.encode())
    return log
