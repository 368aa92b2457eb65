"""How the client connects: retries, addresses, limits; over real sockets where it shows there."""

import json
import time
from concurrent import futures

import grpc
import pytest
from client_tables import class_names

from serving import messages
from serving.client import SentimentClient
from serving.client.channel import (
    OPTIONS,
    SERVICE_CONFIG,
    Tls,
    channel_arguments,
    split_addresses,
    target_uri,
)
from serving.client.errors import CallError, ServerUnavailableError, TlsError

PREDICT = f"/{messages.PREDICTION_SERVICE}/Predict"


@pytest.fixture
def fake(request):
    """A function that starts a server whose Predict does what the test wants; gives its address."""

    def start(predict):
        server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        method = grpc.unary_unary_rpc_method_handler(
            predict,
            request_deserializer=messages.PredictRequest.FromString,
            response_serializer=messages.PredictResponse.SerializeToString,
        )
        classify = grpc.unary_unary_rpc_method_handler(lambda *_: class_names())
        handlers = grpc.method_handlers_generic_handler(
            messages.PREDICTION_SERVICE, {"Predict": method, "Classify": classify}
        )
        server.add_generic_rpc_handlers((handlers,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        request.addfinalizer(lambda: server.stop(0).wait())
        return f"127.0.0.1:{port}"

    return start


def answer(count, *, padding=0):
    response = messages.PredictResponse()
    response.model_spec.version.value = 3
    tensor = response.outputs["probabilities"]
    tensor.dtype = 1
    for size in (count, 3):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.extend([0.2, 0.3, 0.5] * count)
    if padding:
        response.outputs["padding"].string_val.append(b"x" * padding)
    return response


class Failing:
    """Fails with a code some times, then answers."""

    def __init__(self, code, times):
        self.code, self.times, self.calls = code, times, 0

    def __call__(self, request, context):
        self.calls += 1
        if self.calls <= self.times:
            context.abort(self.code, "not now")
        return answer(len(request.inputs["text"].string_val))


def test_unavailable_is_tried_again(fake):
    predict = Failing(grpc.StatusCode.UNAVAILABLE, 2)
    with SentimentClient(fake(predict)) as client:
        assert [found.label for found in client.predict(["a"])] == ["positive"]
    assert predict.calls == 3


def test_unavailable_is_tried_four_times_at_most(fake):
    predict = Failing(grpc.StatusCode.UNAVAILABLE, 99)
    with (
        SentimentClient(fake(predict)) as client,
        pytest.raises(ServerUnavailableError, match="not now"),
    ):
        client.predict(["a"])
    assert predict.calls == 4


@pytest.mark.parametrize(
    "code",
    sorted(set(grpc.StatusCode) - {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}, key=str),
)
def test_nothing_else_is_tried_again(fake, code):
    predict = Failing(code, 1)
    with SentimentClient(fake(predict)) as client, pytest.raises(CallError) as caught:
        client.predict(["a"])
    assert caught.value.code is code
    assert predict.calls == 1


def test_several_servers_take_turns(fake):
    """Round robin: with three servers each gets its share of the requests."""
    servers = [Failing(grpc.StatusCode.UNKNOWN, 0) for _ in range(3)]
    with SentimentClient([fake(one) for one in servers]) as client:
        # The first calls go to whoever is connected first.
        for _ in range(60):
            client.predict(["a"])
    assert min(one.calls for one in servers) >= 10


def test_a_dead_replica_is_passed_over(fake):
    alive = Failing(grpc.StatusCode.UNKNOWN, 0)
    with SentimentClient(["127.0.0.1:1", fake(alive)]) as client:
        for _ in range(10):
            client.predict(["a"])
    assert alive.calls == 10


def test_an_answer_beyond_grpcs_4_mib_is_taken(fake):
    with SentimentClient(fake(lambda *_: answer(1, padding=5 * 2**20))) as client:
        assert len(client.predict(["a"])) == 1


def test_options():
    """What cannot be seen from outside within seconds."""
    options = dict(OPTIONS)
    assert options["grpc.keepalive_time_ms"] >= 5 * 60 * 1000
    assert options["grpc.max_receive_message_length"] > 4 * 2**20
    assert json.loads(options["grpc.service_config"]) == SERVICE_CONFIG
    (method,) = SERVICE_CONFIG["methodConfig"]
    assert method["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("localhost:8500", "dns:///localhost:8500"),
        ("dns:///sentiment:8500", "dns:///sentiment:8500"),
        ("unix:/run/socket", "unix:/run/socket"),
        ("[::1]:8500", "dns:///[::1]:8500"),
        ("127.0.0.1:1,127.0.0.2:2", "ipv4:127.0.0.1:1,127.0.0.2:2"),
        ("[::1]:1,[::2]:2", "ipv6:[::1]:1,[::2]:2"),
        ("localhost:1,127.0.0.1:2", "ipv4:127.0.0.1:1,127.0.0.1:2"),
    ],
)
def test_addresses_become_grpcs_names(address, uri):
    assert target_uri(split_addresses(address)) == uri


def test_a_list_cannot_mix_families():
    with pytest.raises(ValueError, match=r"all IPv4 or all IPv6. Received: address='127.0.0.1:1,"):
        target_uri(["127.0.0.1:1", "[::1]:2"])


def test_an_unknown_host_in_a_list_is_named():
    with pytest.raises(ValueError, match=r"Received: address='no-such.invalid:1'"):
        target_uri(["127.0.0.1:1", "no-such.invalid:1"])


def test_a_list_under_tls_is_checked_by_the_first_name():
    _, options, credentials = channel_arguments(["localhost:1", "127.0.0.1:2"], Tls())
    assert ("grpc.ssl_target_name_override", "localhost") in options
    assert credentials is not None


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_a_certificate_that_is_not_there_is_named(certificates, name):
    files = {"cert_file": certificates / "client.pem", "key_file": certificates / "client.key"}
    with pytest.raises(FileNotFoundError, match=r"no-such\.pem"):
        Tls(**{**files, name: "no-such.pem"}).credentials()


@pytest.mark.parametrize(
    "files",
    [
        {"ca_file": "client.key"},
        {"ca_file": "letter.txt"},
        {"cert_file": "client.key", "key_file": "client.key"},
        {"cert_file": "client.pem", "key_file": "letter.txt"},
        {"cert_file": "client.pem", "key_file": "server.key"},
    ],
    ids=str,
)
def test_a_file_that_does_not_fit_is_named_before_anything_is_sent(certificates, files):
    """To gRPC it is a server that is not there."""
    (certificates / "letter.txt").write_text("D\u00e9j\u00e0 vu", encoding="utf-8")
    paths = {name: certificates / file for name, file in files.items()}
    with pytest.raises(ValueError, match="TLS needs PEM files") as caught:
        SentimentClient("localhost:1", tls=Tls(**paths)).predict(["a"])
    assert all(f"{name}='{path}'" in str(caught.value) for name, path in paths.items())


def test_authorities_may_have_names_in_any_language(certificates, tmp_path):
    """Between its certificates a PEM file holds whatever it likes."""
    content = "# D\u00e9j\u00e0 vu\n".encode() + (certificates / "ca.pem").read_bytes()
    (tmp_path / "ca.pem").write_bytes(content)
    Tls(ca_file=tmp_path / "ca.pem").credentials()


def test_tls_against_a_plain_port_is_told_at_once(fake):
    """It is no server that is away: waiting for one ends at once too."""
    with SentimentClient(fake(Failing(grpc.StatusCode.UNKNOWN, 0)), tls=Tls()) as client:
        with pytest.raises(TlsError, match=r"check that it speaks TLS.*\(WRONG_VERSION_NUMBER\)"):
            client.predict(["a"])
        began_at = time.monotonic()
        with pytest.raises(TlsError):
            client.wait_until_ready(60)
        assert time.monotonic() - began_at < 5
