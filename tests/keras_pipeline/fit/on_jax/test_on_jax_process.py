"""The process that trains on JAX: without TensorFlow, with threads enough for its devices, and refused in one sentence."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from tiny_tasks import CONFIG, exchange_of

from keras_pipeline import train
from keras_pipeline.fit.on_jax import process
from keras_pipeline.fit.on_jax.exchange import Exchange
from keras_pipeline.numeric.classifier import build_classifier

CTRL_C_AT_AN_IMPORT = """
import importlib.abc, os, runpy, signal, sys
class CtrlC(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "keras_pipeline.fit.on_jax.exchange":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
runpy.run_module("keras_pipeline.fit.on_jax", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_while_it_starts_ends_it_without_a_word():
    """The one who started it tells; a traceback of half an import tells nobody anything."""
    ended = subprocess.run(
        [sys.executable, "-c", CTRL_C_AT_AN_IMPORT], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_by_the_run")
def test_it_imports_no_tensorflow(tmp_path, monkeypatch, capfd):
    """Though it is installed here, and Keras would."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    exchange = exchange_of(tmp_path)
    answer = process.run_process(exchange, tmp_path / "checkpoint.npz")
    imported = {line.rpartition("|")[2].strip() for line in capfd.readouterr().err.splitlines()}
    assert {"jax", "keras"} <= imported
    assert not {name for name in imported if name.split(".")[0] == "tensorflow"}
    assert [epoch["epoch"] for epoch in answer.history] == [1, 2]
    assert exchange.last_weights.is_file()
    assert any(exchange.compiled.iterdir()), "what XLA compiled is kept for a run that goes on"


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_told_as_on_tensorflow(tmp_path):
    exchange = exchange_of(tmp_path)
    broken = build_classifier(CONFIG, vocabulary_size=9)
    broken.set_weights([np.full_like(weights, np.nan) for weights in broken.get_weights()])
    broken.save_weights(exchange.first_weights)
    with pytest.raises(process.UserError, match="diverged in epoch 1: loss must be a finite"):
        process.run_process(exchange, tmp_path / "checkpoint.npz")


def test_simulated_devices_get_a_thread_each(tmp_path, monkeypatch):
    """Four on two cores waited for one another for ever."""
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    assert process.environment(Exchange(tmp_path))["NPROC"] == "8"
    monkeypatch.setenv("NPROC", "5")
    assert process.environment(Exchange(tmp_path))["NPROC"] == "5", "what the user says goes first"
    assert "NPROC" not in os.environ or os.environ["NPROC"] == "5"


def test_without_jax_it_is_told_how_to_install_it(tmp_path, tiny_options, monkeypatch, capsys):
    """Before anything is read."""
    monkeypatch.setattr(process, "find_spec", lambda _: None)
    options = [*tiny_options, "--backend", "jax", "--output", str(tmp_path / "run")]
    assert train.main(options) == 2
    assert capsys.readouterr().err == (
        "error: `--backend jax` needs the package jax; install it by: pip install '.[jax]', on a GPU "
        "pip install 'jax[cuda13]'. Received: backend=jax\n"
    )
    assert not (tmp_path / "run").exists()


def test_tensorboard_is_refused(tmp_path, tiny_options, capsys):
    options = [*tiny_options, "--backend", "jax", "--tensorboard", "--output", str(tmp_path / "r")]
    assert train.main(options) == 2
    assert "Received: tensorboard=True, backend=jax" in capsys.readouterr().err
