"""The training command on JAX, whatever ends its processes: the run goes on, to the model it would have become."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_pipeline import load_model, train

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[4] / "data" / "sample.csv"
OPTIONS = (
    "--data", str(SAMPLE), "--embedding-dim", "8", "--lstm-units", "4", "--dense-units", "8",
    "--batch-size", "8", "--vocabulary-size", "500", "--embeddings", "none", "--backend", "jax",
    "--epochs", "60", "--no-early-stopping", "--no-export",
)  # fmt: skip
TEXTS = ["I love it!!!", "so sad http://t.co/x", ""]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert train.main([*OPTIONS, "--output", str(run)]) == 0
    return run


def started(*options):
    command = [sys.executable, "-m", "keras_pipeline.train", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def training_process(run):
    """Its number: of all processes it alone is told the folder."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if "keras_pipeline.fit.on_jax" in words and str(run / "jax") in words:
            return int(folder.name)
    return None


def wait_for(condition, seconds=120):
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def answers(run):
    return load_model(run)(TEXTS).numpy()


def test_a_run_holds_what_one_on_tensorflow_does(whole):
    """And tells which JAX it was; what the processes handed each other is gone."""
    metrics = json.loads((whole / "metrics.json").read_text())
    assert metrics["epochs"] == 60
    assert metrics["versions"].keys() == {"tensorflow", "keras", "numpy", "jax"}
    assert json.loads((whole / "config.json").read_text())["backend"] == "jax"
    assert not (whole / "jax").exists()
    assert not (whole / "checkpoint.npz").exists()


def test_killed_while_it_trains_it_says_so_and_goes_on(whole, tmp_path):
    """Bit for bit to the model it would have become."""
    run = tmp_path / "run"
    command = started(*OPTIONS, "--output", str(run))
    wait_for((run / "checkpoint.npz").exists)
    os.kill(training_process(run), signal.SIGKILL)
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 1
    assert errors.splitlines()[-1] == (
        "error: Training on JAX must come to its end; finished epochs are kept, go on by --resume. Received: "
        "the process that trains ended by signal 9 (SIGKILL)"
    )
    assert not (run / "failed.json").exists()
    assert train.main(["--resume", "--output", str(run)]) == 0
    np.testing.assert_array_equal(answers(run), answers(whole))


def test_whoever_asked_is_killed_and_then_interrupted(whole, tmp_path):
    """Nobody trains on for a command that is gone; Ctrl-C keeps what was learned; in the end nothing is lost."""
    run = tmp_path / "run"
    command = started(*OPTIONS, "--output", str(run))
    wait_for((run / "checkpoint.npz").exists)
    command.kill()
    command.communicate()
    wait_for(lambda: training_process(run) is None, seconds=10)
    epochs = len(json.loads(str(np.load(run / "checkpoint.npz")["state"]))["history"])
    assert epochs < 60

    resumed = started("--resume", "--output", str(run))
    assert resumed.stdout is not None
    wait_for(lambda: "Epoch" in resumed.stdout.readline())
    resumed.send_signal(signal.SIGINT)
    output, errors = resumed.communicate(timeout=120)
    assert resumed.returncode == 130, errors
    assert f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run}" in output
    assert json.loads((run / "metrics.json").read_text())["interrupted"]
    assert answers(run).shape == (3, 3)

    assert train.main(["--resume", "--output", str(run)]) == 0
    np.testing.assert_array_equal(answers(run), answers(whole))
