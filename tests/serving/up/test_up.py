"""`python -m serving.up`: the best server there is, on real processes; `standins.py` tells which are no real ones."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import google.protobuf
import grpc
import pytest
import typing_extensions
from standins import ToolFolder

from serving.client import SentimentClient
from serving.client.errors import ServerUnavailableError
from serving.up.ask_lines import ask_lines, shown_python
from serving.up.launchers import COMPOSE_FILE, Deployment

ROOT = Path(__file__).parents[3]
SLEEP = "import time; print('hard at work', flush=True); time.sleep(60)"


@pytest.fixture
def tools(tmp_path):
    """The PATH of the command's process: nothing is on it but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return ToolFolder(folder)


@pytest.fixture
def ports():
    """Two that were free a moment ago."""
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


class Up:
    """The command as a process.

    Attributes:
        process: It.
        lines: What it has printed, as far as it was read.
    """

    def __init__(self, words, *, path, errors, cwd, python, variables):
        environment = {**os.environ, "PATH": str(path), "PYTHONUNBUFFERED": "1", **variables}
        self.lines = []
        self._errors = errors
        with errors.open("w") as stderr:
            self.process = subprocess.Popen(
                [*python, "-m", "serving.up", *map(str, words)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=cwd,
                env=environment,
            )

    def read_until(self, words):
        """Read up to a line that holds these, and give it."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if words in line:
                return self.lines[-1]
        raise AssertionError(f"no {words!r} in {self.lines} and {self.errors()}")

    def end(self):
        """Wait for the end; exit code and the last line of errors."""
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait(60), (self.errors().splitlines() or [""])[-1]

    def errors(self):
        return self._errors.read_text()


@pytest.fixture
def up(request, tools, tmp_path, base, ports):
    """A function that starts the command with options; model, folder and ports are chosen already."""

    def start(*words, cwd=ROOT, python=(sys.executable,), **variables):
        chosen = ["--model-name=tiny", f"--model-base-path={base}"]
        chosen += [f"--port={ports[0]}", f"--rest-api-port={ports[1]}"]
        running = Up(
            [*chosen, *words],
            path=tools.folder,
            errors=tmp_path / "errors",
            cwd=cwd,
            python=python,
            variables=variables,
        )

        def stop():
            running.process.terminate()
            running.process.communicate()

        request.addfinalizer(stop)
        return running

    return start


def ask(line):
    """Carry out a line that the command printed."""
    words = shlex.split(line)
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)


def assert_nobody_answers(port):
    with SentimentClient(f"localhost:{port}") as client, pytest.raises(ServerUnavailableError):
        client.status(timeout_s=2)


@pytest.mark.slow
def test_without_better_ones_it_is_the_embedded_server(up, ports):
    running = up()
    line = running.read_until("-m serving.client")
    assert running.lines[:3] == [
        "Not taken: tensorflow_model_server: it is not on the PATH",
        "Not taken: docker: it is not on the PATH",
        "Starting the embedded server",
    ]
    answer = ask(line)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("\tI love it\n")
    _, _, body, url = shlex.split(running.read_until("curl -d"))
    with urllib.request.urlopen(f"http://{url}", body.encode(), timeout=10) as rest:
        (row,) = json.load(rest)["predictions"]
    assert sum(row) == pytest.approx(1)
    running.process.send_signal(signal.SIGTERM)
    assert running.end()[0] == 0
    assert "Stopping: requests under way are answered first." in running.lines
    assert_nobody_answers(ports[0])


@pytest.mark.slow
def test_the_real_server_is_preferred(up, tools, base, ports):
    tools.add_real()
    tools.add_docker()
    running = up()
    line = running.read_until("-m serving.client")
    assert running.lines[0] == "Starting tensorflow_model_server"
    (call,) = tools.calls()
    assert call["words"] == [
        f"--port={ports[0]}", f"--rest_api_port={ports[1]}", "--model_name=tiny",
        f"--model_base_path={base}", "--grpc_max_threads=256", "--enable_profiler=false",
    ]  # fmt: skip
    assert ask(line).returncode == 0
    body = '{"instances": ["I love it"]}'
    curl = ["curl", "-d", body, f"localhost:{ports[1]}/v1/models/tiny:predict"]
    assert shlex.split(running.read_until("curl -d")) == curl
    running.process.send_signal(signal.SIGINT)
    assert running.end()[0] == 0
    assert_nobody_answers(ports[0])


@pytest.mark.slow
def test_docker_is_second_and_its_end_is_told(up, tools, base, ports):
    tools.add_docker()
    running = up(MODEL_NAME="not this one")
    line = running.read_until("-m serving.client")
    assert running.lines[:2] == [
        "Not taken: tensorflow_model_server: it is not on the PATH",
        "Starting docker",
    ]
    *_, call = tools.calls()
    assert call["words"] == ["compose", "-f", str(COMPOSE_FILE), "up", "serving"]
    assert call["environment"] == {
        "MODEL_DIR": str(base),
        "MODEL_NAME": "tiny",
        "GRPC_PORT": str(ports[0]),
        "REST_PORT": str(ports[1]),
    }
    assert ask(line).returncode == 0
    assert f"localhost:{ports[1]}" in running.read_until("curl -d")
    os.kill(call["pid"], signal.SIGTERM)
    assert running.end() == (0, "python -m serving.up: docker ended, exit code 0.")


def test_the_interpreter_is_named_as_one_would_type_it(monkeypatch, tmp_path):
    """Beside `.venv/bin/python` another `python` may be first on the PATH."""
    interpreter = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(interpreter))
    assert shown_python() == str(interpreter)
    monkeypatch.chdir(tmp_path)
    assert shown_python() == ".venv/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(interpreter.parent))
    assert shown_python() == "python"


def test_defaults_need_no_options():
    """The line is then short enough to type."""
    deployment = Deployment(Path("/models"), "tweet_sentiment", 8500, 8501)
    line = f"  {shown_python()} -m serving.client 'I love it'"
    assert ask_lines(deployment).splitlines() == [
        line,
        """  curl -d '{"instances": ["I love it"]}' localhost:8501/v1/models/tweet_sentiment:predict""",
    ]


def test_the_compose_file_reads_what_it_is_given():
    names = set(re.findall(r"\$\{(\w+)", COMPOSE_FILE.read_text(encoding="utf-8")))
    assert {"MODEL_DIR", "MODEL_NAME", "GRPC_PORT", "REST_PORT"} <= names


@pytest.mark.parametrize(
    ("fails", "reason"),
    [
        (["compose", "version"], "it has no compose plugin (`docker compose version` fails)"),
        (["info"], "its engine does not answer (`docker info` fails)"),
    ],
)
def test_a_docker_that_cannot_is_not_taken(up, tools, fails, reason):
    tools.add_docker(fails)
    code, error = up("--with=docker").end()
    sentence = f"no server can start here; docker: {reason}."
    assert (code, error) == (1, f"python -m serving.up: {sentence}")


def test_an_installed_package_has_no_compose_file(up, tools, tmp_path):
    tools.add_docker()
    for room in ("serving", "export"):
        shutil.copytree(ROOT / room, tmp_path / "site" / room)
    code, error = up("--with=docker", cwd=tmp_path / "site", PYTHONPATH="").end()
    reason = "there is no docker/compose.yaml, which comes with the repository"
    assert (code, error) == (
        1,
        f"python -m serving.up: no server can start here; docker: {reason}.",
    )


def test_without_tensorflow_it_says_what_to_install(up, tmp_path):
    """As after `pip install .`: an interpreter that finds grpcio and protobuf, and no TensorFlow."""
    site = tmp_path / "site"
    (site / "google").mkdir(parents=True)
    packages = {"grpc": grpc, "google/protobuf": google.protobuf}
    for name, package in packages.items():
        (site / name).symlink_to(Path(package.__file__).parent)
    (site / "typing_extensions.py").symlink_to(typing_extensions.__file__)
    code, error = up(python=(sys.executable, "-S"), PYTHONPATH=str(site)).end()
    assert code == 1
    assert error == (
        "python -m serving.up: no server can start here; tensorflow_model_server: it is not on the PATH;"
        " docker: it is not on the PATH; the embedded server: tensorflow, tensorflow_serving, starlette,"
        " uvicorn, prometheus_client cannot be imported; install by: pip install '.[server]'."
    )


def test_one_that_was_asked_for_and_is_not_there_is_not_replaced(up):
    code, error = up("--with=real").end()
    reason = "tensorflow_model_server: it is not on the PATH"
    assert (code, error) == (1, f"python -m serving.up: no server can start here; {reason}.")


def test_a_server_that_dies_at_once(up, tools):
    tools.add("tensorflow_model_server", "print('no memory'); raise SystemExit(3)")
    running = up()
    code, error = running.end()
    assert code == 1
    assert error == (
        "python -m serving.up: tensorflow_model_server ended before it served, exit code 3: see above"
        " what it says."
    )
    assert running.lines[-1] == "no memory"


def test_a_server_that_takes_too_long(up, tools):
    tools.add("tensorflow_model_server", SLEEP)
    code, error = up("--timeout-s=0.5").end()
    assert code == 1
    assert error == (
        "python -m serving.up: tensorflow_model_server did not serve within 0.5 s: see above what it"
        " says, or allow more by --timeout-s."
    )


def test_told_to_stop_before_it_serves(up, tools):
    """The exit code is the server's, which SIGTERM ended; that is no mistake to speak of."""
    tools.add("tensorflow_model_server", SLEEP)
    running = up()
    running.read_until("hard at work")
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == (128 + signal.SIGTERM, "")


@pytest.mark.slow
def test_a_version_that_cannot_be_loaded(up, tmp_path):
    (tmp_path / "broken" / "7").mkdir(parents=True)
    (tmp_path / "broken" / "7" / "saved_model.pb").write_bytes(b"no model")
    code, error = up("--with=embedded", f"--model-base-path={tmp_path / 'broken'}").end()
    assert code == 1
    assert error.startswith("python -m serving.up: version 7 cannot be loaded: ")
    assert error.endswith(". Publish another one by `make train`, or move its folder away.")


@pytest.mark.parametrize("names", [None, (), ("1.tmp", ".staging-x"), ("one",)])
def test_nothing_published(up, tmp_path, names):
    folder = tmp_path / "models"
    for name in names or ():
        (folder / name).mkdir(parents=True)
    if names is not None:
        folder.mkdir(exist_ok=True)
        (folder / "8").touch()
    code, error = up(f"--model-base-path={folder}").end()
    assert code == 2
    assert error == (
        f"python -m serving.up: no version is published under {folder}: run `make train` first, or"
        " name another folder by --model-base-path. See --help."
    )


@pytest.mark.parametrize(("index", "option"), [(0, "--port"), (1, "--rest-api-port")])
def test_a_taken_port_is_one_sentence(up, tools, ports, index, option):
    tools.add_real()
    with socket.create_server(("127.0.0.1", ports[index])):
        code, error = up().end()
    sentence = (
        f"port {ports[index]} is taken: stop who listens there, or choose another by {option}."
    )
    assert (code, error) == (1, f"python -m serving.up: {sentence}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model-name="], "argument --model-name: must not be empty"),
        (["--model-base-path="], "argument --model-base-path: must name a folder, received ''"),
        (["--por=8510"], "unrecognized arguments: --por=8510"),
        (["--port=9", "--rest-api-port=9"], "--port and --rest-api-port must differ, received 9"),
        (["--port=0"], "argument --port: must be from 1 to 65535, received '0'"),
        (["--port=a"], "argument --port: invalid number value: 'a'"),
        (
            ["--timeout-s=0"],
            "argument --timeout-s: must be more than 0 and at most 86400, received",
        ),
        (
            ["--timeout-s=inf"],
            "argument --timeout-s: must be more than 0 and at most 86400, received",
        ),
        (
            ["--timeout-s=nan"],
            "argument --timeout-s: must be more than 0 and at most 86400, received",
        ),
        (["--with=magic"], "argument --with: invalid choice: 'magic'"),
        (["tweets"], "unrecognized arguments: tweets"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(up, words, sentence):
    running = up(*words)
    code, error = running.end()
    assert (code, len(running.errors().splitlines())) == (2, 1)
    assert error.startswith(f"python -m serving.up: {sentence}")


def test_help_shows_every_option_with_its_default(up):
    running = up("--help")
    assert running.end() == (0, "")
    options = " ".join(running.lines).partition("show this help message and exit")[2]
    described = re.split(r"\s--(?=[a-z])", options)[1:]
    assert len(described) == 6
    assert [one for one in described if "(default " not in one] == []


def test_it_imports_no_tensorflow():
    program = (
        "import sys, serving.up.__main__;"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'tensorflow_serving', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
