"""Codes and messages over gRPC, row by row of the contract, over a real socket: of both servers (`two_servers.py`).

The requests are built with tensorflow-serving-api, so that nothing of this project's client is between.
"""

import time

import grpc
import pytest
import tensorflow as tf
from length_model import expected
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)
from waiting import wait_for

INVALID, NOT_FOUND, PRECONDITION, UNIMPLEMENTED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
)


@pytest.fixture(scope="module")
def asked(contract):
    with grpc.insecure_channel(contract.address) as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(asked):
    return prediction_service_pb2_grpc.PredictionServiceStub(asked)


@pytest.fixture(scope="module")
def model_stub(asked):
    return model_service_pb2_grpc.ModelServiceStub(asked)


@pytest.fixture(scope="module")
def own_stub(channel):
    """For what is seen from inside only: the embedded server in this process."""
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def spec(name="tiny", version=None, **fields):
    made = model_pb2.ModelSpec(name=name, **fields)
    if version is not None:
        made.version.value = version
    return made


def predict_request(inputs=None, model_spec=None, output_filter=()):
    request = predict_pb2.PredictRequest(
        model_spec=model_spec or spec(), output_filter=output_filter
    )
    for name, value in ({"text": ["a"]} if inputs is None else inputs).items():
        proto = value if hasattr(value, "dtype") else tf.make_tensor_proto(value)
        request.inputs[name].CopyFrom(proto)
    return request


def refusal(call, request, **options):
    """The code and the message of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=options.pop("timeout", 5), **options)
    return caught.value.code(), caught.value.details()


def tensor(dtype=types_pb2.DT_STRING, shape=(1,), **values):
    proto = tf.make_tensor_proto(["a"])
    proto.Clear()
    proto.dtype = dtype
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        if isinstance(value, bytes):
            setattr(proto, name, value)
        else:
            getattr(proto, name).extend(value)
    return proto


PREDICT = {
    "no model_spec": (predict_pb2.PredictRequest(), INVALID, "Missing ModelSpec"),
    "empty model name": (
        predict_request(model_spec=spec(name="", signature_name="x")),
        INVALID,
        "ModelSpec has no name specified.",
    ),
    "unknown model": (
        predict_request(model_spec=spec("m")),
        NOT_FOUND,
        "Servable not found for request: Latest(m)",
    ),
    "unknown version": (
        predict_request(model_spec=spec(version=42)),
        NOT_FOUND,
        "Servable not found for request: Specific(tiny, 42)",
    ),
    "unknown version of an unknown model": (
        predict_request(model_spec=spec("m", version=42)),
        NOT_FOUND,
        "Servable not found for request: Specific(m, 42)",
    ),
    "unknown version label": (
        predict_request(model_spec=spec(version_label="x")),
        INVALID,
        "Unrecognized servable version label: x",
    ),
    "label of a version that is not there": (
        predict_request(model_spec=spec(version_label="gone")),
        NOT_FOUND,
        "Servable not found for request: Specific(tiny, 2)",
    ),
    "unknown signature": (
        predict_request(model_spec=spec(signature_name="x")),
        PRECONDITION,
        'Serving signature key "x" not found.',
    ),
    "no input": (
        predict_request(inputs={}),
        INVALID,
        (
            "input size does not match signature: 0!=1 len({}) != len({text})."
            " Sent extra: {}. Missing but required: {text}."
        ),
    ),
    "too many inputs": (
        predict_request(inputs={"text": ["a"], "more": ["b"]}),
        INVALID,
        (
            "input size does not match signature: 2!=1 len({more,text}) != len({text})."
            " Sent extra: {more}. Missing but required: {}."
        ),
    ),
    "wrong name": (
        predict_request(inputs={"tweet": ["a"]}),
        INVALID,
        (
            "Signature input alias: text(feed name: serving_default_text:0) not found in request and no"
            " default value provided. Inputs expected to be in the request {tweet}, or default input"
            " alias set: "
        ),
    ),
    "a type that does not exist": (
        predict_request(inputs={"text": tensor(dtype=77)}),
        INVALID,
        "tensor parsing error: text",
    ),
    "no type": (
        predict_request(inputs={"text": tensor(dtype=0)}),
        INVALID,
        "tensor parsing error: text",
    ),
    "content of a wrong length": (
        predict_request(inputs={"text": tensor(types_pb2.DT_FLOAT, (2,), tensor_content=b"123")}),
        INVALID,
        "tensor parsing error: text",
    ),
    "negative dimension": (
        predict_request(inputs={"text": tensor(shape=(-2,), string_val=[b"a"])}),
        INVALID,
        "tensor parsing error: text",
    ),
    "wrong dtype": (
        predict_request(inputs={"text": [1.0]}),
        INVALID,
        "Expects arg[0] to be string but float is provided",
    ),
    "wrong dtype of the second input": (
        predict_request(
            inputs={"text": "a", "weight": tf.make_tensor_proto([1.0], tf.float64)},
            model_spec=spec(signature_name="pair"),
        ),
        INVALID,
        "Expects arg[1] to be float but double is provided",
    ),
    "unknown output": (
        predict_request(output_filter=["z"]),
        INVALID,
        (
            "output tensor alias not found in signature: z Outputs expected to be in the set"
            " {probabilities}."
        ),
    ),
    "an output twice": (
        predict_request(output_filter=["probabilities", "probabilities"]),
        INVALID,
        "duplicate output tensor alias: probabilities",
    ),
}


@pytest.mark.parametrize(("request_", "code", "message"), PREDICT.values(), ids=PREDICT)
def test_predict_refuses(stub, request_, code, message):
    assert refusal(stub.Predict, request_) == (code, message)


def test_an_error_of_the_graph_keeps_its_code_and_loses_pythons_frame(stub):
    code, message = refusal(stub.Predict, predict_request(model_spec=spec(signature_name="refuse")))
    assert code == INVALID
    assert message.startswith("assertion failed: [no sentiment today]\n\t [[{{function_node ")
    assert "Graph execution error" not in message
    assert "[Op:" not in message


def test_rank_is_the_affair_of_the_graph(stub):
    """The signature says [None]; this graph's ops take [1, 1] as well, and a scalar not."""
    square = predict_request(inputs={"text": tensor(shape=(1, 1), string_val=[b"a"])})
    output = stub.Predict(square, timeout=5).outputs["probabilities"]
    assert [dim.size for dim in output.tensor_shape.dim] == [1, 3, 1]
    code, message = refusal(stub.Predict, predict_request(inputs={"text": "a"}))
    assert code == INVALID
    assert "{{node " in message


