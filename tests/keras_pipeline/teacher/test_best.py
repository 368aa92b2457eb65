"""The one command, with real processes: killed, called again, called twice, and what it makes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_encoder import write_encoder

from keras_pipeline import load_model
from keras_pipeline.run_files import RunLock

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TEACHER = ("-m", "keras_pipeline.teacher")
BEST = ("-m", "keras_pipeline.best")


def start(words, folder):
    return subprocess.Popen(
        [sys.executable, "-u", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(words, folder):
    process = start(words, folder)
    output, _ = process.communicate()
    return process.returncode, output


def files(folder, pattern):
    return list((folder / "runs" / "teacher").glob(pattern))


def killed_once_there(process, folder, pattern):
    """SIGKILL as soon as such a file is there; it must come before the process ends."""
    while not files(folder, pattern):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory):
    """320 texts that are easily told apart, labels in a column of another name, and an encoder that knows nothing."""
    folder = tmp_path_factory.mktemp("table")
    draw = np.random.default_rng(5)
    words = {"spam": ["win", "cash", "prize", "zzz"], "ham": ["tea", "home", "mum", "aaa"]}
    rows = [
        (" ".join(draw.choice(words[kind], 8)) + " " + "".join(draw.choice([*"bcdfg"], 6)), kind)
        for _ in range(160)
        for kind in words
    ]
    pd.DataFrame(rows, columns=["body", "kind"]).to_csv(folder / "table.csv", index=False)
    write_encoder(folder / "encoder")
    data = ("--data", folder / "table.csv", "--text-column", "body", "--label-column", "kind")
    return (*data, "--encoder", folder / "encoder")


def test_a_killed_teacher_goes_on_to_the_answers_it_would_have_given(two_classes, tmp_path):
    """Killed after the first epoch, and again when it has learned; then there is nothing left to do."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    words = (*TEACHER, *two_classes, "--teacher-epochs", "4", "--teacher-learning-rate", "0.003")
    code, output = ended(words, whole)
    assert code == 0, output
    killed_once_there(start(words, cut), cut, "*/checkpoint.npz")
    assert not files(cut, "*/teacher.weights.h5")
    killed_once_there(start(words, cut), cut, "*/teacher.weights.h5")
    assert not files(cut, "*/*/soft-labels-2.csv")
    code, output = ended(words, cut)
    assert (code, "learning from" in output) == (0, False), output
    (mine,), (other,) = (files(folder, "*/*/soft-labels-2.csv") for folder in (whole, cut))
    assert mine.read_bytes() == other.read_bytes()
    began_at = time.monotonic()
    code, output = ended(words, cut)
    assert (code, "answered this already" in output) == (0, True), output
    assert time.monotonic() - began_at < 5, "no TensorFlow for that"
    # Another process that works on the same is left alone.
    mine.unlink()
    lock = RunLock(mine.parents[1])
    code, output = ended(words, whole)
    lock.release()
    assert (code, "Another process works on this run" in output) == (2, True), output


def test_one_command_teaches_a_student_of_any_classes(two_classes, tmp_path):
    """Of two classes in another column, by all that training can be told."""
    small = ("--embedding-dim", "8", "--lstm-units", "4", "--epochs", "2", "--embeddings", "none")
    words = (*BEST, *two_classes, *small, "--no-export", "--output", "runs/student", "--teacher-learning-rate", "0.003")  # fmt: skip
    code, output = ended(words, tmp_path)
    assert code == 0, output
    config = json.loads((tmp_path / "runs/student/config.json").read_text())
    assert (config["labels"], config["batch_size"]) == (["ham", "spam"], 128), "of --preset taught"
    source = json.loads((tmp_path / "runs/student/data.json").read_text())
    assert [source["soft_labels"]] == [str(file) for file in files(tmp_path, "*/*/*.csv")]
    model = load_model(tmp_path / "runs/student")
    assert model.labels == ("ham", "spam")


def test_the_installed_encoder_learns_three_hundred_tweets(tmp_path):
    """The real thing: the teacher is far better than chance after two epochs, which so few rows teach no student."""
    from keras_pipeline.data_source import find_corpus

    tweets = pd.read_csv(find_corpus(), encoding="latin-1").sample(300, random_state=1)
    tweets.to_csv(tmp_path / "tweets.csv", index=False)
    words = (*TEACHER, "--data", "tweets.csv", "--teacher-texts", "none", "--teacher-epochs", "4", "--teacher-batch-size", "16")  # fmt: skip
    code, output = ended(words, tmp_path)
    assert code == 0, output
    (figures,) = files(tmp_path, "*/figures.json")
    assert json.loads(figures.read_text())["test"]["accuracy"] > 0.5
