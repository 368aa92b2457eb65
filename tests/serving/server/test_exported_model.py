"""The project's own export behind the embedded server: what a caller gets for whatever it sends."""

import grpc
import hostile
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import SentimentClient

TEXTS = ["I love it!!!", "so sad http://t.co/x", "", "\U0001f600 \u4f60\u597d"]


def refusal(address, signature, alias, values, shape=None):
    """Status of a Predict by the official stubs, which can send what our client would not."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tweet_sentiment"
    request.model_spec.signature_name = signature
    request.inputs[alias].CopyFrom(tf.make_tensor_proto(values, dtype=tf.string, shape=shape))
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=10)
    return caught.value


def test_a_caller_gets_the_numbers_that_the_keras_model_gives(exported_address, tiny_model):
    expected = tiny_model(TEXTS).numpy()
    with SentimentClient(exported_address) as client:
        for results in (client.predict(TEXTS), client.classify(TEXTS)):
            received = [list(result.probabilities.values()) for result in results]
            assert received == [pytest.approx(row, abs=1e-6) for row in expected.tolist()]


@pytest.mark.parametrize(("shape", "shown"), [([], "[]"), ([1, 1], "[1,1]")])
def test_another_rank_gets_one_sentence_that_names_text(exported_address, shape, shown):
    error = refusal(exported_address, "serving_default", "text", ["a"], shape)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    sentence = error.details().split("\n")[0]
    assert sentence == f"Shape of tensor text {shown} is not compatible with expected shape [?]."


def test_bytes_that_are_no_example_and_no_text_get_a_clear_status(exported_address):
    """TensorFlow quotes them in its message, which then is no UTF-8 either."""
    error = refusal(exported_address, "classify", "inputs", [b"garbage\xff\xfe"])
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "Could not parse example input, value: 'garbage" in error.details()


def test_every_type_and_shape_is_answered(exported_address):
    """The last request of many is answered as well: none of them ended the server."""
    with grpc.insecure_channel(exported_address) as channel:
        tally = hostile.send(channel, hostile.combinations(1000, model="tweet_sentiment"))
    assert tally.bad == []
    with SentimentClient(exported_address) as client:
        assert len(client.predict(TEXTS)) == len(TEXTS)
