"""`python -m serving.app`: what it says before anything slow begins."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from serving.app.look.theme import theme_flags
from serving.app.options import parse_options

ROOT = Path(__file__).parents[3]
POISON = "import os\nos.write(2, b'imported')\nos._exit(99)\n"


def run(*words, cwd, first=()):
    path = os.pathsep.join([*map(str, first), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "serving.app", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_neither_streamlit_nor_grpc(tmp_path):
    for name in ("streamlit", "tensorflow", "grpc"):
        (tmp_path / f"{name}.py").write_text(POISON)
    ended = run("--help", cwd=tmp_path, first=[tmp_path])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "default: localhost:8500" in ended.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--address=localhost"], "argument --address: must be host:port, received 'localhost'"),
        (["--address=localhost:0"], "argument --address: must be host:port"),
        (["--port=0"], "argument --port: must be from 1 to 65535, received '0'"),
        (["--port=8501"], "--port and --rest-api-port must differ, received 8501 for both"),
        (["--runs="], "argument --runs: must name a file or folder, received ''"),
        (["--model-name="], "argument --model-name: must not be empty"),
        (["--prot=1"], "unrecognized arguments: --prot=1 (did you mean --port?)"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(tmp_path, words, sentence):
    ended = run(*words, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"python -m serving.app: {sentence}")
    assert ended.stderr.count("\n") == 1


def test_nothing_published_and_nothing_serving_is_one_sentence(tmp_path):
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    ended = run(f"--address=localhost:{port}", cwd=tmp_path)
    assert ended.returncode == 2
    assert (
        "no version is published under models/tweet_sentiment: run `make train` first"
        in ended.stderr
    )
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(f"--port={port}", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"port {port} is taken" in ended.stderr


def test_without_streamlit_it_says_what_to_install(tmp_path):
    """As after `pip install .`."""
    code = (
        "import sys, importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *more: None if name == 'streamlit' else find(name, *more);"
        "from serving.app.__main__ import main; sys.exit(main([]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "streamlit is needed; install it by: pip install '.[app]'" in ended.stderr


def test_the_page_gets_the_options_that_were_given(tmp_path):
    words = [
        "--address=10.0.0.1:9",
        "--model-name=m",
        "--port=9000",
        "--version-labels=a,b",
        "--no-browser",
    ]
    options = parse_options(words)
    assert parse_options(options.words()) == options
    assert (options.labels, options.base_path) == (("a", "b"), Path("models/m"))


def test_every_flag_of_the_themes_is_streamlits():
    from streamlit import config

    known = {f"--{name}" for name in config.get_config_options()}
    assert {flag.partition("=")[0] for flag in theme_flags()} <= known
