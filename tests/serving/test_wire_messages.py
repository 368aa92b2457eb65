"""Our messages and TensorFlow Serving's are the same on the wire, and get along in one process."""

import subprocess
import sys
import textwrap

import pytest
import tensorflow as tf
from google.protobuf import descriptor_pool
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from serving import messages
from serving.client import codec
from serving.client.target import Target

TEXTS = ["some tweet", "", "emoji \N{GRINNING FACE}", "line\nbreak", "x" * 1000]
TARGETS = {
    "newest": Target("-", "m"),
    "version": Target("-", "m", version=2**40),
    "version 0": Target("-", "m", version=0),
    "label": Target("-", "m", version_label="stable"),
    "signature": Target("-", "m", signature_name="label"),
}


def declared():
    """Every message of our pool that TensorFlow or TensorFlow Serving declares too."""
    tables = {
        "tensorflow": messages._TENSORFLOW,
        "tensorflow.serving": messages._TENSORFLOW_SERVING,
    }
    return [f"{package}.{name}" for package, table in tables.items() for name in table]


TEXT_ONLY = {
    f"tensorflow.serving.{name}" for name in ("SSLConfig", "PrometheusConfig", "MonitoringConfig")
}
"""Read as text, by the names of their fields; tensorflow-serving-api has none of them."""


@pytest.mark.parametrize("name", sorted(set(declared()) - TEXT_ONLY))
def test_every_field_is_the_official_one(name):
    """Number, wire type, repetition, map and oneof; the official message may have more fields."""
    official = descriptor_pool.Default().FindMessageTypeByName(name)
    for field in messages._POOL.FindMessageTypeByName(name).fields:
        theirs = official.fields_by_name[field.name]
        assert (field.number, field.is_repeated) == (theirs.number, theirs.is_repeated)
        # An enum is a varint, as int32 is.
        assert field.type == (field.TYPE_INT32 if theirs.type == field.TYPE_ENUM else theirs.type)
        assert _names(field.containing_oneof) == _names(theirs.containing_oneof)
        assert _names(field.message_type) == _names(theirs.message_type)


def _names(descriptor):
    return descriptor and descriptor.full_name


def official_spec(spec, target, signature=""):
    spec.name = target.model_name
    spec.signature_name = signature
    if target.version is not None:
        spec.version.value = target.version
    if target.version_label is not None:
        spec.version_label = target.version_label


def check(ours, theirs):
    """The same bytes, and each side reads the other's."""
    data = ours.SerializeToString(deterministic=True)
    assert data == theirs.SerializeToString(deterministic=True)
    assert data == ours.SerializeToString()
    assert type(theirs).FromString(data) == theirs
    assert type(ours).FromString(theirs.SerializeToString()) == ours


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("texts", [TEXTS, ["one"], []], ids=len)
def test_predict(target, texts):
    theirs = predict_pb2.PredictRequest()
    official_spec(theirs.model_spec, target, target.signature_name or "")
    theirs.inputs["text"].CopyFrom(tf.make_tensor_proto(texts, tf.string, [len(texts)]))
    check(codec.predict_request(target, texts), theirs)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_classify(target):
    theirs = classification_pb2.ClassificationRequest()
    official_spec(theirs.model_spec, target, target.signature_name or "classify")
    for text in TEXTS:
        value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
        features = tf.train.Features(feature={"text": value})
        theirs.input.example_list.examples.append(example_pb2.Example(features=features))
    check(codec.classify_request(target, TEXTS), theirs)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_metadata(target):
    theirs = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    official_spec(theirs.model_spec, target)
    check(codec.metadata_request(target), theirs)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_status(target):
    theirs = get_model_status_pb2.GetModelStatusRequest()
    official_spec(theirs.model_spec, target)
    check(codec.status_request(target), theirs)


def test_answers_are_read_from_tensorflow_servings_bytes():
    response = predict_pb2.PredictResponse()
    output = response.outputs["probabilities"]
    output.CopyFrom(tf.make_tensor_proto([[0.25, 0.5, 0.25]], tf.float32))
    assert output.tensor_content  # what tf.make_tensor_proto writes, and a caller may meet
    response.model_spec.version.value = 3
    ours = messages.PredictResponse.FromString(response.SerializeToString())
    scores = codec.parse_predict(ours, 1)
    assert (scores.version, [tuple(row) for row in scores.rows]) == (3, [(0.25, 0.5, 0.25)])
    (prediction,) = scores.named(["negative", "neutral", "positive"])
    assert (prediction.label, prediction.score) == ("neutral", 0.5)


def test_fields_we_do_not_declare_survive():
    theirs = predict_pb2.PredictRequest()
    theirs.inputs["x"].int64_val.extend([1, 2])
    ours = messages.PredictRequest.FromString(theirs.SerializeToString())
    assert ours.SerializeToString() == theirs.SerializeToString()


@pytest.mark.slow
def test_tensorflow_can_be_imported_after_our_messages():
    """Generated code of ours would meet TensorFlow's in protobuf's default pool, and one would fail.

    The other order, TensorFlow first, is the one of every other test here.
    """
    program = textwrap.dedent("""
        import sys
        from serving.client import codec
        from serving.client import SentimentClient

        ours = codec.predict_request(SentimentClient(model_name="m").target, [])
        assert "tensorflow" not in sys.modules
        from tensorflow_serving.apis import predict_pb2

        assert predict_pb2.PredictRequest.FromString(ours.SerializeToString()).model_spec.name == "m"
    """)
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
