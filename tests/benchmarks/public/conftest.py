"""TweetEval and UMSAB as they lie on a disk, made up: nobody may need the real ones for a test."""

import csv
from pathlib import Path

import pytest

from benchmarks.public.tables import NAMES, STANCES, UMSAB

LABELS = {
    "emoji": tuple(f"sign_{letter}" for letter in "abcdefghijklmnopqrst"),
    "emotion": ("anger", "joy", "optimism", "sadness"),
    "hate": ("hate", "not_hate"),
    "irony": ("irony", "not_irony"),
    "offensive": ("not_offensive", "offensive"),
    **dict.fromkeys(STANCES, ("against", "favor", "none")),
    UMSAB: ("negative", "neutral", "positive"),
}
LANGUAGES = ("arabic", "english")


def write_part(path: Path, labels: tuple[str, ...], rows: int, languages: tuple[str, ...]) -> None:
    """`rows` rows of each class and language; a class is told by two words of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", *(["language"] if languages else [])])
        for row in range(rows):
            for label in labels:
                for language in languages or ("",):
                    text = f"word{label} so {label}{label} number {'abcdefghij'[row % 10] * (1 + row // 10)}"
                    writer.writerow([text, label, *([language] if language else [])])


@pytest.fixture(scope="session")
def made_up_tables(tmp_path_factory) -> Path:
    """A folder with all eleven, each of 12 rows a class to learn from and 2 to score."""
    folder = tmp_path_factory.mktemp("tables")
    for name in NAMES:
        stem, languages = (f"{UMSAB}/", LANGUAGES) if name == UMSAB else (f"tweeteval/{name}-", ())
        for part, rows in (("train", 12), ("val", 2)):
            write_part(folder / f"{stem}{part}.csv", LABELS[name], rows, languages)
    return folder
