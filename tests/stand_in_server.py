"""A tensorflow_model_server for tests: our embedded server behind the real one's flags.

    python stand_in_server.py [BEHAVIOUR] --port=1 --rest_api_port=2 --model_name=m --model_base_path=/models/m

The real one can be had neither from PyPI nor from Debian. `install` puts a program of its name into a folder for a PATH.
It takes no flag that the real one lacks. BEHAVIOUR, a word, is what a test wants to go wrong; with it, REST is a small
one of this file's:

    swaps       REST tells the classes of `classify` in another order
    rounds      REST rounds probabilities to two digits
    dies        at the first request over REST the process is killed
    occupied:F  at its first start, before there is a file F, somebody else has taken its port for gRPC
"""

import argparse
import base64
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

VERSION = "TensorFlow ModelServer: 2.99.0-rc0+dev.sha.0123abc\nTensorFlow Library: 2.99.0"


class RestServer(ThreadingHTTPServer):
    """Turns rows of JSON into requests to the embedded server, and its answers into rows."""

    daemon_threads = True

    def __init__(self, port, model, grpc_port, behaviour):
        from export.served.over_grpc import GrpcCaller

        super().__init__(("127.0.0.1", port), Handler)
        self.path = f"/v1/models/{model}"
        self.behaviour = behaviour
        self.caller = GrpcCaller(f"127.0.0.1:{grpc_port}", model)

    def answer(self, path, body):
        """What to send back."""
        verb, signature = path.removeprefix(f"{self.path}:"), body["signature_name"]
        rows = body[{"predict": "instances", "classify": "examples"}[verb]]
        answers = self.caller.ask(signature, [_bytes(row["text"]) for row in rows])
        values = {name: _json(name, array, self.behaviour) for name, array in answers.items()}
        if verb == "classify":
            pairs = zip(values["classes"], values["scores"], strict=True)
            return {"results": [[list(p) for p in zip(*row, strict=True)] for row in pairs]}
        if len(values) == 1:
            return {"predictions": next(iter(values.values()))}
        rows = zip(*values.values(), strict=True)
        return {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):
        self._send(200 if self.path == self.server.path else 404, {})

    def do_POST(self):
        if self.server.behaviour == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(200, self.server.answer(self.path, body))

    def _send(self, code, body):
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def _bytes(value):
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode()


def _json(name, array, behaviour):
    if array.dtype == object:
        rows = array[:, ::-1] if behaviour == "swaps" and name == "classes" else array
        return [v.decode() if isinstance(v, bytes) else [x.decode() for x in v] for v in rows]
    return (array.round(2) if behaviour == "rounds" else array).tolist()


NUMBERS = (
    "port", "rest_api_port", "max_num_load_retries", "grpc_max_threads", "file_system_poll_wait_seconds",
    "model_config_file_poll_wait_seconds",
)  # fmt: skip
BOOLEANS = (
    "allow_version_labels_for_unavailable_models", "enable_grpc_healthcheck_service", "enable_profiler",
)  # fmt: skip
NOT_OURS = ("max_num_load_retries", "enable_profiler", "behaviour")
"""Neither changes what callers see of the embedded server: it tries a load once, and has no profiler."""


def flags(words):
    """The real server's, as far as this project gives any; others end it."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("behaviour", nargs="?", default="")
    for name in NUMBERS:
        parser.add_argument(f"--{name}", type=int)
    for name in BOOLEANS:
        parser.add_argument(f"--{name}", choices=["true", "false"])
    for name in ("model_name", "model_base_path", "model_config_file", "monitoring_config_file"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args(words)
    # The real one refuses it too.
    assert Path(given.model_base_path or "/").is_absolute(), "Expected an absolute path"
    return given


def main(words):
    if "--version" in words:
        print(VERSION)
        return 0
    given = flags(words)
    behaviour, _, file = given.behaviour.partition(":")
    ours = {
        name: value
        for name, value in vars(given).items()
        if name not in NOT_OURS and value is not None
    }
    from serving.server.__main__ import main as serve

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if behaviour in ("swaps", "rounds", "dies"):
        rest = RestServer(ours.pop("rest_api_port"), given.model_name, given.port, behaviour)
        threading.Thread(target=rest.serve_forever, daemon=True).start()
    served = ["--host=127.0.0.1", *(f"--{name}={value}" for name, value in ours.items())]
    if behaviour == "occupied" and not Path(file).exists():
        Path(file).touch()
        with socket.create_server(("127.0.0.1", given.port)):
            return serve(served)
    return serve(served)


def install(folder, behaviour="", code="", record=None):
    """Put a tensorflow_model_server into a folder; its path.

    `code` is Python to run in place of the stand-in; to `record`, a file, each call adds its words and its process.
    """
    folder.mkdir(exist_ok=True)
    words = [str(Path(__file__).absolute()), *([behaviour] if behaviour else [])]
    note = f"open({str(record)!r}, 'a').write(json.dumps({{'words': sys.argv[1:], 'pid': os.getpid()}}) + '\\n')"
    run = f"os.execv(sys.executable, [sys.executable, *{words!r}, *sys.argv[1:]])"
    lines = [
        f"#!{sys.executable}",
        "import json, os, sys, time",
        note if record else "",
        code or run,
    ]
    program = folder / "tensorflow_model_server"
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
