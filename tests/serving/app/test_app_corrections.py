"""What people correct under "This is wrong": text, answer and right label go to a CSV that a training takes."""

import csv
import threading

import pytest

from keras_pipeline import load_model, train
from serving.app.corrections import COLUMNS, add_correction
from serving.client.results import Prediction

ANSWER = Prediction.from_probabilities({"negative": 0.25, "positive": 0.75})
HARD = (
    "kb",
    'a "quoted", text',
    "two\nlines\r\nold\rMac",
    "أنا أحب هذا",
    "half \ud83d of a pair",
    "\0",
)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_is_kept_on_the_page(two_versions, page, tmp_path):
    shown = page(two_versions.address).type("kb")
    assert shown.box("It should be").options == ["negative", "neutral"]
    shown.choose("It should be", "neutral").click("Keep this correction")
    assert "Kept: 1 correction in data/corrections.csv" in shown.words
    (row,) = rows(tmp_path / "data" / "corrections.csv")
    assert {name: row[name] for name in ("text", "sentiment", "answer", "score", "asked")} == {
        "text": "kb", "sentiment": "neutral", "answer": "positive", "score": "0.7520",
        "asked": "version 2, the newest",
    }  # fmt: skip
    assert "keras_pipeline.train --data data/corrections.csv" in shown.app.code[0].value
    shown.click("Keep this correction")
    assert "Kept: 2 corrections" in shown.words


def test_nothing_is_kept_before_a_label_is_chosen(two_versions, page, tmp_path):
    shown = page(two_versions.address).type("kb")
    assert next(one for one in shown.app.button if one.label == "Keep this correction").disabled
    assert not (tmp_path / "data").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(two_versions, page, tmp_path):
    (tmp_path / "mine.csv").write_text("my,own\n1,2\n")
    shown = page(two_versions.address, "--corrections=mine.csv").type("kb")
    shown.choose("It should be", "neutral").click("Keep this correction")
    (sentence,) = shown.errors
    assert "must have the columns text, sentiment" in sentence
    assert (tmp_path / "mine.csv").read_text() == "my,own\n1,2\n"


def test_any_text_comes_back_as_it_was(tmp_path):
    path = tmp_path / "deep" / "corrections.csv"
    for count, text in enumerate(HARD, 1):
        assert add_correction(path, text, "negative", ANSWER, "version 1") == count
    wanted = [text.replace("\ud83d", "\ufffd") for text in HARD]
    assert [row["text"] for row in rows(path)] == wanted
    assert tuple(rows(path)[0]) == COLUMNS


def test_many_people_at_once(tmp_path):
    path = tmp_path / "corrections.csv"

    def add(name):
        for number in range(20):
            add_correction(path, f"{name} {number}\n", "negative", ANSWER, "version 1")

    threads = [threading.Thread(target=add, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row["text"] for row in rows(path)}) == 160


@pytest.mark.slow
def test_a_training_takes_it(tmp_path, tiny_options, sample_csv):
    """Beside the table that it was made of: a text that was wrong is learned."""
    path = tmp_path / "corrections.csv"
    for number in range(40):
        right = ("negative", "neutral", "positive")[number % 3]
        # Cleaned texts that are alike are one text.
        text = f"zorbly {right[:4]} {chr(97 + number % 26)}{chr(97 + number // 26)}x thing"
        add_correction(path, text, right, ANSWER, "version 1")
    given = [word for word in tiny_options if word not in ("--data", str(sample_csv))]
    run = tmp_path / "run"
    words = [*given, "--data", str(sample_csv), str(path), "--output", str(run), "--server", "none"]
    assert train.main(words) == 0
    assert "zorbly" in load_model(run).vectorizer.get_vocabulary()
