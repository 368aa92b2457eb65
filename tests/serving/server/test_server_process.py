"""The embedded server as a command: flags, the line that says it is ready, signals, sockets, TLS, health."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from google.protobuf import text_format
from length_model import predict_log, warm_up_with
from waiting import wait_for

from serving import messages
from serving.client import SentimentClient, codec, rpcs
from serving.client.channel import Tls
from serving.client.errors import ServerUnavailableError, ServingError
from serving.server.flags import parse_flags

FLAGS = 18


@pytest.fixture
def run(request):
    """A function that starts the command and gives the process and its first line."""

    def start(*flags, read=True):
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.server", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        def stop():
            process.kill()
            process.communicate()

        request.addfinalizer(stop)
        return process, process.stdout.readline().strip() if read else ""

    return start


def test_it_says_what_it_serves_and_where_and_drains_on_sigterm(run, base):
    """One start tells all: the ready line, the free port, a request that outlives SIGTERM, nothing else said."""
    process, line = run("--port=0", "--model_name=tiny", f"--model_base_path={base}")
    words = line.split()
    assert words[:-1] == ["Serving", "tiny", "version", "3", "at"]
    with SentimentClient(words[-1], model_name="tiny") as client:
        client.predict(["a"])
        send_nonsense(words[-1])
        slow = {}
        hanging = SentimentClient(words[-1], model_name="tiny", signature_name="hang")
        asker = threading.Thread(target=lambda: slow.update(_outcome(hanging)))
        asker.start()
        time.sleep(0.5)  # until the request is at work; nothing outside shows that
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "Stopping: requests under way are answered first.\n"
        asker.join(10)
        hanging.close()
    # Its own deadline ended it, not the server's end.
    assert slow == {"error": "DeadlineExceededError"}
    assert process.wait(10) == 0
    serves, nonsense = process.stderr.read().splitlines()
    assert re.fullmatch(r"\S+ \S+ INFO tiny version 3 serves, loaded in \d+\.\d s\.", serves)
    assert nonsense.endswith(" ERROR Exception deserializing message!")


def send_nonsense(address):
    """Bytes that are no message; a line in the server's log is enough for them."""
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary(rpcs.PREDICT.path)(b"nonsense", timeout=5)


def _outcome(client):
    try:
        client.predict(["a"], timeout_s=1.5)
    except ServingError as error:
        return {"error": type(error).__name__}
    return {}


@pytest.fixture
def stuck(tmp_path):
    """Texts that keep the signature `read` inside one operation until the test ends, and how to wait for that."""
    reading, fifo = tmp_path / "reading", tmp_path / "fifo"
    os.mkfifo(fifo)
    yield SimpleNamespace(
        texts=[str(reading), str(fifo)], wait=lambda: wait_for(reading.exists, 30)
    )
    with contextlib.suppress(OSError):  # nobody reads any more
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))


def ask_to_read(client, texts):
    """A call that no cancellation ends at the server."""
    request = codec.predict_request(client.target, texts)
    return client._stub(rpcs.PREDICT.path).future(request, timeout=60)


@pytest.mark.slow
def test_a_request_inside_an_operation_does_not_outlive_the_draining(run, base, stuck):
    flags = ("--port=0", "--model_name=tiny", f"--model_base_path={base}", "--drain_seconds=0.5")
    process, line = run(*flags)
    address = line.split()[-1]
    with SentimentClient(address, model_name="tiny", signature_name="read") as client:
        call = ask_to_read(client, stuck.texts)
        stuck.wait()
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(10) == 0
        assert 0.5 <= time.monotonic() - started < 3
        assert call.code() == grpc.StatusCode.UNAVAILABLE
    assert process.stderr.read().endswith("Cut off what still ran after 0.5 s.\n")


@pytest.mark.slow
def test_nor_does_a_load(run, saved_models, tmp_path, stuck):
    """Its warmup is inside an operation, in the main thread; nothing is to be drained yet."""
    record = predict_log("read", stuck.texts)
    saved_models.publish(3, tmp_path / "tiny", change=warm_up_with(record))
    flags = ("--port=0", "--model_name=tiny", f"--model_base_path={tmp_path / 'tiny'}")
    process, _ = run(*flags, read=False)
    stuck.wait()
    process.send_signal(signal.SIGTERM)
    assert process.wait(3) == 0


