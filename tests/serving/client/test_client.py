"""The blocking client, over a real socket."""

import contextlib
import threading
import time

import grpc
import pytest
from length_model import expected

from serving.client import SentimentClient, errors
from serving.client.results import TensorSpec
from serving.messages import VersionState


def check(predictions, texts, version=3):
    """Every text has its own answer, in order."""
    assert len(predictions) == len(texts)
    for prediction, text in zip(predictions, texts, strict=True):
        wanted = expected(text, version)
        assert list(prediction.probabilities) == ["negative", "neutral", "positive"]
        assert list(prediction.probabilities.values()) == pytest.approx(wanted, abs=1e-6)
        assert prediction.score == max(prediction.probabilities.values())
        assert prediction.probabilities[prediction.label] == prediction.score


def test_predict_names_label_score_and_probabilities(client):
    texts = ["some tweet", "", "emoji \N{GRINNING FACE} and https://example.org/x", "x" * 100]
    check(client.predict(texts), texts)


def test_no_text_asks_nobody():
    with SentimentClient("localhost:1") as unreachable:
        assert unreachable.predict([]) == []


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
def test_batches_of_any_length_come_back_in_order(server, count):
    texts = ["x" * (i % 60) for i in range(count)]
    with SentimentClient(server.address, model_name="tiny", max_batch_size=8) as client:
        check(client.predict(texts), texts)
        check(client.classify(texts), texts)


def test_a_generator_is_a_list_of_texts(client):
    check(client.predict(text for text in ["a", "bb"]), ["a", "bb"])


def test_classify_gives_what_predict_gives(client):
    texts = ["some tweet", "", "emoji \N{GRINNING FACE}"]
    check(client.classify(texts), texts)


def test_half_a_surrogate_is_sent_as_node_sends_it(client):
    """JSON may carry half an emoji; Python cannot encode it, and the caller should not notice."""
    check(
        client.predict(["half \ud83d", "whole \ud83d\ude00"]), ["half \ufffd", "whole \U0001f600"]
    )


def test_a_bare_string_is_refused(client):
    with pytest.raises(
        TypeError, match=r"Pass a list of texts: \[text\], not text. Received: texts='some tweet'"
    ):
        client.predict("some tweet")


def test_what_is_no_text_is_named_with_its_place(client):
    with pytest.raises(TypeError, match=r"Received: texts\[1\]=None"):
        client.predict(["fine", None])


@pytest.mark.parametrize("choice", [{"version": 3}, {"version_label": "stable"}])
def test_version_and_label_can_be_chosen(server, choice):
    with SentimentClient(server.address, model_name="tiny", **choice) as client:
        check(client.predict(["some tweet"]), ["some tweet"])
        assert client.metadata().version == 3


def test_metadata_tells_the_signatures(client):
    metadata = client.metadata()
    assert (metadata.name, metadata.version) == ("tiny", 3)
    assert {"serving_default", "classify", "label"} < set(metadata.signatures)
    assert "__saved_model_init_op" not in metadata.signatures
    default = metadata.signatures["serving_default"]
    assert default.inputs == {"text": TensorSpec("string", (None,))}
    assert default.outputs == {"probabilities": TensorSpec("float", (None, 3))}
    assert metadata.signatures["classify"].method_name == "tensorflow/serving/classify"
    assert metadata.signatures["pair"].inputs["text"].shape is None


def test_status_tells_the_versions(client):
    (status,) = client.status()
    assert (status.version, status.state, status.error) == (3, VersionState.AVAILABLE, "")


def test_wait_until_ready_returns_at_once_when_ready(client):
    assert client.wait_until_ready(5).version == 3


def test_wait_until_ready_outlasts_a_server_that_is_not_there_yet(start, saved_models, tmp_path):
    running = start(tmp_path / "tiny")
    ready = []
    with SentimentClient(running.address, model_name="tiny") as client:
        waiter = threading.Thread(target=lambda: ready.append(client.wait_until_ready(20)))
        waiter.start()
        saved_models.publish(4, tmp_path / "tiny")
        waiter.join(20)
    assert [metadata.version for metadata in ready] == [4]


def test_wait_until_ready_gives_up_in_time_and_tells_why(server):
    with (
        SentimentClient(server.address, model_name="other") as client,
        pytest.raises(
            errors.NotReadyError,
            match=r"served no model .other. within 0.3 s; last seen: Servable not found",
        ),
    ):
        client.wait_until_ready(0.3)


def test_wait_until_ready_tells_why_a_load_failed(start, tmp_path):
    (tmp_path / "tiny" / "1").mkdir(parents=True)
    with (
        SentimentClient(start(tmp_path / "tiny").address, model_name="tiny") as client,
        pytest.raises(
            errors.NotReadyError, match="last seen: version 1 END Could not find SavedModel"
        ),
    ):
        client.wait_until_ready(0.2)


def test_waiting_for_what_never_comes_is_not_worth_it(server):
    """A certificate or an argument that is refused now is refused in a minute."""
    from serving.client.base import worth_waiting

    refused = errors.from_rpc_error(_RpcError(grpc.StatusCode.PERMISSION_DENIED), *_TARGET)
    assert not worth_waiting(refused)


