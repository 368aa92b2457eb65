"""The command line of `python -m export`: bad usage gets one sentence at once, before TensorFlow is imported."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from export import __main__ as command

ROOT = Path(__file__).parents[2]


def run_command(*arguments, cwd, code="from export.__main__ import main; sys.exit(main())"):
    """The command in a process of its own, that cannot import TensorFlow; and how long it took."""
    program = f"import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; {code}"
    began_at = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, time.monotonic() - began_at


@pytest.fixture
def place(tmp_path):
    """A folder with a file, and one that is almost a run."""
    tmp_path.joinpath("file").write_text("precious")
    tmp_path.joinpath("run").mkdir()
    for name in ("model.keras", "config.json", "data.json", "metrics.json"):
        tmp_path.joinpath("run", name).write_text("{}")
    return tmp_path


USAGE = [
    ([], "expected a model, --list, --examination, --rollback or --keep. Received: none of them"),
    (["run", "--frce"], "unrecognized arguments: --frce (did you mean --force?)"),
    (["run", "--forc"], "unrecognized arguments: --forc (did you mean --force?)"),
    (["run", "--tolerance", "-1"], "expected a number from 0 to 1. Received: -1"),
    (["run", "--tolerance", "nan"], "expected a number from 0 to 1. Received: nan"),
    (["run", "--quality-tolerance", "inf"], "expected a number from 0 to 1. Received: inf"),
    (["run", "--recall-tolerance", "x"], "expected a number from 0 to 1. Received: x"),
    (["run", "--format", "coreml"], "argument --format: invalid choice: 'coreml'"),
    (["run", "--graph", "keras", "--format", "onnx"], "`graph` of `onnx` must be auto. Received"),
    (["run", "--server", "nowhere"], "`server` must be a program that can be run, an image with its tag such as tensorflow/serving:2.20.0, embedded or none. Received: server=nowhere"),
    (["run", "--server", "./file"], "`server` must be a program that can be run"),
    (["run", "--server", "none", "--server", "embedded"], "`server` must be none alone, or servers. Received: server=none, embedded"),
    (["run", "--server", "none", "--format", "onnx"], "a server loads --format saved_model alone. Received: servers"),
    (["run", "--warmup-batches", "1,x"], "`warmup_batches` must be 1 to 100 whole numbers from 1 to 2,048, such as 1,8,32. Received: warmup_batches=1,x"),
    (["run", "--warmup-batches", "0"], "Received: warmup_batches=0"),
    (["run", "--warmup-batches", "8,2049"], "Received: warmup_batches=8,2049"),
    (["run", "--warmup-batches", ",".join("1" * 101)], "`warmup_batches` must be 1 to 100 whole numbers"),
    (["run", "--require-speed", "2ms"], "`require_speed` must be p50=TIME in us, ms or s, size=SIZE in kB, MB or GB, or both"),
    (["run", "--require-speed", "p50=2ms", "--format", "onnx"], "expected --format saved_model with --require-speed. Received: onnx"),
    (["run", "--to"], "argument --to: expected one argument"),
    (["--keep", "0"], "expected a whole number of at least 1. Received: 0"),
    (["--keep", "1.5"], "expected a whole number of at least 1. Received: 1.5"),
    (["--rollback", "x"], "expected a whole number. Received: x"),
    (["run", "--rollback", "1"], "Received: model, rollback"),
    (["run", "--examination", "file"], "Received: model, examination"),
    (["run", "--text-column", "x"], "expected --examination or --test-data. Received: text_column alone"),
    (["nowhere"], "a .keras file or a SavedModel folder. Received: model=nowhere"),
    (["file"], "`model` must be a run folder with a model.keras"),
    (["run", "--to", "file"], "`to` must be a folder. Received: to=file"),
    (["run", "--to", "file/below"], "must be a folder, or a path where one can be made"),
    (["run", "--to", "/proc/models"], "must be a folder"),
    (["--list", "file"], "`list` must be a folder. Received: list=file"),
    (["--keep", "1", "--to", "file"], "`to` must be a folder. Received: to=file"),
    (["--examination", "nowhere.csv"], "`examination` must be a CSV file, or the folder of a run. Received: examination=nowhere.csv"),
    (["--examination", "file", "--to", "models"], "`examination` must be a CSV file. Received: examination=file, which must have one column `text`, with precious"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_bad_usage_is_one_sentence_in_under_a_second(place, arguments, sentence):
    done, seconds = run_command(*arguments, cwd=place)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(("error: ", "python -m export: "))
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["file", "run"]
    assert seconds < 5, "it takes 0.3; the machine may be busy, but TensorFlow takes longer"


def test_a_run_that_is_damaged(place):
    place.joinpath("run", "metrics.json").write_text('{"test": 1e400}')
    done, _ = run_command("run", cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert "metrics.json is damaged: 1e400 is no finite number" in done.stderr


def test_the_default_of_every_option_is_in_the_help(place):
    done, _ = run_command("--help", cwd=place)
    assert done.returncode == 0
    shown = " ".join(done.stdout.split())
    for option, default in (
        (
            "--to DIR",
            "(default: models/tweet_sentiment, of another format models/tweet_sentiment_FORMAT)",
        ),
        ("--tolerance P", "(default: 1e-05 with float32, 0.001 with float16)"),
        ("--quality-tolerance F1", "(default: 0.01)"),
        ("--recall-tolerance R", "(default: 0.05)"),
        ("--warmup-batches ROWS,...", "(default: 1,8,32)"),
        ("--server NAME", "(default: tensorflow_model_server where it is on the PATH, else the"),
        ("--text-column NAME", "(default: text)"),
        ("--examination CSV", "(default: the test part of the first run published there)"),
    ):
        assert option in shown
        assert default in shown, shown


def test_looking_after_a_folder_needs_no_tensorflow(place):
    for arguments, shown in (
        (["--list", "models"], "No version has been published yet."),
        (["--keep", "1", "--to", "models"], "Removed: none"),
    ):
        done, _ = run_command(*arguments, cwd=place)
        assert (done.returncode, done.stderr) == (0, "")
        assert shown in done.stdout


def test_what_cannot_be_read_is_named_and_the_others_go(tmp_path, capsys):
    """A link to itself among the versions stops neither removing nor rolling back."""
    for number in ("1", "2"):
        tmp_path.joinpath(number).mkdir()
        tmp_path.joinpath(number, "saved_model.pb").write_bytes(number.encode())
    tmp_path.joinpath("2", "assets.extra").mkdir()
    tmp_path.joinpath("2", "assets.extra", "model_card.json").write_text('{"a":' * 100_000)
    tmp_path.joinpath("3").symlink_to("3")
    assert command.main(["--rollback", "1", "--to", str(tmp_path)]) == 0
    assert command.main(["--keep", "1", "--list", "--to", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "Removed: 2, 1\n" in told.out
    assert told.err.count("/3' cannot be read (Too many levels of symbolic links)") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "4"]


def test_nothing_is_there_to_roll_back(tmp_path, capsys):
    assert command.main(["--rollback", "7", "--to", str(tmp_path)]) == 1
    assert "(none yet). Received: version=7" in capsys.readouterr().err
