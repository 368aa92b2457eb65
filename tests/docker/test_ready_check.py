"""config/ready.sh, run by bash against real servers: what it calls ready, and what it does not."""

import contextlib
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from deployment_files import CONFIG

from export.signatures import MODEL_NAME

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


def check(port):
    return subprocess.run(
        [BASH, str(CONFIG / "ready.sh"), MODEL_NAME, str(port)],
        capture_output=True,
        check=False,
        timeout=20,
    ).returncode


@contextlib.contextmanager
def rest_server(answers):
    """A REST port that gives these status codes by path, and 404 otherwise; yields its number."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.get(self.path, 404))
            self.end_headers()

        def log_message(self, *_):
            """Nothing: it would go to the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


STATUS, METADATA = f"/v1/models/{MODEL_NAME}", f"/v1/models/{MODEL_NAME}/metadata"


@pytest.mark.parametrize(
    ("answers", "ready"),
    [
        ({STATUS: 200, METADATA: 200}, True),
        ({STATUS: 200, METADATA: 404}, False),  # still loading
        ({STATUS: 200, METADATA: 503}, False),
        ({}, False),  # another model's server
    ],
)
def test_ready_is_who_serves_a_version(answers, ready):
    with rest_server(answers) as port:
        assert (check(port) == 0) is ready


def test_nobody_there_is_not_ready():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert check(taken.getsockname()[1]) != 0


def test_a_server_that_hangs_is_not_ready():
    """It takes the connection and never answers; the check gives up by itself."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert check(silent.getsockname()[1]) != 0
