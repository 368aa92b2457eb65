"""Every gRPC status has its exception, and every exception says what to do in one sentence."""

import re

import grpc
import pytest

from serving.client import SentimentClient, errors
from serving.client.target import Target

TARGET = Target("localhost:8500", "mood", version=3)


class Failure(grpc.RpcError):
    """A failed call, as gRPC raises it."""

    def __init__(self, code, details):
        self.code, self.details = (lambda: code), (lambda: details)


def test_the_table_is_exhaustive():
    assert set(errors.EXCEPTIONS) == set(grpc.StatusCode) - {grpc.StatusCode.OK}


def test_the_docstring_draws_the_tree():
    """Every exception stands in it below its parent, with the statuses of the table."""
    drawn = {}
    path = []
    for line in errors.__doc__.splitlines():
        if match := re.match(r"(\s+[│├└─ ]*)(\w+Error)\b\s*(.*)", line):
            depth = (len(match[1]) - 4) // 4
            path[depth:] = [match[2]]
            drawn[match[2]] = (path[-2] if depth else "Exception", match[3])
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert set(drawn) == set(kinds)
    for name, kind in kinds.items():
        parent, text = drawn[name]
        assert kind.__base__.__name__ == parent
        codes = {code.name for code, found in errors.EXCEPTIONS.items() if found is kind}
        assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", text)) == codes


@pytest.mark.parametrize("code", errors.EXCEPTIONS)
def test_every_status_is_one_sentence_with_the_servers_words(code):
    error = errors.from_rpc_error(Failure(code, "some words."), TARGET, 5.0)
    assert type(error) is errors.EXCEPTIONS[code]
    assert (error.code, error.details) == (code, "some words.")
    assert "localhost:8500" in str(error)
    assert str(error).endswith(".")
    assert not re.search(r"[.!?] ", str(error))


def test_a_failure_without_words_has_its_code():
    error = errors.from_rpc_error(Failure(grpc.StatusCode.INTERNAL, None), TARGET, 5.0)
    assert "INTERNAL" in str(error)


def message(server, **choice):
    signature = choice.pop("call", "predict")
    with (
        SentimentClient(
            choice.pop("address", server and server.address), **{"model_name": "tiny", **choice}
        ) as client,
        pytest.raises(errors.ServingError) as caught,
    ):
        getattr(client, signature)(["a"])
    return type(caught.value), str(caught.value)


def test_wrong_address():
    kind, text = message(None, address="localhost:1")
    assert kind is errors.ServerUnavailableError
    assert text == (
        "No server answers at localhost:1: check the address, and that a server runs there"
        " (Connection refused)."
    )


def test_a_host_that_does_not_exist():
    kind, text = message(None, address="no-such-host.invalid:8500", timeout_s=20)
    assert kind is errors.ServerUnavailableError
    assert text.startswith("No server answers at no-such-host.invalid:8500: check the address")


def test_wrong_model_name(server):
    kind, text = message(server, model_name="mood")
    assert kind is errors.ModelNotFoundError
    assert text == (
        f'{server.address} serves no model "mood": check the name and the version; --status lists the'
        " versions of a model that is served (Servable not found for request: Latest(mood))."
    )


def test_wrong_version(server):
    kind, text = message(server, version=42)
    assert kind is errors.ModelNotFoundError
    assert f'{server.address} serves no version 42 of model "tiny": check the name and' in text


def test_wrong_label(server):
    kind, text = message(server, version_label="x")
    assert kind is errors.InvalidRequestError
    assert text == (
        f'{server.address} refused the request to version "x" of model "tiny": Unrecognized servable'
        " version label: x."
    )


def test_no_such_signature(server):
    kind, text = message(server, signature_name="x")
    assert kind is errors.SignatureError
    assert text == (
        f'{server.address} cannot answer for model "tiny" with signature "x": Serving signature key'
        ' "x" not found; --metadata lists the signatures it has.'
    )


def test_a_signature_that_is_not_for_classify(server):
    kind, text = message(server, call="classify", signature_name="serving_default")
    assert kind is errors.SignatureError
    assert "No classification inputs found in SignatureDef: " in text


def test_deadline(server):
    kind, text = message(server, signature_name="hang", timeout_s=0.1)
    assert kind is errors.DeadlineExceededError
    assert text == (
        f"No answer from {server.address} within 0.1 s: allow more time (timeout_s, --timeout-s) or"
        " send fewer texts at once."
    )
