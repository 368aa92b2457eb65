"""A crash, Ctrl-C or a kill costs nothing: the run goes on, to the model it would have become."""

import json
import os
import signal
import subprocess
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from finished_runs import FINISHED, answers, command
from killed_after_publishing import train_and_die, write_learnable_table

from export import exporter
from keras_pipeline import train
from keras_pipeline.errors import UserError
from keras_pipeline.fit.checkpoint import Checkpoint, ResumableEarlyStopping


def crash_in_epoch(monkeypatch, number, error):
    """Let training fail in the middle of epoch `number` (from 1), once."""

    def on_train_batch_end(self, batch, logs=None):
        if len(self.history) == number - 1 and batch == 2:
            raise error

    monkeypatch.setattr(Checkpoint, "on_train_batch_end", on_train_batch_end)


@pytest.mark.slow
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
    begun = {".lock", "config.json", "intent.json", "data.json", "checkpoint.npz"}
    assert {path.name for path in run.iterdir()} == begun
    assert train.main(["--resume", "--output", str(run)]) == 0
    np.testing.assert_array_equal(answers(run), answers(tmp_path / "whole"))
    assert {path.name for path in run.iterdir()} == FINISHED
    capsys.readouterr()
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.slow
def test_resume_remembers_early_stopping(tiny_options, tmp_path, monkeypatch):
    """The best weights and the epochs waited are part of the state, else it would stop too late."""
    worse_and_worse = iter([1.0, 0.5, 2.0, 3.0, 4.0, 5.0, 6.0])
    original = ResumableEarlyStopping.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        original(self, epoch, {**logs, "val_loss": next(worse_and_worse)})

    monkeypatch.setattr(ResumableEarlyStopping, "on_epoch_end", on_epoch_end)
    options = [
        *tiny_options,
        "--no-export",
        "--epochs",
        "9",
        "--patience",
        "3",
        "--patience-steps",
        "0",
    ]
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 4, RuntimeError("power cut"))
        with pytest.raises(RuntimeError):
            train.main([*options, "--output", str(run)])
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 5, "best at 2, then waited 3"


@pytest.mark.slow
def test_ctrl_c_in_the_first_epoch_can_be_resumed_too(tiny_options, tmp_path, monkeypatch):
    """No epoch has finished, so there is no checkpoint: it starts anew and ends as it would have."""
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        crash_in_epoch(patch, 1, KeyboardInterrupt)
        assert train.main([*tiny_options, "--no-export", "--output", str(run)]) == 130
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert not json.loads((run / "metrics.json").read_text())["interrupted"]


def test_a_checkpoint_of_another_version_gets_one_sentence(tmp_path):
    """Such as one from before weights were averaged: fewer variables than this version trains."""
    path = tmp_path / "checkpoint.npz"
    np.savez(path, state="{}", variable_0=np.zeros(3))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    with pytest.raises(UserError) as caught:
        Checkpoint(path).restore(model)
    assert str(caught.value) == (
        f"`{path}` must hold the 4 variables of this version's training; begin a new run. "
        "Received: 1 variables, written by another version"
    )


@pytest.mark.slow
def test_ctrl_c_saves_what_was_learned_and_says_so(tiny_options, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    options = [*tiny_options, "--publish", str(tmp_path / "models"), "--output", str(run)]
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
def test_ctrl_c_during_the_export_is_resumed(tiny_options, tmp_path, monkeypatch):
    """What training made stays, and the export is done again from it, as it was asked."""
    run = tmp_path / "run"
    options = [*tiny_options, "--server", "none", "--warmup-batches", "2"]
    with monkeypatch.context() as patch:
        patch.setattr(exporter, "write_version", _interrupt)
        assert train.main([*options, "--output", str(run)]) == 130
    model = (run / "model.keras").read_bytes()
    assert not (run / "saved_model").exists()
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert (run / "saved_model" / "saved_model.pb").is_file()
    assert (run / "model.keras").read_bytes() == model
    card = json.loads((run / "saved_model/assets.extra/model_card.json").read_text())
    assert card["gate"]["server_left_out"] == "left out by --server none"
    assert count_records(run / "saved_model/assets.extra/tf_serving_warmup_requests") == 4, (
        "one a signature"
    )
    assert train.main(["--resume", "--output", str(run)]) == 0, "nothing is left to do"


def count_records(path):
    return sum(1 for _ in tf.data.TFRecordDataset(str(path)))


def _interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_killed_right_after_publishing_publishes_once(tiny_options, tmp_path):
    """A resumed run does what it was asked at first, and finds what it has done."""
    table, run, models = tmp_path / "table.csv", tmp_path / "run", tmp_path / "models"
    write_learnable_table(table)
    options = [*tiny_options[2:], "--data", str(table), "--output", str(run)]
    train_and_die(*options, "--publish", str(models))
    assert [path.name for path in models.iterdir() if path.name.isdecimal()] == ["1"]
    assert train.main(["--resume", "--output", str(run)]) == 0
    assert [path.name for path in models.iterdir() if path.name.isdecimal()] == ["1"]
    assert not (run / "checkpoint.npz").exists()


def test_resume_takes_no_other_options(tiny_options, tmp_path, capsys):
    """It does as it was asked: not even another end may be named."""
    for option in ("--publish", "--no-export", "--tensorboard", "--server=none"):
        assert train.main(["--resume", option]) == 2
        assert "`--resume` goes on as the run was asked" in capsys.readouterr().err


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
    assert train.main(["--resume"]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == FINISHED
    assert train.main(["--resume"]) == 2
    assert "Received: 1 runs, none unfinished" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_model(tiny_options, tmp_path):
    """SIGKILL at odd moments of a real process, resumed each time, against one that nobody disturbed."""
    options = [*tiny_options, "--epochs", "8", "--no-early-stopping", "--no-export"]
    subprocess.run(command(*options, "--output", str(tmp_path / "whole")), check=True)
    run, kills = tmp_path / "killed", 0
    for delay_s in (0.0, 0.2, None):
        resume = ["--resume"] if (run / "data.json").exists() else options
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
