"""One command from a CSV to a run folder, and what a second run may not do to it."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from finished_runs import FINISHED, TEXTS, answers, command, history_of

from keras_pipeline import load_model, train
from keras_pipeline.config import TrainConfig
from keras_pipeline.run_folder import RunFolder


def test_a_finished_run_holds_everything_to_look_at(tiny_run):
    assert {path.name for path in tiny_run.iterdir()} == FINISHED | {"saved_model", "exported"}
    assert TrainConfig.from_json(tiny_run / "config.json").lstm_units == 4
    history = history_of(tiny_run)
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} < set(history[0])
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert metrics["rows"] == {"train": 41, "validation": 11, "test": 14}
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
        (["--server", "nowhere"], "`server` must be a program that can be run, an image with"),
        (["--no-export", "--server", "none"], "`servers` needs an export. Received: servers and"),
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


def test_where_nothing_can_be_published_is_told_first(tiny_options, tmp_path, capsys):
    (tmp_path / "models").touch()
    options = ["--output", str(tmp_path / "run"), "--publish", str(tmp_path / "models")]
    assert train.main([*tiny_options, *options]) == 2
    assert "`--publish`: `base` must be a folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_what_is_refused_stays_a_run(tiny_options, tmp_path, capsys):
    """66 rows are no table to judge a model by: nothing reaches production, nothing is lost."""
    models = tmp_path / "models"
    options = ["--output", str(tmp_path / "run"), "--publish", str(models), "--server", "none"]
    assert train.main([*tiny_options, *options]) == 1
    said = capsys.readouterr()
    assert "check `quality` failed" in said.err
    assert "The run itself is saved" in said.err
    assert "Published" not in said.out
    assert {path.name for path in (tmp_path / "run").iterdir()} == {*FINISHED, "saved_model"}
    assert not models.exists()


def test_training_publishes_nothing_unasked(tiny_run, tmp_path, capsys):
    """The SavedModel lies in the run, and has passed every check but the quality's."""
    assert (tiny_run / "saved_model" / "saved_model.pb").is_file()
    intent = RunFolder(tiny_run).intent()
    assert (intent.publish_to, intent.export) == (None, True)


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
    for name in ("one", "two"):
        options = ["--no-export", "--seed", "7", "--output", str(tmp_path / name)]
        subprocess.run(command(*tiny_options, *options), check=True)
    options = ["--no-export", "--seed", "8", "--output", str(tmp_path / "other")]
    assert train.main([*tiny_options, *options]) == 0
    one, two, other = ([w.tobytes() for w in load_model(tmp_path / name).classifier.get_weights()]
                       for name in ("one", "two", "other"))  # fmt: skip
    assert one == two
    assert one != other


TWO_DEVICES = """
import sys, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_pipeline import train, training
from keras_pipeline.fit import devices
training.choose_strategy = lambda: devices.choose_strategy(["CPU:0", "CPU:1"])
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
