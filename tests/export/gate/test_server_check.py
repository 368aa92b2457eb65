"""The gate asks servers: what loads and answers passes, whatever else is refused with its reason; none is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from changed_models import copy_of
from stand_in_server import install
from trained_runs import NO_SERVER, split_of

from export import __main__ as command
from export.errors import GateError, UnknownServerError
from export.exporter import export_model
from export.gate.answer_checks import NASTY
from export.gate.gate import CHECKS
from export.graph.saved_model import write_saved_model
from export.graph.warmup import WARMUP_REQUESTS
from export.run_record import read_run
from export.served.check import server_check
from export.served.questions import Questions
from export.served.servers import REAL, choose, from_anywhere

ROOT = Path(__file__).parents[3]
SLEEPS = "open(PIDS, 'a').write(f'{os.getpid()} '); time.sleep(600)"


@pytest.fixture(autouse=True)
def _own_folder_for_temporary_files(monkeypatch, tmp_path):
    """Logs of servers that fail are kept there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def version(tiny_run, tmp_path):
    """A copy of what the tiny run published, to spoil."""
    return shutil.copytree(tiny_run / "exported" / "1", tmp_path / "staged" / "version")


@pytest.fixture(scope="module")
def questions(tiny_model, test_split):
    """Nasty texts and those of the test part, with the Keras model's answers."""
    texts = [*NASTY, *test_split.texts]
    ids = np.asarray(tiny_model.token_ids(np.array(_encoded(texts), object)))
    known = (ids > 1).sum(axis=1) / np.maximum((ids > 0).sum(axis=1), 1)
    expected = tiny_model.predict(texts, verbose=0)
    return Questions(texts, expected, known, tiny_model.labels, 1e-5, always=len(NASTY))


def _encoded(texts):
    return [text if isinstance(text, bytes) else text.encode() for text in texts]


@pytest.fixture
def program(tmp_path):
    """Makes a program named like the real server: a Python one, or the stand-in with a behaviour."""

    def write(code="", behaviour=""):
        head = f"PIDS = {str(tmp_path / 'pids')!r}\n" if code else ""
        return str(install(tmp_path / "bin", behaviour, head + code))

    return write


def asked(version, questions, *names):
    """What the servers of these names say of a version."""
    with server_check(version, choose(names).servers) as check:
        return check.ask(questions)


def refused(version, questions, *names):
    with pytest.raises(GateError) as caught:
        asked(version, questions, *names)
    assert caught.value.check == "server"
    return caught.value


def log_of(error):
    return Path(error.received.rpartition("all of them in ")[2])


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, seconds=30):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def pids_in(tmp_path):
    file = tmp_path / "pids"
    return [int(word) for word in file.read_text().split()] if file.exists() else []


@pytest.mark.slow
class TestAsked:
    """Servers that answer as they should."""

    def test_each_is_asked_over_what_it_speaks(self, version, questions, program):
        """Nasty texts too, over REST as JSON."""
        real, embedded = asked(version, questions, program(), "embedded")
        texts = len(questions.texts)
        told = f"tensorflow_model_server 2.99.0-rc0+dev.sha.0123abc, asked {texts} texts over"
        assert str(real) == f"{told} gRPC and REST"
        assert str(embedded).startswith("embedded server of TensorFlow 2.")
        assert str(embedded).endswith(f", asked {texts} texts over gRPC and REST")
        assert embedded.largest_difference < 1e-5

    def test_a_port_that_was_taken_meanwhile_costs_another_start(
        self, version, questions, program, tmp_path
    ):
        """Between the look for a free port and the server's start somebody else may come."""
        (server,) = asked(version, questions, program(behaviour=f"occupied:{tmp_path / 'file'}"))
        assert (tmp_path / "file").exists()
        assert server.protocols == ("gRPC", "REST")


