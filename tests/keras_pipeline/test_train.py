"""One command from a CSV to a run folder, and what a crash, Ctrl-C or a second run may not do to it."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from keras_pipeline import fitting, load_model, train
from keras_pipeline.checkpoint import Checkpoint
from keras_pipeline.config import TrainConfig
from keras_pipeline.run_folder import RunFolder

TEXTS = ["I love it!!!", "so sad http://t.co/x", ""]
FINISHED = {
    "config.json",
    "data.json",
    "model.keras",
    "history.csv",
    "metrics.json",
    "report.md",
    "figures",
}


def answers(run):
    return load_model(run)(TEXTS).numpy()


def history_of(run):
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


def command(*options):
    return [sys.executable, "-m", "keras_pipeline.train", *options]


def test_a_finished_run_holds_everything_to_look_at(tiny_run):
    assert {path.name for path in tiny_run.iterdir()} == FINISHED | {"exported"}
    assert TrainConfig.from_json(tiny_run / "config.json").lstm_units == 4
    history = history_of(tiny_run)
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} < set(history[0])
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert metrics["rows"] == {"train": 46, "validation": 6, "test": 14}
    assert metrics["test"]["rows"] == 14
    assert not metrics["interrupted"]


def test_a_run_never_writes_over_another(tiny_run, tiny_options, capsys):
    before = {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*")}
    assert train.main([*tiny_options, "--output", str(tiny_run)]) == 2
    assert (
        "error: `output` must be a new folder: nothing is written over" in capsys.readouterr().err
    )
    assert {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*")} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "0"], "`epochs` must be at least 1. Received: epochs=0"),
        (["--resume", "--epochs", "3"], "leave out other options. Received: epochs"),
        (["--resume", "--output", "nowhere"], "needs a run folder with config.json and data.json"),
        (["--output", "pyproject.toml"], "`output` must be a new folder"),
    ],
)
def test_bad_options_get_one_sentence(options, words, tiny_options, capsys):
    given = options if "--resume" in options else [*tiny_options, *options]
    assert train.main(given) == 2
    message = capsys.readouterr().err
    assert words in message
    assert message.count("\n") == 1


def test_an_unwritable_output_is_named(tiny_options, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert train.main([*tiny_options, "--output", str(tmp_path / "file" / "run")]) == 2
    assert "`output` must be a folder that can be written" in capsys.readouterr().err


def test_a_failed_export_keeps_the_run(tiny_options, tmp_path, capsys):
    (tmp_path / "models").touch()
    options = ["--output", str(tmp_path / "run"), "--export-to", str(tmp_path / "models")]
    assert train.main([*tiny_options, *options]) == 1
    assert "The run itself is saved" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "run").iterdir()} == FINISHED


def crash_in_epoch(monkeypatch, number, error):
    """Let training fail in the middle of epoch `number` (from 1), once."""

    def on_train_batch_end(self, batch, logs=None):
        if len(self.history) == number - 1 and batch == 2:
            raise error

    monkeypatch.setattr(Checkpoint, "on_train_batch_end", on_train_batch_end)


def test_a_crashed_run_goes_on_to_the_model_it_would_have_become(
    tiny_options, tmp_path, monkeypatch, capsys
):
    """Bit for bit; until then no file looks finished."""
    options = [*tiny_options, "--no-export", "--epochs", "4", "--dropout", "0.5"]
    assert train.main([*options, "--output", str(tmp_path / "whole")]) == 0
    run = tmp_path / "crashed"
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 3, RuntimeError("power cut"))
        with pytest.raises(RuntimeError, match="power cut"):
            train.main([*options, "--output", str(run)])
    assert {path.name for path in run.iterdir()} == {"config.json", "data.json", "checkpoint.npz"}
    assert train.main(["--resume", "--no-export", "--output", str(run)]) == 0
    np.testing.assert_array_equal(answers(run), answers(tmp_path / "whole"))
    assert {path.name for path in run.iterdir()} == FINISHED
    capsys.readouterr()
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.slow
def test_resume_remembers_early_stopping(tiny_options, tmp_path, monkeypatch):
    """The best weights and the epochs waited are part of the state, else it would stop too late."""
    worse_and_worse = iter([1.0, 0.5, 2.0, 3.0, 4.0, 5.0, 6.0])
    original = fitting.ResumableEarlyStopping.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        original(self, epoch, {**logs, "val_loss": next(worse_and_worse)})

    monkeypatch.setattr(fitting.ResumableEarlyStopping, "on_epoch_end", on_epoch_end)
    options = [*tiny_options, "--no-export", "--epochs", "9", "--patience", "3"]
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 4, RuntimeError("power cut"))
        with pytest.raises(RuntimeError):
            train.main([*options, "--output", str(run)])
    assert train.main(["--resume", "--no-export", "--output", str(run)]) == 0
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 5, "best at 2, then waited 3"


@pytest.mark.slow
def test_ctrl_c_in_the_first_epoch_can_be_resumed_too(tiny_options, tmp_path, monkeypatch):
    """No epoch has finished, so there is no checkpoint: it starts anew and ends as it would have."""
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 1, KeyboardInterrupt)
        assert train.main([*tiny_options, "--no-export", "--output", str(run)]) == 130
    assert train.main(["--resume", "--no-export", "--output", str(run)]) == 0
    assert not json.loads((run / "metrics.json").read_text())["interrupted"]


def test_ctrl_c_saves_what_was_learned_and_says_so(tiny_options, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    options = [*tiny_options, "--export-to", str(tmp_path / "models"), "--output", str(run)]
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 2, KeyboardInterrupt)
        assert train.main(options) == 130
    assert (
        f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run}"
        in capsys.readouterr().out
    )
    assert json.loads((run / "metrics.json").read_text())["interrupted"]
    assert answers(run).shape == (3, 3)
    assert not (tmp_path / "models").exists(), "half a training is not published unasked"


@pytest.mark.slow
def test_resume_notices_other_data(tiny_options, sample_csv, tmp_path, monkeypatch, capsys):
    data, run = tmp_path / "mine.csv", tmp_path / "run"
    data.write_bytes(sample_csv.read_bytes())
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 2, RuntimeError("power cut"))
        with pytest.raises(RuntimeError):
            train.main([*tiny_options, "--data", str(data), "--output", str(run)])
    data.write_text(data.read_text() + "one more,neutral\n")
    assert train.main(["--resume", "--output", str(run)]) == 2
    assert "The run's data has changed since it began" in capsys.readouterr().err


@pytest.mark.slow
def test_resume_finds_the_newest_unfinished_run(tiny_options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 2, RuntimeError("power cut"))
        with pytest.raises(RuntimeError):
            train.main([*tiny_options, "--no-export"])
    assert train.main(["--resume", "--no-export"]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == FINISHED
    assert train.main(["--resume"]) == 2
    assert "Received: 1 runs, none unfinished" in capsys.readouterr().err


@pytest.mark.slow
def test_switches_and_tensorboard(tiny_options, tmp_path):
    """No class weights, no early stopping, plain batches, no pooling, and logs for TensorBoard."""
    off = ["--no-class-weights", "--no-early-stopping", "--no-bucket-by-length", "--tensorboard"]
    off += ["--no-max-mean-pooling"]
    run = tmp_path / "run"
    assert train.main([*tiny_options, *off, "--no-export", "--output", str(run)]) == 0
    assert list((run / "tensorboard").rglob("events.out.tfevents.*"))
    assert not load_model(run).classifier.get_layer("bilstm").return_sequences


@pytest.mark.slow
def test_the_notebook_preset_trains(tiny_options, tmp_path):
    """Unmasked, padded to 40, no punctuation: the composed model keeps all three."""
    run = tmp_path / "run"
    assert (
        train.main([*tiny_options, "--preset", "notebook", "--no-export", "--output", str(run)])
        == 0
    )
    model = load_model(run)
    assert "!" not in model.vectorizer.get_vocabulary()
    assert not model.classifier.get_layer("embedding").mask_zero
    assert model.padded_length == 40


@pytest.mark.slow
def test_mixed_precision_trains_and_saves_float32(tiny_options, tmp_path):
    """float16 on a CPU is slow but works; the saved model answers in float32 all through."""
    run = tmp_path / "run"
    assert (
        train.main([*tiny_options, "--mixed-precision", "--no-export", "--output", str(run)]) == 0
    )
    model = load_model(run)
    assert {layer.compute_dtype for layer in model.classifier.layers} <= {"float32", "int64"}
    assert np.isfinite(model(TEXTS)).all()


@pytest.mark.slow
def test_same_seed_gives_the_same_weights_in_two_processes(tiny_options, tmp_path):
    """Bit for bit, and another seed gives others."""
    for name, seed in (("one", "7"), ("two", "7"), ("other", "8")):
        options = ["--no-export", "--seed", seed, "--output", str(tmp_path / name)]
        subprocess.run(command(*tiny_options, *options), check=True)
    one, two, other = ([w.tobytes() for w in load_model(tmp_path / name).classifier.get_weights()]
                       for name in ("one", "two", "other"))  # fmt: skip
    assert one == two
    assert one != other


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_model(tiny_options, tmp_path):
    """SIGKILL at odd moments of a real process, resumed each time, against one that nobody disturbed."""
    options = [*tiny_options, "--epochs", "8", "--no-early-stopping", "--no-export"]
    subprocess.run(command(*options, "--output", str(tmp_path / "whole")), check=True)
    run, kills = tmp_path / "killed", 0
    for delay_s in (0.0, 0.05, 0.2, 0.4, None):
        resume = ["--resume", "--no-export"] if (run / "data.json").exists() else options
        kills += run_and_kill(command(*resume, "--output", str(run)), delay_s)
    assert kills >= 2
    np.testing.assert_array_equal(answers(run), answers(tmp_path / "whole"))


def run_and_kill(arguments, delay_s):
    """Start it; kill it `delay_s` after its first epoch is told (never for None). True if it was killed."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    with process:
        for line in process.stdout:
            if delay_s is not None and line.startswith("Epoch"):
                time.sleep(delay_s)
                process.kill()
                break
        return process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_real_ctrl_c(tiny_options, tmp_path):
    """SIGINT to a real process in its third epoch: exit code 130, a model that answers."""
    run = tmp_path / "run"
    options = [*tiny_options, "--epochs", "500", "--no-early-stopping", "--no-export"]
    # A shell's background job ignores SIGINT, and so would every process that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command(*options, "--output", str(run)),
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    with process:
        for line in process.stdout:
            if line.startswith("Epoch 3/"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait() == 130
    assert "Interrupted. Go on:" in rest
    assert answers(run).shape == (3, 3)


TWO_DEVICES = """
import sys, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_pipeline import devices, train
train.choose_strategy = lambda: devices.choose_strategy(["CPU:0", "CPU:1"])
sys.exit(train.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_several_devices_train_through_mirrored_strategy(tiny_options, tmp_path):
    """Two logical CPU devices stand for two GPUs; the model it saves is an ordinary one."""
    run = tmp_path / "run"
    arguments = [
        sys.executable,
        "-c",
        TWO_DEVICES,
        *tiny_options,
        "--no-export",
        "--output",
        str(run),
    ]
    result = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert "Training on 2 CPUs, mirrored" in result.stdout
    assert float(history_of(run)[-1]["loss"]) < 1.2
    assert answers(run).shape == (3, 3)


def test_the_data_of_an_older_run_is_still_known(tiny_run, sample_csv, tmp_path):
    """Before word vectors and soft labels a run noted one checksum, not one for each file."""
    older = tmp_path / "older"
    shutil.copytree(tiny_run, older)
    described = json.loads((older / "data.json").read_text())
    for name in ("embeddings", "soft_labels", "span_column", "id_column"):
        del described[name]
    described["sha256"] = described["sha256"]["path"]
    (older / "data.json").write_text(json.dumps(described))
    assert RunFolder(older).source() == RunFolder(tiny_run).source()
