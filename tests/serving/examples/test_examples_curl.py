"""The REST example: what the embedded server answers to it, and what curl really sends, taken down by a stand-in."""

import json
import re
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from export.signatures import (
    CLASSIFY_METHOD,
    MODEL_NAME,
    PREDICT_METHOD,
    SIGNATURES,
    TEXT,
    signatures,
)
from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

EXAMPLES = Path(__file__).parents[3] / "serving" / "examples"
MODEL = f"/v1/models/{MODEL_NAME}"


class Recorder(ThreadingHTTPServer):
    """Takes requests down; answers each with 200, or with the code that a test sets."""

    def __init__(self):
        super().__init__(("localhost", 0), Handler)
        self.requests = []
        self.code = 200


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST alike."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, body))
        self.send_response(self.server.code)
        self.end_headers()
        self.wfile.write(b'{"error": "why"}' if self.server.code >= 400 else b"{}")

    do_GET = do_POST  # noqa: N815 - http.server gives the names

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def recorder():
    with Recorder() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(recorder):
    if shutil.which("curl") is None:
        pytest.skip("curl is not on the PATH")
    command = [EXAMPLES / "curl" / "ask.sh", f"localhost:{recorder.server_port}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check_body(path, body):
    """A body asks a signature that there is, in the shape that its method takes."""
    request = json.loads(body)
    signature = request.pop("signature_name", "serving_default")
    method, inputs, _ = signatures(3)[signature]
    if path.endswith(":classify"):
        assert method == CLASSIFY_METHOD
        assert all(isinstance(example[TEXT], str) for example in request.pop("examples"))
    else:
        assert path.endswith(":predict")
        assert method == PREDICT_METHOD
        # A row that is a bare value is for a signature with one input.
        assert list(inputs) == [TEXT]
        assert all(isinstance(row, str) for row in request.pop("instances"))
    assert request == {}
    return signature


def test_it_asks_everything_that_there_is(recorder):
    result = ask(recorder)
    assert (result.returncode, result.stderr) == (0, "")
    first, second, *posts = recorder.requests
    assert first == ("GET", MODEL, b"")
    assert second == ("GET", f"{MODEL}/metadata", b"")
    assert [method for method, _, _ in posts] == ["POST"] * 3
    assert all(path.startswith(f"{MODEL}:") for _, path, _ in posts)
    assert {check_body(path, body) for _, path, body in posts} == set(SIGNATURES)


@pytest.fixture
def exported_rest(tiny_run):
    """Where REST answers with the project's own export."""
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    model = ModelConfig(MODEL_NAME, tiny_run / "exported")
    with EmbeddedServer(ServerOptions((model,), port=0, rest_api_port=port)) as running:
        yield running.rest_address


def test_a_server_answers_all_of_it(exported_rest):
    if shutil.which("curl") is None:
        pytest.skip("curl is not on the PATH")
    command = [EXAMPLES / "curl" / "ask.sh", exported_rest]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    # A question in words, then JSON over several lines.
    answers = re.split(r"^[A-Z].*\n", result.stdout, flags=re.MULTILINE)[1:]
    states, metadata, rows, labels, classes = map(json.loads, answers)
    assert states["model_version_status"][0]["state"] == "AVAILABLE"
    assert set(metadata["metadata"]["signature_def"]["signature_def"]) >= set(SIGNATURES)
    assert [sum(row) for row in rows["predictions"]] == pytest.approx([1, 1])
    (answer,), (pairs,) = labels["predictions"], classes["results"]
    assert dict(pairs)[answer["label"]] == pytest.approx(answer["score"])


def test_a_refusal_is_shown_and_ends_it(recorder):
    recorder.code = 404
    result = ask(recorder)
    assert result.returncode == 22
    assert '{"error": "why"}' in result.stdout
    assert len(recorder.requests) == 1


def test_the_bodies_in_the_readme_are_right():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"`POST \.\.\.(:\w+)`, `(\{.*?\})` \|", text)
    assert {check_body(path, body) for path, body in found} == {"serving_default", "classify"}