@pytest.mark.slow
class TestRefused:
    """What a server loads or answers otherwise, each with its reason."""

    def test_swapped_variables(self, version, questions, tiny_model, tmp_path):
        """A whole version, that loads, and is not the model: the files of another one's weights."""
        weights = tiny_model.classifier.get_weights()
        other = copy_of(tiny_model, weights=[weights[0] + 0.1, *weights[1:]])
        write_saved_model(other, tmp_path / "other")
        shutil.rmtree(version / "variables")
        shutil.copytree(tmp_path / "other" / "variables", version / "variables")
        error = refused(version, questions, "embedded")
        assert "within 1e-05 of the Keras model's from embedded server of TensorFlow" in str(error)
        assert "over gRPC. Received: a difference of 0." in str(error)

    def test_classes_in_another_order_over_rest_alone(self, version, questions, program):
        error = refused(version, questions, program(behaviour="swaps"))
        assert "`classify/classes` 'negative', 'neutral', 'positive' for the text ''" in str(error)
        assert error.received == "'positive', 'neutral', 'negative'"

    @pytest.mark.parametrize(
        ("file", "reason"),
        [
            (WARMUP_REQUESTS, "Please verify your warmup data is in TFRecord format"),
            (Path("variables/variables.index"), "bad magic number"),
        ],
    )
    def test_a_version_that_does_not_load(self, version, questions, file, reason):
        """The server's own reason stands in the sentence, and its whole log is kept for a look."""
        path = version / file
        path.write_bytes(path.read_bytes()[:-40] + b"x" * 40)
        error = refused(version, questions, "embedded")
        assert "to load the version and to replay its warmup" in error.expected
        assert "it cannot load the version: " in error.received
        assert reason in error.received
        assert log_of(error).is_file()
        assert [path.name for path in log_of(error).parent.iterdir()] == ["server.log"]

    def test_a_server_that_is_killed_while_it_is_asked(self, version, questions, program):
        error = refused(version, questions, program(behaviour="dies"))
        assert "an answer of `serving_default` by tensorflow_model_server" in error.expected
        assert error.received.startswith("it was ended by signal 9; its last words: ")

    def test_the_gate_refuses_with_it_and_publishes_nothing(
        self, tiny_run, tiny_model, program, tmp_path
    ):
        about = {"split": split_of(tiny_run), "run": read_run(tiny_run), "force": True}
        with pytest.raises(
            GateError, match=r"check `server` failed: .* over REST. Received: a diff"
        ):
            export_model(
                tiny_model, tmp_path / "models", servers=[program(behaviour="rounds")], **about
            )
        assert list((tmp_path / "models").glob("*")) == []


@pytest.mark.slow
def test_the_command_tells_who_was_asked(tiny_run, program, tmp_path, capsys):
    """The report, the card for programs, and the card for people."""
    to = tmp_path / "models"
    arguments = [str(tiny_run), "--to", str(to), "--force", "--warmup-batches", "1,64"]
    assert command.main([*arguments, "--server", program()]) == 0
    who = "tensorflow_model_server 2.99.0-rc0+dev.sha.0123abc, asked 42 texts over"
    said = capsys.readouterr().out
    assert f"\nServer: {who} gRPC and REST\n" in said
    assert "\nSeconds: " in said
    gate = json.loads((to / "1/assets.extra/model_card.json").read_text())["gate"]
    assert gate["checks"] == list(CHECKS)
    assert gate["servers"][0]["protocols"] == ["gRPC", "REST"]
    assert gate["seconds_by_check"]["server"] > 0
    assert f"| server | {who} gRPC, REST |" in (to / "1/assets.extra/model_card.md").read_text().replace("\\", "")  # fmt: skip


