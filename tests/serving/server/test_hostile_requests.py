"""Requests that are broken or mean harm cost their sender an answer, and the server nothing.

`hostile.py` makes them, and sends many more where it is run as a command.
"""

import gc

import grpc
import hostile
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2
from waiting import wait_for

from serving.server.status import StatusError


@pytest.fixture(scope="module")
def attacked(base):
    """A server as a process of its own, whose memory can be measured, and a channel to it."""
    with (
        hostile.running_server(base) as (process, address),
        grpc.insecure_channel(address) as channel,
    ):
        assert hostile.answers_rightly(channel)
        yield process, channel, address
        assert hostile.answers_rightly(channel)
        assert process.poll() is None


def refusal(address, method, message, timeout_s=5):
    """Code and message of a call that must fail."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(method).future(message.SerializeToString(), timeout=timeout_s)
        return call.code(), call.details()


@pytest.mark.parametrize("kind", [hostile.malformed, hostile.combinations])
def test_broken_requests_are_answered(attacked, kind):
    _, channel, _ = attacked
    tally = hostile.send(channel, kind(300))
    assert (tally.tried, tally.bad) == (300, [])
    # Some came as far as TensorFlow.
    assert tally.codes["INVALID_ARGUMENT"] > 20


def test_a_few_bytes_take_no_gigabytes(attacked):
    """Each of these took 4 to 16 GB, or half a minute, before shapes were looked at."""
    process, channel, _ = attacked
    before = hostile.peak_mib(process.pid)
    tally = hostile.send(channel, hostile.amplifying(), deadline_s=5)
    assert tally.codes == {"INVALID_ARGUMENT": tally.tried}
    assert hostile.peak_mib(process.pid) - before < 100


@pytest.mark.parametrize("rank", [33, 254, 255, 100_000])
def test_dimensions_without_end_are_a_sentence(attacked, rank):
    """With 254, TensorFlow's most, an operation of this graph that adds one more ended the process."""
    _, _, address = attacked
    request = hostile.predict(hostile.tensor(types_pb2.DT_STRING, (1,) * rank, string_val=[b"a"]))
    assert refusal(address, hostile.PREDICT, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        f"Input text has {rank} dimensions, and this server takes at most 32.",
    )


def test_an_empty_answer_may_have_any_shape(attacked):
    _, channel, _ = attacked
    request = hostile.predict(hostile.tensor(types_pb2.DT_STRING, (0, 2**62)))
    answer = channel.unary_unary(hostile.PREDICT)(request.SerializeToString(), timeout=5)
    output = predict_pb2.PredictResponse.FromString(answer).outputs["probabilities"]
    assert [dim.size for dim in output.tensor_shape.dim] == [0, 3, 2**62]


def test_silent_sockets_keep_nobody_waiting(attacked):
    _, channel, address = attacked
    with hostile.silent_sockets(address, 200):
        assert hostile.answers_rightly(channel)


def test_the_greatest_number_of_rows_is_told_with_its_flag(start, base):
    address = start(base, max_rows=5).address
    sentence = (
        "Input {} has 6 rows, and this server takes at most 5 in a request: ask in smaller requests,"
        " or start it with a larger --max_request_rows."
    )
    for method, message, alias in (
        (hostile.PREDICT, hostile.predict(tf.make_tensor_proto(["a"] * 6)), "text"),
        (hostile.CLASSIFY, hostile.classify(*[b"a"] * 6), "inputs"),
    ):
        told = refusal(address, method, message)
        assert told == (grpc.StatusCode.INVALID_ARGUMENT, sentence.format(alias))


def test_the_last_text_is_repeated_within_the_limit(start, base):
    """As the real server repeats it, which knows no limit."""
    address = start(base, max_rows=5).address
    with grpc.insecure_channel(address) as channel:
        request = hostile.predict(hostile.tensor(types_pb2.DT_STRING, (5,), string_val=[b"a"]))
        assert channel.unary_unary(hostile.PREDICT)(request.SerializeToString(), timeout=5)
    request = hostile.predict(hostile.tensor(types_pb2.DT_STRING, (2, 3), string_val=[b"a"]))
    code, message = refusal(address, hostile.PREDICT, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert message == (
        "Input text of shape [2, 3] has 6 values and carries 1; the last is repeated to fill at most"
        " 5: send every value, or start the server with a larger --max_request_rows."
    )


def test_a_variant_is_a_wrong_type_and_is_not_looked_into(attacked):
    _, _, address = attacked
    request = hostile.predict(hostile.tensor(types_pb2.DT_VARIANT, ()))
    assert refusal(address, hostile.PREDICT, request) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Expects arg[0] to be string but variant is provided",
    )


@pytest.fixture
def no_collector():
    """Without it nothing that refers to itself goes away; the test sees what would wait for it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


REFUSED = {
    "by us": hostile.predict(tf.make_tensor_proto(["a"]), signature="x"),
    "by the parser": hostile.predict(hostile.tensor(types_pb2.DT_FLOAT, (2,), tensor_content=b"1")),
    "by the graph": hostile.predict(tf.make_tensor_proto(["a"]), signature="refuse"),
    "for its model": hostile.predict(tf.make_tensor_proto(["a"]), model="x"),
    "for its type": hostile.predict(tf.make_tensor_proto([1.0])),
    "at its deadline": hostile.predict(tf.make_tensor_proto(["a"]), signature="hang"),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED)
def test_a_refusal_keeps_nothing(server, message):
    """An exception holds the frames that it came through, and they the request: one of 20 MB stayed for minutes."""
    before = alive()
    code, _ = refusal(server.address, hostile.PREDICT, message, timeout_s=1)
    assert code is not grpc.StatusCode.OK
    wait_for(lambda: alive() <= before)


def alive():
    """How many errors and requests there are, as the collector knows."""
    kinds = (StatusError, tf.errors.OpError, predict_pb2.PredictRequest)
    return sum(issubclass(type(one), kinds) for one in gc.get_objects())
