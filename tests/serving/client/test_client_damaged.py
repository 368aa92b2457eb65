"""Answers that are no answers: one exception of ours from both clients, and one sentence in a shell.

Each comes over a real socket, from a server that sends these very bytes.
"""

import asyncio
import logging
import math
import random
import struct

import pytest

from serving import messages
from serving.client import SentimentClient
from serving.client import __main__ as cli
from serving.client.aio import AsyncSentimentClient
from serving.client.errors import BadAnswerError

ROWS = [0.2, 0.3, 0.5]


def predicted(*, values=ROWS, content=None, dtype=1, shape=(1, 3)):
    response = messages.PredictResponse()
    response.model_spec.version.value = 3
    tensor = response.outputs["probabilities"]
    tensor.dtype = dtype
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    if content is None:
        tensor.float_val.extend(values)
    else:
        tensor.tensor_content = content
    return response.SerializeToString()


def told(name, dtype, values):
    """An answer with one more output."""
    response = messages.PredictResponse.FromString(predicted())
    tensor = response.outputs[name]
    tensor.dtype = dtype
    tensor.tensor_shape.dim.add(size=max(len(values), 1))
    tensor.float_val.extend(values)
    return response.SerializeToString()


def classified(score):
    response = messages.ClassificationResponse()
    row = response.result.classifications.add()
    row.classes.add(label="positive", score=score)
    return response.SerializeToString()


def status(state):
    response = messages.GetModelStatusResponse()
    response.model_version_status.add(version=3, state=state)
    return response.SerializeToString()


def metadata(**values):
    response = messages.GetModelMetadataResponse()
    for name, value in values.items():
        response.metadata[name].value = value
    return response.SerializeToString()


METHODS = {
    "predict": "Predict",
    "classify": "Classify",
    "metadata": "GetModelMetadata",
    "status": "GetModelStatus",
}
DAMAGED = {
    "content of 5 bytes": ("predict", predicted(content=b"12345"), "1.25 values"),
    "content of another length": ("predict", predicted(content=b"1234" * 4), "4 values"),
    "NaN": ("predict", predicted(values=[0.5, math.nan, 0.5]), "the answer holds nan"),
    "NaN in content": ("predict", predicted(content=struct.pack("<3f", *[math.nan] * 3)), "nan"),
    "infinity": ("predict", predicted(values=[math.inf, 0, 0]), "the answer holds inf"),
    "no probability": ("predict", predicted(values=[7, 0, 0]), "the answer holds 7"),
    "wrong dtype": ("predict", predicted(dtype=9), "the answer is of int64"),
    "unknown dtype": ("predict", predicted(dtype=999), "the answer is of type 999"),
    "too few values": ("predict", predicted(values=[1.0]), "1 values"),
    "negative shape": ("predict", predicted(shape=(-1, 3)), r"shape \[-1, 3\]"),
    "known of NaN": ("predict", told("known", 1, [math.nan]), "Expected known from 0 to 1"),
    "known of two": ("predict", told("known", 1, [0.5, 0.5]), r"known of shape \[1\], float32"),
    "known that is a string": ("predict", told("known", 7, []), "the answer is of string"),
    "label that is a number": ("predict", told("label", 1, [0.5]), "the answer is of float"),
    "label that is not there": ("predict", told("label", 7, []), "label of shape .* 0 values"),
    "no outputs": ("predict", b"", "no output"),
    "no protobuf": ("predict", b"\xff\xff\xff", "Expected a PredictResponse; the answer, 3 bytes"),
    "a name that is no UTF-8": ("predict", b"\x0a\x04\x0a\x02\xff\xfe", "Expected a Pred"),
    "classes of NaN": ("classify", classified(math.nan), "the answer holds nan"),
    "no classes": ("classify", b"", "0 rows"),
    "classes: no protobuf": ("classify", b"\x0a\x05", "Expected a ClassificationResponse"),
    "state 77": ("status", status(77), "version 3 has 77"),
    "state -1": ("status", status(-1), "version 3 has -1"),
    "status: no protobuf": ("status", b"\x07", "Expected a GetModelStatusResponse"),
    "damaged signatures": ("metadata", metadata(signature_def=b"\x0a\x7f"), "SignatureDefMap"),
    "no signatures": ("metadata", metadata(other=b""), r"tells \['other'\]"),
    "metadata: no protobuf": ("metadata", b"\x80", "Expected a GetModelMetadataResponse"),
}
EACH = pytest.mark.parametrize(("method", "answer", "words"), DAMAGED.values(), ids=DAMAGED)


def call(client, method):
    return getattr(client, method)(*([["a"]] if method in ("predict", "classify") else []))


@EACH
def test_the_blocking_client(answering, caplog, method, answer, words):
    address = answering(**{METHODS[method]: answer})
    with SentimentClient(address) as client, pytest.raises(BadAnswerError, match=words):
        call(client, method)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@EACH
def test_the_asyncio_client(answering, method, answer, words):
    async def main(address):
        async with AsyncSentimentClient(address) as client:
            await call(client, method)

    with pytest.raises(BadAnswerError, match=words):
        asyncio.run(main(answering(**{METHODS[method]: answer})))


@pytest.mark.parametrize("name", ["content of 5 bytes", "no protobuf", "NaN"])
def test_several_requests_at_once(answering, name):
    """More texts than fit one request go another way through gRPC."""
    address = answering(Predict=DAMAGED[name][1])
    with (
        SentimentClient(address, max_batch_size=1) as client,
        pytest.raises(BadAnswerError, match=DAMAGED[name][2]),
    ):
        client.predict(["a"] * 9)


@pytest.mark.parametrize("name", [name for name in DAMAGED if DAMAGED[name][0] != "classify"])
def test_the_command(answering, capfd, name):
    """Nothing but the sentence: gRPC's log would bring a traceback."""
    method, answer, _ = DAMAGED[name]
    asked = {"predict": "a", "status": "--status", "metadata": "--metadata"}[method]
    address = answering(**{METHODS[method]: answer})
    assert cli.main(["--address", address, asked]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("python -m serving.client: Expected") or "no output" in err


@pytest.mark.parametrize("method", METHODS)
def test_any_change_of_bytes_is_an_answer_or_ours(answering, method):
    """Cut, flipped and made-up answers: 400 a method."""
    whole = {
        "predict": predicted(),
        "classify": classified(0.5),
        "status": status(30),
        "metadata": metadata(signature_def=messages.SignatureDefMap().SerializeToString()),
    }[method]
    chance = random.Random(method)  # noqa: S311 (a test that can be repeated)
    sent = [b""]
    address = answering(**{METHODS[method]: lambda *_: sent[0]})
    refused = 0
    with SentimentClient(address) as client:
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            sent[0] = bytes(damaged[: chance.randrange(1, len(damaged) + 1)])
            try:
                call(client, method)
            except BadAnswerError:
                refused += 1
    assert refused > 100


def test_a_probability_that_is_rounded_is_taken(answering):
    """Half precision gives 1.0005 for a softmax now and then."""
    address = answering(Predict=predicted(values=[1.0005, -0.0003, 0.0]))
    with SentimentClient(address) as client:
        assert client.predict(["a"])[0].label == "negative"