def test_a_server_in_this_process_stops_in_time_as_well(start, base, stuck):
    running = start(base, drain_s=0.2)
    with SentimentClient(running.address, model_name="tiny", signature_name="read") as client:
        call = ask_to_read(client, stuck.texts)
        stuck.wait()
        started = time.monotonic()
        running.stop()
        assert time.monotonic() - started < 3
        assert call.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.slow
def test_an_empty_folder_is_said(run, tmp_path):
    """Whatever it is called: a name is bytes, which need not be text."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    process, line = run("--port=0", "--model_name=m", f"--model_base_path={folder}")
    assert line.startswith("Listening at localhost:")
    assert line.endswith(rf"; waiting for a version of m under {tmp_path}/caf\udce9")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "give either --model_base_path or --model_config_file"),
        (["--model_base_path=x", "--model_config_file=y"], "give either"),
        (["--model_base_path=x", "--model_name="], "argument --model_name: must not be empty"),
        (["--model_base_path=x", "--host="], "argument --host: must not be empty"),
        (["--model_base_path="], "argument --model_base_path: must be a path, received ''"),
        (["--model_base_path=a\0b"], r"--model_base_path: must be a path, received 'a\x00b'"),
        (["--model_config_file="], "argument --model_config_file: must be a path, received ''"),
        (["--model_base_path=x", "--grpc_socket_path="], "must be a path, received ''"),
        (
            ["--model_base_path=x", "--port=70000"],
            "argument --port: must be from 0 to 65535, received '70000'",
        ),
        (["--model_base_path=x", "--port=a"], "argument --port: invalid number value: 'a'"),
        (["--model_base_path=x", "--grpc_max_threads=0"], "must be from 1 to 65535, received '0'"),
        (
            ["--model_base_path=x", "--file_system_poll_wait_seconds=-1"],
            "must be from 0 to 2147483647",
        ),
        (["--model_base_path=x", "--file_system_poll_wait_seconds=inf"], "received 'inf'"),
        (["--model_base_path=x", "--file_system_poll_wait_seconds=nan"], "received 'nan'"),
        (["--model_base_path=x", "--drain_seconds=inf"], "must be from 0 to 2147483647, received"),
        (["--model_base_path=x", "--drain_seconds=nan"], "received 'nan'"),
        (
            ["--model_base_path=x", "--enable_grpc_healthcheck_service=perhaps"],
            "must be true or false",
        ),
        (
            ["--model_base_path=x", "--rest_api_port=70000"],
            "argument --rest_api_port: must be from 0 to 65535, received '70000'",
        ),
        (["--model_base_path=x", "--rest_api_num_threads=0"], "must be from 1 to 65535"),
        (["--model_base_path=x", "--rest_api_timeout_in_ms=-1"], "must be from 0 to 2147483647"),
        (
            ["--model_base_path=x", "--port=8501", "--rest_api_port=8501"],
            "--port and --rest_api_port must differ, received 8501 for both",
        ),
        (["--model_base_path=x", "--monitoring_config_file=m"], "needs --rest_api_port"),
        (
            ["--model_base_path=x", "--model_config_file_poll_wait_seconds=1"],
            "--model_config_file_poll_wait_seconds needs --model_config_file",
        ),
        (["--model_base_path=x", "--enable_batching"], "requests are not batched here"),
        (["--model_base_path=x", "--por=1"], "unknown argument '--por=1'"),
        (["--model_config_file=/dev/zero"], "/dev/zero must have 10,000,000 characters at most"),
        (["--model_config_file=/no/such"], "cannot read /no/such: No such file or directory"),
        (["--model_base_path=x", "--ssl_config_file=/no/such"], "cannot read /no/such"),
    ],
)
def test_wrong_flags_are_one_sentence(flags, sentence, capsys):
    with pytest.raises(SystemExit) as exit_:
        parse_flags(flags)
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m serving.server: ")
    assert sentence in line


def test_wrong_flags_answer_before_tensorflow_is_imported():
    program = "import sys; from serving.server.__main__ import main\ntry: main([])\nexcept SystemExit: print('tensorflow' in sys.modules)"
    assert (
        subprocess.check_output([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        == b"False\n"
    )


def test_help_shows_every_flag_with_its_default(capsys):
    with pytest.raises(SystemExit) as exit_:
        parse_flags(["--help"])
    assert exit_.value.code == 0
    described = capsys.readouterr().out.partition("what to serve:")[2]
    flags = re.split(r"--(?=[a-z_]+ [A-Z[])", " ".join(described.split()))[1:]
    assert len(flags) == FLAGS
    assert [flag for flag in flags if "(default " not in flag] == []


def test_defaults_are_those_of_the_real_server_but_loopback():
    options = parse_flags(["--model_base_path=models/m"])
    assert (options.host, options.port, options.poll_s) == ("localhost", 8500, 1.0)
    assert (options.rest_api_port, options.rest_api_timeout_s) == (0, 30.0)
    assert options.models[0].name == "default"
    assert not options.health_service


@pytest.mark.parametrize(("word", "value"), [("", True), ("=true", True), ("=false", False)])
def test_booleans_are_spelled_as_tensorflow_spells_them(word, value):
    options = parse_flags(["--model_base_path=x", f"--enable_grpc_healthcheck_service{word}"])
    assert options.health_service is value


def write_config(path, text):
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def test_a_model_config_file_names_models_policies_and_labels(tmp_path):
    file = write_config(
        tmp_path / "models.config",
        """model_config_list {
             config { name: "a" base_path: "/models/a" model_platform: "tensorflow"
               model_version_policy { specific { versions: 2 versions: 5 } }
               version_labels { key: "stable" value: 2 } version_labels { key: "canary" value: 5 } }
             config { name: "b" base_path: "/models/b" model_version_policy { all {} } }
             config { name: "c" base_path: "/models/c" model_version_policy { latest { num_versions: 3 } } }
             config { name: "d" base_path: "/models/d" } }""",
    )
    allowed = "--allow_version_labels_for_unavailable_models"
    a, b, c, d = parse_flags([f"--model_config_file={file}", allowed]).models
    assert (a.name, a.base_path, a.only) == ("a", Path("/models/a"), {2, 5})
    assert a.labels == {"stable": 2, "canary": 5}
    assert (b.newest, c.newest, d.newest) == (None, 3, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense {", "is not a ModelServerConfig text proto"),
        ("", "must name at least one model"),
        (
            'model_config_list { config { name: "a" base_path: "x" } config { name: "a" base_path: "x" } }',
            "each once",
        ),
        (
            'model_config_list { config { name: "a" } }',
            "must name a folder for model 'a', received base_path=''",
        ),
        (
            r'model_config_list { config { name: "a" base_path: "b\000c" } }',
            r"must name a folder for model 'a', received base_path='b\x00c'",
        ),
        ("\udcff", "is no UTF-8 text: invalid start byte at byte 0"),
        (
            'model_config_list { config { name: "a" base_path: "/b" version_labels { key: "c" value: 2 } } }',
            (
                "Request to assign label to version 2 of model a, which is not currently available for inference;"
                " give --allow_version_labels_for_unavailable_models"
            ),
        ),
    ],
)
def test_a_wrong_model_config_file_is_one_sentence(tmp_path, capsys, text, sentence):
    file = write_config(tmp_path / "models.config", text)
    with pytest.raises(SystemExit):
        parse_flags([f"--model_config_file={file}"])
    assert sentence in capsys.readouterr().err


def test_it_listens_on_loopback_only(server):
    """Another machine, played by this machine's own name, is refused."""
    addresses = {
        info[4][0] for info in socket.getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM)
    }
    assert addresses <= {"127.0.0.1", "::1"}
    host = socket.gethostbyname(socket.gethostname())
    if not host.startswith("127."):
        with (
            pytest.raises(OSError, match="refused"),
            socket.create_connection((host, server.port), 1),
        ):
            pass