def test_messages_are_cut_at_1024_characters(stub):
    request = predict_request(model_spec=spec(signature_name="x" * 2000))
    code, message = refusal(stub.Predict, request)
    assert code == PRECONDITION
    assert message == f'Serving signature key "{"x" * 1001}...TRUNCATED'


@pytest.mark.parametrize("character", ["\u00e9", "\u4f60", "\U0001f600"], ids=["2", "3", "4"])
def test_what_is_cut_is_whole_characters_of_1024_bytes(stub, character):
    """The real server counts bytes as well."""
    request = predict_request(model_spec=spec(signature_name=character * 2000))
    code, message = refusal(stub.Predict, request)
    assert code == PRECONDITION
    begin = 'Serving signature key "'
    fitting = (1024 - len(begin)) // len(character.encode())
    assert message == f"{begin}{character * fitting}...TRUNCATED"


def test_predict_names_who_answered(stub):
    response = stub.Predict(predict_request(), timeout=5)
    assert response.model_spec == spec(version=3, signature_name="serving_default")


def test_predict_answers_by_label(stub):
    request = predict_request(model_spec=spec(version_label="stable", signature_name="label"))
    assert stub.Predict(request, timeout=5).model_spec == spec(version=3, signature_name="label")


def test_outputs_are_in_the_field_of_their_type(stub):
    request = predict_request(inputs={"text": ["a", "bb"]}, model_spec=spec(signature_name="label"))
    outputs = stub.Predict(request, timeout=5).outputs
    assert set(outputs) == {"label", "score", "probabilities"}
    assert not any(output.tensor_content for output in outputs.values())
    assert list(outputs["label"].string_val) == [b"positive", b"positive"]
    assert [dim.size for dim in outputs["probabilities"].tensor_shape.dim] == [2, 3]
    wanted = [*expected("a", 3), *expected("bb", 3)]
    assert list(outputs["probabilities"].float_val) == pytest.approx(wanted, abs=1e-6)