class TestStart:
    """Of programs that never serve; no TensorFlow is started for these."""

    def test_one_that_ends_at_once_is_told_with_its_last_words(
        self, version, questions, program, tmp_path
    ):
        error = refused(version, questions, program("print('no such flag: --port'); sys.exit(3)"))
        assert error.expected == (
            "tensorflow_model_server of an unknown version to load the version and to replay its warmup"
        )
        assert error.received.startswith(
            "it ended with exit code 3; its last words: no such flag: --port; all of them in "
        )
        assert log_of(error).read_text() == "no such flag: --port\n"

    def test_a_port_that_is_always_taken_is_told(self, version, questions, program, tmp_path):
        """After three starts, each on other ports."""
        says = "open(PIDS, 'a').write('1 '); print('Address already in use'); sys.exit(1)"
        code = f"if '--version' not in sys.argv:\n    {says}"
        error = refused(version, questions, program(code))
        assert "its last words: Address already in use" in error.received
        assert len(pids_in(tmp_path)) == 3

    def test_a_program_that_cannot_be_run_is_told(self, version, questions, program):
        file = program("pass")
        Path(file).write_text("#!/nowhere/python\n")
        assert "cannot be started: " in refused(version, questions, file).received

    def test_it_is_gone_after_the_block_and_its_files_too(self, version, program, tmp_path):
        """However the block ends."""
        folders = []

        def interrupted():
            with server_check(version, choose([program(SLEEPS)]).servers) as check:
                folders.append(check._processes[0]._folder)
                assert (folders[0] / "models" / "1" / "saved_model.pb").exists()
                wait_for(lambda: pids_in(tmp_path))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert not is_running(pids_in(tmp_path)[0])
        assert not folders[0].exists()
        assert (version / "saved_model.pb").exists(), "a link to it was removed, not the version"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_the_gate(version, program, tmp_path, number):
    """Ctrl-C, and what no handler of the gate can see."""
    code = (
        "import signal, sys, time; from pathlib import Path\n"
        # A shell's background job, as this test may be, ignores Ctrl-C, and what it starts does too.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from export.served.check import server_check; from export.served.servers import choose\n"
        "with server_check(Path(sys.argv[1]), choose(sys.argv[2:]).servers): time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(version), program(SLEEPS)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    ) as gate:
        wait_for(lambda: pids_in(tmp_path), 60)
        assert is_running(pids_in(tmp_path)[0])
        gate.send_signal(number)
    wait_for(lambda: not is_running(pids_in(tmp_path)[0]))


class TestChoice:
    """Who is asked, told before anything slow begins."""

    def test_the_real_server_on_the_path_comes_first(self, program, monkeypatch):
        file = program()
        monkeypatch.setenv("PATH", str(Path(file).parent))
        (server,) = choose(()).servers
        assert (server.name, server.has_rest) == (REAL, True)
        assert server.version() == "2.99.0-rc0+dev.sha.0123abc"

    def test_else_the_embedded_one(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        (server,) = choose(()).servers
        assert (server.name, server.has_rest) == ("embedded server", True)

    def test_where_neither_is_nobody_is_asked_and_the_reason_is_kept(self, monkeypatch, tmp_path):
        """The package `serving` is there, and what it needs is not."""
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("export.served.servers.find_spec", lambda name: name == "serving")
        choice = choose(())
        assert choice.servers == ()
        assert choice.left_out == (
            "tensorflow_model_server is not on the PATH, and the embedded server needs tensorflow, "
            "tensorflow_serving, starlette, uvicorn, prometheus_client; install by: pip install '.[server]'"
        )
        with pytest.raises(UnknownServerError, match=r"`server` embedded needs tensorflow, "):
            choose(["embedded"])

    def test_a_relative_path_is_kept_for_later_as_seen_from_everywhere(self, program, monkeypatch):
        """A run may be resumed from another folder; names and images are the same everywhere."""
        file = Path(program())
        monkeypatch.chdir(file.parent)
        names = [f"./{REAL}", REAL, "tensorflow/serving:2.20.0", "none"]
        assert [from_anywhere(name) for name in names] == [str(file), *names[1:]]

    def test_nobody_by_name(self):
        assert choose(NO_SERVER).left_out == "left out by --server none"

    @pytest.mark.parametrize(
        ("names", "sentence"),
        [
            (["none", "embedded"], "`server` must be none alone, or servers. Received: server=none, embedded"),
            (["nowhere"], "`server` must be a program that can be run, an image with its tag such as"),
            (["./nowhere"], "Received: server=./nowhere"),
            (["/"], "`server` must be a program that can be run"),
            ([""], "`server` must be a program that can be run"),
        ],
    )  # fmt: skip
    def test_what_is_no_server_gets_one_sentence(self, names, sentence):
        with pytest.raises(UnknownServerError) as caught:
            choose(names)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("image", "program_", "obstacle"),
        [
            ("tensorflow/serving:2.20.0", None, "it is not on the PATH"),
            ("localhost:5000/serving:1", "exit 1", "its engine does not answer"),
            ("serving@sha256:0123", "exit 1", "its engine does not answer (`docker info` fails)"),
        ],
    )
    def test_an_image_where_no_docker_runs_gets_one_sentence(
        self, image, program_, obstacle, monkeypatch, tmp_path
    ):
        if program_:
            (tmp_path / "docker").write_text(f"#!/bin/sh\n{program_}\n")
            (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(UnknownServerError) as caught:
            choose([image])
        assert str(caught.value).startswith(
            f"`server` {image} is an image, for which docker must run here: {obstacle}"
        )


def test_an_image_is_run_on_this_machine_alone_and_removed(version, program, monkeypatch, tmp_path):
    """A docker that takes down what it is told: the version read-only, ports of 127.0.0.1, `rm` at the end."""
    calls = tmp_path / "calls"
    Path(program("pass")).with_name("docker").write_text(
        f"#!{sys.executable}\nimport sys, time\nopen({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        "if '--init' in sys.argv: time.sleep(600)\n"
    )
    (tmp_path / "bin" / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with server_check(version, choose(["tensorflow/serving:2.20.0"]).servers):
        wait_for(lambda: len(calls.read_text().splitlines()) == 2)
    info, run, remove = calls.read_text().splitlines()
    name = next(word for word in run.split() if word.startswith("--name=")).partition("=")[2]
    assert (info, remove) == ("info", f"rm --force {name}")
    assert f"--mount=type=bind,source={version},target=/models/{name}/1,readonly" in run
    assert run.count("--publish=127.0.0.1:") == run.count("--publish=") == 2
    assert f"tensorflow/serving:2.20.0 --port=8500 --rest_api_port=8501 --model_name={name}" in run
