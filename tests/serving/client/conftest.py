"""The command, run here or as a process of its own, and servers that answer whatever a test wants."""

import sys
from concurrent import futures

import grpc
import pytest
from client_tables import TABLE, class_names

from serving.client import __main__ as cli


@pytest.fixture
def ask(server, capsys):
    """A function that runs the command here; gives exit code, output and errors."""

    def run(*words):
        try:
            code = cli.main([*words, "--address", server.address, "--model-name", "tiny"])
        except SystemExit as exit_:
            code = exit_.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def command(server):
    """A function that gives the words which run the command in a process of its own."""

    def words(*more):
        return [
            sys.executable, "-W", "error", "-m", "serving.client", "--address", server.address,
            "--model-name", "tiny", *map(str, more),
        ]  # fmt: skip

    return words


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a table of two rows as `in.csv`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(TABLE)
    return tmp_path


class Bytes(grpc.GenericRpcHandler):
    """Answers each method, by its last name, with what a function makes of the request: bytes to bytes."""

    def __init__(self, answers):
        self._answers = answers

    def service(self, call):
        answer = self._answers.get(call.method.rpartition("/")[2])
        return answer and grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def answering(request):
    """A function that starts a real server of raw bytes, at a port if one is given; gives its address.

    Each keyword is a method, its value bytes, or a function of request and context. Classify tells the classes
    of `client_tables.LABELS` if it is not among them.
    """

    def start(port=0, **answers):
        answers = {"Classify": class_names(), **answers}
        calls = {
            name: answer if callable(answer) else (lambda *_, answer=answer: answer)
            for name, answer in answers.items()
        }
        server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((Bytes(calls),))
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        request.addfinalizer(lambda: server.stop(0).wait())
        start.stop = lambda: server.stop(0).wait()
        return f"127.0.0.1:{port}"

    return start