def test_output_filter_chooses(stub):
    request = predict_request(model_spec=spec(signature_name="label"), output_filter=["score"])
    assert set(stub.Predict(request, timeout=5).outputs) == {"score"}


def test_several_inputs_and_a_scalar(stub):
    request = predict_request(
        inputs={"text": "scalar", "weight": [1.0, 2.0]}, model_spec=spec(signature_name="pair")
    )
    outputs = stub.Predict(request, timeout=5).outputs
    assert list(outputs["echo"].string_val) == [b"scalar"]
    assert outputs["echo"].HasField("tensor_shape")
    assert not outputs["echo"].tensor_shape.dim
    assert (list(outputs["size"].int_val), list(outputs["sum"].float_val)) == ([2], [3.0])


def test_an_empty_batch_passes_to_the_graph(stub):
    request = predict_request(inputs={"text": tensor(shape=(0,))})
    output = stub.Predict(request, timeout=5).outputs["probabilities"]
    assert [dim.size for dim in output.tensor_shape.dim] == [0, 3]


@pytest.mark.parametrize(
    ("values", "used"),
    [([b"a", b"bb", b"ccc"], ["a", "bb"]), ([b"a"], ["a", "a"])],
    ids=["more than the shape says", "fewer"],
)
def test_values_are_cut_or_repeated_to_the_shape(stub, values, used):
    request = predict_request(inputs={"text": tensor(shape=(2,), string_val=values)})
    output = stub.Predict(request, timeout=5).outputs["probabilities"]
    wanted = [number for text in used for number in expected(text, 3)]
    assert list(output.float_val) == pytest.approx(wanted, abs=1e-6)


def test_the_deadline_bounds_the_work(server, own_stub):
    """The call ends in time, and so does the work behind it."""
    versions = server.registry._models["tiny"]
    started = time.monotonic()
    code, _ = refusal(
        own_stub.Predict, predict_request(model_spec=spec(signature_name="hang")), timeout=0.3
    )
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED
    wait_for(lambda: not versions._versions[3].in_use, 3)
    assert time.monotonic() - started < 3


def test_a_caller_who_gives_up_ends_the_work(server, own_stub):
    versions = server.registry._models["tiny"]
    call = own_stub.Predict.future(predict_request(model_spec=spec(signature_name="hang")))
    wait_for(lambda: versions._versions[3].in_use)
    call.cancel()
    wait_for(lambda: not versions._versions[3].in_use, 3)


def test_a_call_that_ends_early_ends_no_other(own_stub):
    """TensorFlow keeps the cancellation of its public call in one place for the whole process."""
    hang = predict_request(model_spec=spec(signature_name="hang"))
    for _ in range(20):
        short = [own_stub.Predict.future(hang, timeout=0.05) for _ in range(2)]
        answered = [own_stub.Predict.future(predict_request(), timeout=10) for _ in range(20)]
        assert all(call.result().outputs for call in answered)
        assert all(call.exception() for call in short)


def metadata_request(*fields, model_spec=None):
    return get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=model_spec or spec(), metadata_field=fields
    )


