"""Every command: `--help` and mistakes are answered before TensorFlow is imported, in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from imported import packages_imported_by

from keras_pipeline import command

ROOT = Path(__file__).parent.parent
SAMPLE = ("--data", str(ROOT / "data" / "sample.csv"))
TRAIN = ("-m", "keras_pipeline.train")
EVALUATE = ("-m", "keras_pipeline.evaluate")


def run(words, folder, **environment):
    """Python with these words, in a folder, by this project's code."""
    path = os.pathsep.join([*environment.pop("first", []), str(ROOT)])
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def no_tensorflow(tmp_path_factory):
    """A folder whose `tensorflow` ends whoever imports it."""
    folder = tmp_path_factory.mktemp("poison")
    (folder / "tensorflow.py").write_text("import os\nos.write(2, b'imported')\nos._exit(99)\n")
    return folder


@pytest.mark.parametrize("name", command.COMMANDS)
def test_help_needs_no_tensorflow_and_shows_defaults(name, no_tensorflow, tmp_path):
    ended = run(
        ["-m", "keras_pipeline.command", name, "--help"], tmp_path, first=[str(no_tensorflow)]
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: ")
    assert "default" in ended.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*TRAIN, "--epoch", "3"], "unrecognized arguments: --epoch 3 (did you mean --epochs?)"),
        ([*TRAIN, "--epochs", "0"], "`epochs` must be at least 1. Received: epochs=0"),
        ([*TRAIN, "--epochs", "three"], "argument --epochs: invalid int value: 'three'"),
        ([*TRAIN, "--data", "no.csv"], "Received: data=no.csv (no such file)"),
        ([*TRAIN, "--data", "n" * 300], "the name of a file or folder that there can be"),
        ([*EVALUATE, "n" * 300], "the name of a file or folder that there can be"),
        ([*TRAIN, "--output=--"], "argument --output: expected a word, received '--'"),
        (["-m", "serving.server", "--rest_api_timeout_in_ms=--"], "argument --rest_api_timeout_in_ms: expected a word, received '--'"),
        ([*TRAIN, *SAMPLE, "--output", "/"], "`output` must be a new folder"),
        ([*TRAIN, *SAMPLE, "--labels", "a\nb"], "`--labels` must name each value once"),
        ([*TRAIN, *SAMPLE, "--text-column", "tweet"], "must have the column `tweet`"),
        ([*TRAIN, *SAMPLE, "--text-column", "sentiment"], "must be two columns. Received: text_column="),
        ([*TRAIN, *SAMPLE, "--encoding", "klingon"], "Received: encoding='klingon'"),
        ([*TRAIN, *SAMPLE, "--output", "full"], "`output` must be a new folder"),
        ([*TRAIN, *SAMPLE, "--embeddings", "no.txt"], "Received: embeddings=no.txt"),
        ([*TRAIN, *SAMPLE, "--soft-labels", "no.csv"], "Received: soft_labels=no.csv"),
        ([*TRAIN, "--resume"], "`--resume` needs an unfinished run"),
        ([*EVALUATE, "no-run"], "`run` must be a run folder with a model.keras. Received: run=no-run"),
        ([*EVALUATE], "the following arguments are required: run"),
        (["-m", "keras_pipeline.command", "trian"], "Received: trian"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[1:]),
)  # fmt: skip
def test_a_mistake_is_one_sentence_before_tensorflow(words, sentence, no_tensorflow, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    ended = run(words, tmp_path, first=[str(no_tensorflow)])
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(("error: ", f"python -m {words[1]}: "))
    assert ended.stderr.count("\n") == 1
    assert sentence in ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"full"}


def test_without_a_word_the_commands_are_listed(tmp_path):
    ended = run(["-m", "keras_pipeline.command"], tmp_path)
    assert ended.returncode == 0
    assert all(f"  {name} " in ended.stdout for name in command.COMMANDS)


def test_help_is_told_at_once():
    """In a tenth of a second: of all packages there are it imports this one alone."""
    assert packages_imported_by("-m", "keras_pipeline.command", "--help") == {
        "keras_pipeline",
        "export",
    }