def test_a_second_server_cannot_share_the_port(server, start, base):
    with pytest.raises(OSError, match="cannot listen on localhost"):
        start(base, port=server.port)


def test_a_unix_socket_answers_too(start, base, tmp_path):
    start(base, socket_path=tmp_path / "socket")
    with SentimentClient(f"unix:{tmp_path}/socket", model_name="tiny") as client:
        assert client.wait_until_ready(5).version == 3


def test_a_unix_socket_has_the_name_that_it_was_given(start, base, tmp_path):
    """A percent sign too, which gRPC would read in an address."""
    start(base, socket_path=tmp_path / "100%41")
    assert (tmp_path / "100%41").is_socket()


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_ipv6(start, base, host):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    options = parse_flags([f"--host={host}", f"--model_base_path={base}"])
    running = start(base, host=options.host)
    assert running.address == f"[::1]:{running.port}"
    with SentimentClient(running.address, model_name="tiny") as client:
        assert client.wait_until_ready(5).version == 3


def test_more_requests_than_threads_wait(start, base):
    running = start(base, max_threads=1)
    with SentimentClient(running.address, model_name="tiny", max_batch_size=1) as client:
        assert len(client.predict(["a"] * 20)) == 20


def test_health_is_off_by_default(server):
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as caught:
        next(watch(channel))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def watch(channel):
    """The answers of gRPC's health service, as they come."""
    call = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=messages.HealthCheckResponse.FromString,
    )
    return (answer.status for answer in call(messages.HealthCheckRequest(), timeout=60))


