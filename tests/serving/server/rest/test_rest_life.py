"""REST's life: ports, HTTP as clients speak it, many at once, time that runs out, the end."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rest_asker import Rest, free_port
from waiting import wait_for

from serving.server.__main__ import main

PATH = "/v1/models/tiny:predict"
BODY = b'{"inputs": []}'
ANSWER = b'{\n    "outputs": []\n}'
HANG = b'{"signature_name": "hang", "instances": ["a"]}'


def raw(rest, sent, count=1):
    """What comes back on a connection of its own, up to so many right answers or its end."""
    with socket.create_connection(("localhost", rest.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while received.count(ANSWER) < count and (part := connection.recv(65536)):
            received += part
        return received


def request(version="1.1", headers="", body=BODY):
    length = "" if "chunked" in headers else f"Content-Length: {len(body)}\r\n"
    return f"POST {PATH} HTTP/{version}\r\nHost: x\r\n{length}{headers}\r\n".encode() + body


def test_http_1_0(embedded):
    assert raw(embedded, request("1.0")).endswith(ANSWER)


def test_pipelining(embedded):
    assert raw(embedded, request() * 3, 3).count(ANSWER) == 3


def test_a_body_in_chunks(embedded):
    chunks = b"7\r\n" + BODY[:7] + b"\r\n7\r\n" + BODY[7:] + b"\r\n0\r\n\r\n"
    sent = request(headers="Transfer-Encoding: chunked\r\n", body=chunks)
    assert raw(embedded, sent).endswith(ANSWER)


def test_an_error_keeps_the_connection(embedded):
    answers = raw(embedded, request(body=b"{") + request())
    assert answers.startswith(b"HTTP/1.1 400")
    assert answers.endswith(ANSWER)


def test_what_is_no_http_ends_its_connection_alone(embedded):
    raw(embedded, b"\x16\x03\x01 nonsense\r\n\r\n")
    assert embedded.ask("POST", PATH, BODY)[0] == 200


def test_nothing_tells_of_the_software(embedded):
    _, headers, _ = embedded.ask("GET", "/v1/models/tiny")
    assert "Server" not in headers


def test_many_at_once_get_their_own_answers(embedded):
    def ask(number):
        text = "x" * number
        body = json.dumps({"signature_name": "pair", "inputs": {"weight": [number], "text": text}})
        return json.loads(embedded.ask("POST", PATH, body)[2])["outputs"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(200)))
    assert [(one["sum"], len(one["echo"])) for one in answers] == [(n, n) for n in range(200)]


def test_too_large_a_body_is_one_sentence(embedded):
    status, _, body = embedded.ask("POST", PATH, b" " * (64 * 2**20 + 1))
    assert status == 400
    sentence = "A body has at most 67108864 bytes here: ask in smaller requests."
    assert json.loads(body) == {"error": sentence}


def test_a_version_that_does_not_load_is_told(start, saved_models, tmp_path):
    """200, END and its error; the one before it serves on."""
    port = free_port()
    saved_models.publish(3, tmp_path / "tiny")
    running = start(tmp_path / "tiny", rest_api_port=port)
    (tmp_path / "tiny" / "4").mkdir()
    wait_for(lambda: len(states(port)) == 2, 10)
    wait_for(lambda: states(port)[0]["state"] == "END", 10)
    newest, serving = states(port)
    assert newest["status"]["error_code"] == "NOT_FOUND"
    assert "Could not find SavedModel" in newest["status"]["error_message"]
    assert (newest["version"], serving["version"], serving["state"]) == ("4", "3", "AVAILABLE")
    assert running.rest_address == f"localhost:{port}"


def states(port):
    status, _, body = Rest(port).ask("GET", "/v1/models/tiny")
    assert status == 200
    return json.loads(body)["model_version_status"]


def test_too_many_rows_are_refused_as_over_grpc(start, base):
    port = free_port()
    start(base, rest_api_port=port, max_rows=2)
    status, _, body = Rest(port).ask("POST", PATH, b'{"instances": ["a", "b", "c"]}')
    assert status == 400
    assert json.loads(body)["error"].startswith("Input text has 3 rows, and this server takes at")


def test_time_that_runs_out(start, base):
    """The work ends too: the one thread answers the next."""
    port = free_port()
    start(base, rest_api_port=port, rest_api_threads=1, rest_api_timeout_s=0.3)
    status, _, body = Rest(port).ask("POST", PATH, HANG)
    assert (status, json.loads(body)) == (504, {"error": "Timed out waiting for notification"})
    wait_for(lambda: Rest(port).ask("POST", PATH, BODY)[0] == 200, 10)


def test_a_caller_who_hangs_up_is_not_worked_for(start, base):
    port = free_port()
    start(base, rest_api_port=port, rest_api_threads=1)
    with socket.create_connection(("localhost", port)) as connection:
        connection.sendall(request(body=HANG))
        time.sleep(0.3)  # until it is at work; nothing outside shows that
    assert Rest(port).ask("POST", PATH, BODY)[0] == 200


def test_stopping_lets_a_request_end_and_cuts_off_what_does_not(start, base):
    port = free_port()
    running = start(base, rest_api_port=port, drain_s=0.5)
    told = []
    asker = threading.Thread(target=lambda: told.append(Rest(port).ask("POST", PATH, HANG)))
    asker.start()
    time.sleep(0.3)
    started = time.monotonic()
    running.stop()
    assert time.monotonic() - started < 3
    asker.join(5)
    ((status, _, body),) = told
    assert (status, json.loads(body)) == (503, {"error": "The server is stopping."})
    with pytest.raises(OSError, match="refused"), socket.create_connection(("localhost", port)):
        pass


def test_a_taken_port_is_one_sentence(base, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port=0", f"--rest_api_port={port}", f"--model_base_path={base}"]) == 1
    reason = "another server has that port; stop it, or choose another by --rest_api_port"
    sentence = f"python -m serving.server: cannot listen on localhost:{port}: {reason}.\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.slow
def test_the_command_serves_and_drains(base):
    """The line that it serves comes once REST answers; SIGTERM waits for a request over REST."""
    port = free_port()
    flags = ["--port=0", f"--rest_api_port={port}", "--rest_api_timeout_in_ms=1500"]
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.server", *flags, "--model_name=tiny", f"--model_base_path={base}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().endswith(f", REST at localhost:{port}\n")
        assert Rest(port).ask("POST", PATH, BODY)[2] == ANSWER
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(Rest(port).ask, "POST", PATH, HANG)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            # Its own time ended it, not the server's end.
            assert slow.result(20)[0] == 504
        assert process.wait(10) == 0
        (loaded,) = process.stderr.read().splitlines()
        assert "tiny version 3 serves" in loaded
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()