@pytest.mark.parametrize("name", command.COMMANDS)
def test_a_command_is_a_module_that_runs(name):
    module = command.COMMANDS[name].module.replace(".", "/")
    files = [ROOT / f"{module}.py", ROOT / module / "__main__.py"]
    assert any(file.is_file() for file in files)


def test_a_package_that_is_missing_is_named(monkeypatch, capsys):
    """`pip install .` brings what a caller needs, and no more."""
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: name != "pandas" or None)
    monkeypatch.setattr(sys, "argv", ["tweet-sentiment", "train"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "train needs pandas; install by: pip install" in capsys.readouterr().err


@pytest.mark.slow
class TestTensorFlowsFirstWords:
    """What its C++ prints while it is imported: notes go, all else stays."""

    IMPORT = ("-c", "from export.start.quiet_tensorflow import import_tensorflow as f; f()")

    def test_none_is_left(self, tmp_path):
        ended = run(self.IMPORT, tmp_path, TF_CPP_MIN_LOG_LEVEL="3")
        assert (ended.returncode, ended.stderr) == (0, "")

    def test_they_come_back_for_whoever_wants_them(self, tmp_path):
        # oneDNN's own line comes on some processors only: not on an AMD EPYC.
        assert "cpu_feature_guard" in run(self.IMPORT, tmp_path, TF_CPP_MIN_LOG_LEVEL="0").stderr

    @pytest.mark.parametrize("end", ["os.abort()", "os._exit(3)", "raise OSError('last words')"])
    def test_an_error_is_passed_on_though_the_process_dies(self, tmp_path, end):
        """As on a CPU without AVX; here by a stand-in, for this one has it."""
        said = (
            b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
            b"I0000 00:00:1795567284.256359   22064 port.cc:153] oneDNN custom operations are on.\n"
            b"E0000 00:00:1.2 3 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)\n"
            b"E0000 00:00:1.2 3 cuda_platform.cc:52] failed call to cuInit: DRIVER MISMATCH (803)\n"
            b"F0000 00:00:1795567284.256700   22064 cpu.cc:9] built for AVX, which this CPU lacks\n"
            b"no line end"
        )
        (tmp_path / "tensorflow.py").write_text(f"import os\nos.write(2, {said!r})\n{end}\n")
        ended = run(self.IMPORT, tmp_path, first=[str(tmp_path)], TF_CPP_MIN_LOG_LEVEL="1")
        assert ended.returncode != 0
        lines = ended.stderr.splitlines()
        assert lines[0].endswith("(803)")
        assert lines[1].startswith("F0000")
        assert lines[2].startswith("no line end")
        assert "oneDNN" not in ended.stderr

    def test_a_missing_tensorflow_is_one_sentence(self, tmp_path):
        code = f"import sys; sys.modules['tensorflow'] = None\n{self.IMPORT[1]}"
        ended = run(["-c", code], tmp_path)
        assert "pip install 'tweet-sentiment-graph[train]'" in ended.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_server_and_the_gate_import_nothing_that_no_version_asks_for(tmp_path):
    """A server is up in half the time and holds 260 MB less; whoever imports those packages later gets them."""
    code = (
        "import sys; from export.start.lean_tensorflow import import_lean_tensorflow as f; f(); f()\n"
        "import serving.server.embedded, export.exporter\n"
        "print([name for name in ('jax', 'pandas', 'sklearn', 'matplotlib', 'scipy') if name in sys.modules])\n"
        "import pandas; import tensorflow as tf; print(tf.keras.ops.sum([1, 2]).numpy())"
    )
    ended = run(["-c", code], tmp_path, KERAS_BACKEND="jax")
    assert (ended.stdout, ended.stderr) == ("[]\n3\n", "")


@pytest.mark.slow
def test_a_command_that_does_well_says_nothing_on_stderr(tiny_run, tmp_path):
    """TensorFlow computes here, too: none of its notes, no warning of Python's."""
    ended = run([*EVALUATE, tiny_run], tmp_path, TF_CPP_MIN_LOG_LEVEL="3")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "macro F1" in ended.stdout
