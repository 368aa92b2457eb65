"""A tensorflow_model_server for tests: our embedded server behind the real one's flags, with a REST that can go wrong.

    python model_server.py [BEHAVIOUR] --port=1 --rest_api_port=2 --model_name=m --model_base_path=/models/m

The real one can be had neither from PyPI nor from Debian. REST is that of the contract: rows in, rows out. BEHAVIOUR,
a word, is what a test wants to go wrong:

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

sys.path.insert(0, str(Path(__file__).parents[3]))

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


def flags(words):
    """The real server's, as far as the gate gives any; others end it."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("behaviour", nargs="?")
    for name in ("port", "rest_api_port", "max_num_load_retries"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("model_name", "model_base_path"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args(words)


def main(words):
    if "--version" in words:
        print(VERSION)
        return 0
    given = flags(words)
    served = [
        f"--port={given.port}",
        "--host=127.0.0.1",
        f"--model_name={given.model_name}",
        f"--model_base_path={given.model_base_path}",
    ]
    behaviour, _, file = (given.behaviour or "").partition(":")
    from serving.server.__main__ import main as serve

    if behaviour == "occupied" and not Path(file).exists():
        Path(file).touch()
        with socket.create_server(("127.0.0.1", given.port)):
            return serve(served)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    rest = RestServer(given.rest_api_port, given.model_name, given.port, behaviour)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    return serve(served)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