def test_the_connection_is_kept(client):
    client.predict(["a"])
    channel = client._channel
    client.classify(["a"])
    assert client._channel is channel


def test_a_closed_client_connects_anew(server):
    client = SentimentClient(server.address, model_name="tiny")
    client.predict(["a"])
    client.close()
    assert client._channel is None
    check(client.predict(["a"]), ["a"])
    client.close()


def test_threads_share_a_client(server):
    answers = {}
    with SentimentClient(server.address, model_name="tiny") as client:

        def ask(number):
            answers[number] = client.predict(["x" * number] * 3)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(8):
        check(answers[number], ["x" * number] * 3)


@contextlib.contextmanager
def collecting(kind, into):
    """Errors of a kind go into a list."""
    try:
        yield
    except kind as error:
        into.append(error)


def test_closing_while_sixteen_threads_call(server):
    """Each call is answered or ends with an exception of ours, and the client connects anew."""
    client, stop, ended = SentimentClient(server.address, model_name="tiny"), threading.Event(), []

    def ask(count):
        while not stop.is_set():
            with collecting(errors.CallCancelledError, ended):
                check(client.predict(["x"] * count), ["x"] * count)

    # A few texts are one plain call, many go ahead of their answers.
    threads = [threading.Thread(target=ask, args=(1200 * (n % 2) + 1,)) for n in range(16)]
    with pytest.MonkeyPatch.context() as patch:
        raised = []
        patch.setattr(threading, "excepthook", raised.append)
        for thread in threads:
            thread.start()
        for _ in range(20):
            time.sleep(0.05)
            began_at = time.monotonic()
            client.close()
            assert time.monotonic() - began_at < 5, "it waits for no call"
        stop.set()
        for thread in threads:
            thread.join(30)
    client.close()
    assert raised == []
    assert not any(thread.is_alive() for thread in threads)
    assert "was cancelled: Channel closed!" in str(ended[0])


def test_the_default_deadline_and_the_one_of_a_call(server):
    with SentimentClient(
        server.address, model_name="tiny", signature_name="hang", timeout_s=0.2
    ) as client:
        with pytest.raises(errors.DeadlineExceededError, match=r"within 0\.2 s: allow more time"):
            client.predict(["a"])
        with pytest.raises(errors.DeadlineExceededError, match=r"within 0\.1 s"):
            client.predict(["a"], timeout_s=0.1)


def test_after_a_failed_batch_the_others_are_given_up(server):
    with (
        SentimentClient(
            server.address, model_name="tiny", signature_name="refuse", max_batch_size=1
        ) as client,
        pytest.raises(errors.InvalidRequestError, match="no sentiment today"),
    ):
        client.predict(["a"] * 20)


def test_another_signature_with_probabilities_serves_as_well(server):
    with SentimentClient(server.address, model_name="tiny", signature_name="label") as client:
        check(client.predict(["a", "bb"]), ["a", "bb"])


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("bare", r'no output "probabilities", only \[.score.\]'),
        ("narrow", r"Expected probabilities of shape \[1, 3\].* the answer has shape \[1, 2\]"),
    ],
)
def test_an_answer_that_holds_no_sentiment_is_told(server, signature, message):
    with (
        SentimentClient(server.address, model_name="tiny", signature_name=signature) as client,
        pytest.raises(errors.BadAnswerError, match=message),
    ):
        client.predict(["a"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"address": "localhost"}, "address='localhost'"),
        ({"address": "8500"}, "address='8500'"),
        ({"address": ""}, "address=''"),
        ({"address": []}, r"address=\[\]"),
        ({"timeout_s": 0}, "timeout_s=0"),
        ({"timeout_s": float("nan")}, "timeout_s=nan"),
        # gRPC takes it for a deadline that is over: "no answer within inf s", at once.
        ({"timeout_s": float("inf")}, "timeout_s=inf"),
        ({"timeout_s": 1e300}, "timeout_s=1e\\+300"),
        ({"max_batch_size": 0}, "max_batch_size=0"),
        ({"max_batch_size": 0.5}, "max_batch_size=0.5"),
        ({"max_batch_size": float("inf")}, "max_batch_size=inf"),
        ({"address": "localhost:65536"}, "address='localhost:65536'"),
        ({"address": ":8500"}, "address=':8500'"),
        ({"version": -1}, "version=-1"),
        ({"version": 2**63}, "version=9223372036854775808"),
        ({"signature_name": "caf\udce9"}, "signature_name='caf"),
        ({"model_name": ""}, "model_name=''"),
        ({"version": 1, "version_label": "stable"}, "version=1, version_label='stable'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=f"Received: {message}"):
        SentimentClient(**arguments)


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("method", ["predict", "metadata", "status", "wait_until_ready"])
def test_the_deadline_of_a_call_is_checked(client, method, timeout_s):
    words = [["a"]] if method == "predict" else []
    with pytest.raises(ValueError, match=f"Received: timeout_s={timeout_s}"):
        getattr(client, method)(*words, timeout_s=timeout_s)


class _RpcError(grpc.RpcError):
    def __init__(self, code, details="because"):
        self.code, self.details = (lambda: code), (lambda: details)


_TARGET = (SentimentClient().target, 1.0)