METADATA = {
    "no model_spec": (
        get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
        INVALID,
        "Missing ModelSpec",
    ),
    "no field": (
        metadata_request(),
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "unknown field": (
        metadata_request("signature_def", "X"),
        INVALID,
        "Metadata field X is not supported",
    ),
    "unknown model": (
        metadata_request("signature_def", model_spec=spec("m")),
        NOT_FOUND,
        "Servable not found for request: Latest(m)",
    ),
}


@pytest.mark.parametrize(("request_", "code", "message"), METADATA.values(), ids=METADATA)
def test_metadata_refuses(stub, request_, code, message):
    assert refusal(stub.GetModelMetadata, request_) == (code, message)


def test_metadata_is_an_any_of_the_signatures(stub):
    response = stub.GetModelMetadata(metadata_request("signature_def"), timeout=5)
    assert response.model_spec == spec(version=3)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    assert default.inputs["text"].dtype == types_pb2.DT_STRING
    assert default.method_name == "tensorflow/serving/predict"


def status_request(model_spec=None):
    return get_model_status_pb2.GetModelStatusRequest(model_spec=model_spec)


STATUS = {
    "no model_spec": (status_request(), INVALID, "Missing ModelSpec"),
    "unknown model": (
        status_request(spec("m")),
        NOT_FOUND,
        "Could not find any versions of model m",
    ),
    "unknown version": (
        status_request(spec(version=7)),
        NOT_FOUND,
        "Could not find version 7 of model tiny",
    ),
}


@pytest.mark.parametrize(("request_", "code", "message"), STATUS.values(), ids=STATUS)
def test_status_refuses(model_stub, request_, code, message):
    assert refusal(model_stub.GetModelStatus, request_) == (code, message)


@pytest.mark.parametrize("version", [None, 3])
def test_status_tells_state_and_no_error(model_stub, version):
    response = model_stub.GetModelStatus(status_request(spec(version=version)), timeout=5)
    (status,) = response.model_version_status
    assert (status.version, status.state) == (3, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert status.HasField("status")
    assert (status.status.error_code, status.status.error_message) == (0, "")


def classify_request(*texts, model_spec=None, context=None):
    request = classification_pb2.ClassificationRequest(
        model_spec=model_spec or spec(signature_name="classify")
    )
    examples = request.input.example_list.examples
    if context is not None:
        examples = request.input.example_list_with_context.examples
        request.input.example_list_with_context.context.CopyFrom(example(context))
    examples.extend(map(example, texts))
    return request


def example(text):
    made = example_pb2.Example()
    if text is not None:
        made.features.feature["text"].bytes_list.value.append(text.encode())
    return made


CLASSIFY = {
    "no model_spec": (
        classification_pb2.ClassificationRequest(),
        INVALID,
        "Missing ModelSpec",
    ),
    "unknown model": (
        classify_request("a", model_spec=spec("m")),
        NOT_FOUND,
        "Servable not found for request: Latest(m)",
    ),
    "unknown signature": (
        classify_request("a", model_spec=spec(signature_name="x")),
        INVALID,
        "No signature was found with the name: x",
    ),
    "no example": (classify_request(), INVALID, "Input is empty."),
    "no input": (
        classification_pb2.ClassificationRequest(model_spec=spec(signature_name="classify")),
        INVALID,
        "Input is empty.",
    ),
}


@pytest.mark.parametrize(("request_", "code", "message"), CLASSIFY.values(), ids=CLASSIFY)
def test_classify_refuses(stub, request_, code, message):
    assert refusal(stub.Classify, request_) == (code, message)


def test_classify_refuses_a_signature_without_examples(stub):
    """The signature's whole definition follows."""
    code, message = refusal(stub.Classify, classify_request("a", model_spec=spec()))
    assert code == PRECONDITION
    assert message.startswith(
        'No classification inputs found in SignatureDef: inputs {\n  key: "text"'
    )


def classes(response):
    return [
        [(one.label, one.score) for one in row.classes] for row in response.result.classifications
    ]


def test_classify_gives_classes_and_scores(stub):
    response = stub.Classify(classify_request("a", "bb"), timeout=5)
    assert response.model_spec == spec(version=3, signature_name="classify")
    for row, text in zip(classes(response), ["a", "bb"], strict=True):
        assert [label for label, _ in row] == ["negative", "neutral", "positive"]
        assert [score for _, score in row] == pytest.approx(list(expected(text, 3)), abs=1e-6)


def test_a_context_fills_in_what_an_example_lacks(stub):
    response = stub.Classify(classify_request("bb", None, context="shared"), timeout=5)
    plain = stub.Classify(classify_request("bb", "shared"), timeout=5)
    assert classes(response) == classes(plain)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Regress", regression_pb2.RegressionRequest()),
        ("MultiInference", inference_pb2.MultiInferenceRequest()),
    ],
)
def test_other_methods_answer_unimplemented_with_a_sentence(stub, method, request_):
    assert refusal(getattr(stub, method), request_) == (
        UNIMPLEMENTED,
        f"The embedded server does not offer {method}; tensorflow_model_server does.",
    )
