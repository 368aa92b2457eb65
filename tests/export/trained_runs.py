"""Real runs, small ones: made-up tables, and training by the command, publishing nothing."""

import csv
import random
from pathlib import Path

import numpy as np

from export.gate.quality import TestSplit
from export.run_record import LEARNED_FROM, write_hashes
from export.text_hashes import text_hashes
from keras_pipeline import train
from keras_pipeline.run_folder import RunFolder
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split

# Publishing is for each test to do.
TRAIN_ONLY = ("--no-export",)
# To ask one takes seconds, and test_server_check.py does: `servers` of an export, and the option.
NO_SERVER = ("none",)
ASK_NOBODY = ("--server", "none")
SMALL = (
    "--embedding-dim", "8", "--lstm-units", "4", "--dense-units", "8", "--batch-size", "32",
    "--vocabulary-size", "500", "--learning-rate", "0.02", "--embeddings", "none",
)  # fmt: skip

ENGLISH = {
    "negative": ("sad", "awful", "worst", "hate", "broken", "angry"),
    "neutral": ("train", "monday", "office", "report", "station", "meeting"),
    "positive": ("happy", "lovely", "great", "love", "best", "thanks"),
}
SPANISH = {
    "negative": ("triste", "horrible", "peor", "odio", "roto", "enfado"),
    "neutral": ("tren", "lunes", "oficina", "informe", "andén", "reunión"),
    "positive": ("feliz", "precioso", "genial", "quiero", "mejor", "gracias"),
}
FILLERS = {
    "english": (
        "the",
        "a",
        "my",
        "this",
        "that",
        "today",
        "again",
        "with",
        "for",
        "it",
        "and",
        "so",
    ),
    "spanish": ("el", "la", "mi", "este", "ese", "hoy", "otra", "con", "para", "lo", "y", "tan"),
}
WORDS = {"english": ENGLISH, "spanish": SPANISH}
NOISE = 0.05  # share of rows with another label than their words say


def write_table(path: Path, language: str, rows: int, seed: int) -> Path:
    """A table of made-up tweets."""
    words, fillers = WORDS[language], FILLERS[language]
    draw = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "sentiment"])
        for _ in range(rows):
            label = draw.choice(list(words))
            parts = [*draw.choices(words[label], k=2), *draw.choices(fillers, k=6)]
            draw.shuffle(parts)
            shown = draw.choice(list(words)) if draw.random() < NOISE else label
            writer.writerow([" ".join(parts), shown])
    return path


def train_run(folder: Path, table: Path, *options: str) -> Path:
    """A finished run on a table."""
    arguments = ["--data", str(table), "--output", str(folder), *SMALL, *TRAIN_ONLY, *options]
    assert train.main(arguments) == 0
    if not (folder / LEARNED_FROM).exists():
        tweets, parts = rows_of(folder)
        write_hashes(folder / LEARNED_FROM, text_hashes(tweets.texts[parts.train]))
    return folder


def rows_of(folder: Path):
    """The table of a run, and which row is in which part."""
    run = RunFolder(folder)
    tweets = read_tweets(run.source())
    return tweets, split(tweets, run.config())


def split_of(folder: Path) -> TestSplit:
    """The rows that a run was tested on."""
    tweets, parts = rows_of(folder)
    return TestSplit(np.asarray(tweets.texts[parts.test]), tweets.labels[parts.test])
