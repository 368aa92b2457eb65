"""What a finished run holds, and how tests look into one."""

import csv
import sys

from keras_pipeline import load_model

TEXTS = ["I love it!!!", "so sad http://t.co/x", ""]
FINISHED = {
    "config.json",
    "data.json",
    "model.keras",
    "history.csv",
    "metrics.json",
    "report.md",
    "figures",
    "intent.json",
    ".lock",
    "learned_from.npy",
}


def answers(run):
    return load_model(run)(TEXTS).numpy()


def history_of(run):
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


def command(*options):
    return [sys.executable, "-m", "keras_pipeline.train", *options]