def test_those_who_watch_hold_no_thread_and_are_told_the_end(start, base):
    """A server waits for calls under way when it stops: not for these."""
    running = start(base, health_service=True, max_threads=1)
    with grpc.insecure_channel(running.address) as channel:
        watching = [watch(channel) for _ in range(20)]
        assert [next(one) for one in watching] == [1] * 20
        with SentimentClient(running.address, model_name="tiny") as client:
            assert len(client.predict(["a"])) == 1
        started = time.monotonic()
        running.stop()
        assert time.monotonic() - started < 3
        assert [list(one) for one in watching] == [[2]] * 20


def test_who_has_left_is_watched_for_no_more(start, base):
    running = start(base, health_service=True)
    with grpc.insecure_channel(running.address) as channel:
        watching = watch(channel)
        next(watching)
        wait_for(lambda: len(running._health._watchers) == 1)
    wait_for(lambda: not running._health._watchers)


@pytest.fixture
def ssl_config(certificates, tmp_path):
    """A function that gives what the server reads from an SSLConfig file with these fields more."""

    def read(**fields):
        config = messages.SSLConfig(
            server_key=(certificates / "server.key").read_text(),
            server_cert=(certificates / "server.pem").read_text(),
            **fields,
        )
        file = write_config(tmp_path / "ssl.config", text_format.MessageToString(config))
        return parse_flags(["--model_base_path=x", f"--ssl_config_file={file}"]).ssl

    return read


def test_tls(start, base, ssl_config, certificates):
    ca_file = certificates / "ca.pem"
    address = start(base, ssl=ssl_config()).address
    with SentimentClient(address, model_name="tiny", tls=Tls(ca_file)) as client:
        assert client.wait_until_ready(5).version == 3
    named = Tls(ca_file, server_name="sentiment.test")
    with SentimentClient(address, model_name="tiny", tls=named) as client:
        assert len(client.predict(["a"])) == 1
    numeric = address.replace("localhost", "127.0.0.1")
    with SentimentClient(f"{numeric},{numeric}", model_name="tiny", tls=named) as client:
        assert len(client.predict(["a"])) == 1


@pytest.mark.parametrize("trust", ["plain text", "public authorities", "another name"])
def test_tls_refuses_who_does_not_check_out(start, base, ssl_config, certificates, trust):
    tls = {
        "plain text": None,
        "public authorities": Tls(),
        "another name": Tls(certificates / "ca.pem", server_name="other.test"),
    }[trust]
    address = start(base, ssl=ssl_config()).address
    with (
        SentimentClient(address, model_name="tiny", tls=tls) as client,
        pytest.raises(ServerUnavailableError, match="No server answers at localhost"),
    ):
        client.predict(["a"])


def test_mutual_tls(start, base, ssl_config, certificates):
    ca_file = certificates / "ca.pem"
    ssl = ssl_config(custom_ca=ca_file.read_text(), client_verify=True)
    address = start(base, ssl=ssl).address
    known = Tls(ca_file, certificates / "client.pem", certificates / "client.key")
    with SentimentClient(address, model_name="tiny", tls=known) as client:
        assert client.wait_until_ready(5).version == 3
    with (
        SentimentClient(address, model_name="tiny", tls=Tls(ca_file)) as stranger,
        pytest.raises(ServerUnavailableError),
    ):
        stranger.predict(["a"])


def test_half_a_mutual_tls_is_refused():
    with pytest.raises(ValueError, match=r"Received: cert_file='a.pem', key_file=None"):
        Tls(cert_file="a.pem")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs server_key and server_cert"),
        ('server_key: "k" server_cert: "c" client_verify: true', "client_verify needs custom_ca"),
        ("nonsense: 1", "is not a SSLConfig text proto"),
    ],
)
def test_a_wrong_ssl_config_is_one_sentence(tmp_path, capsys, text, sentence):
    file = write_config(tmp_path / "ssl.config", text)
    with pytest.raises(SystemExit):
        parse_flags(["--model_base_path=x", f"--ssl_config_file={file}"])
    assert sentence in capsys.readouterr().err
