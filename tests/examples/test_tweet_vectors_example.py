"""examples/teacher/tweet_vectors.py: word vectors from tweets alone, without a teacher."""

import subprocess
import sys
from pathlib import Path

import pytest

from keras_pipeline.fit.words.word_vectors import read_word_vectors

SCRIPT = Path(__file__).parents[2] / "examples/teacher/tweet_vectors.py"

pytestmark = pytest.mark.slow


def test_the_vectors_are_of_the_graphs_words_and_two_runs_give_the_same(sample_csv, tmp_path):
    """Words as the cleaner leaves them, none of the test part; one thread is reproducible."""
    pytest.importorskip("fasttext", reason="pip install '.[bench]' brings fastText")
    written = []
    for name in ("first.vec", "second.vec"):
        command = [
            sys.executable,
            SCRIPT,
            "--data",
            sample_csv,
            "--dimensions",
            "8",
            "--epochs",
            "1",
        ]
        done = subprocess.run(
            [*command, "--out", tmp_path / name], check=True, capture_output=True, text=True
        )
        assert "words of 52 tweets" in done.stdout, "66 rows, 14 of them the test part"
        written.append((tmp_path / name).read_text())
    assert written[0] == written[1]
    vectors = read_word_vectors(tmp_path / "first.vec", ["love", "!", "no-such-word"])
    assert set(vectors.rows) == {"love", "!"}
    assert vectors.vectors.shape == (2, 8)
