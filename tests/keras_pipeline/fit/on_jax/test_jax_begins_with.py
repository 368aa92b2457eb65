"""What a run on JAX begins with is what it was given: vectors of words from a file, then that run's own weights."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_pipeline import load_model, train
from keras_pipeline.fit.words.word_vectors import read_word_vectors

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[4] / "data" / "sample.csv"
# Steps of next to nothing: what is learned is what it began with.
OPTIONS = (
    "--backend", "jax", "--epochs", "1", "--learning-rate", "1e-9", "--no-export", "--no-word-scores",
    "--sequence-length", "8",
)  # fmt: skip
SIZES = ("--embedding-dim", "8", "--lstm-units", "4", "--dense-units", "8")
SEED = 42


@pytest.fixture(scope="module")
def vectors_txt(tmp_path_factory):
    """Ten numbers each of some words, in GloVe's manner."""
    draw = np.random.default_rng(0)
    words = ("love", "so", "the", "my", "sad", "happy", "day", "a", "i", "to", "of", "it", "and")
    lines = [f"{word} {' '.join(f'{x:.3f}' for x in draw.normal(size=10))}\n" for word in words]
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def with_vectors(vectors_txt, tmp_path_factory):
    """A run of three classes that began with the vectors."""
    run = tmp_path_factory.mktemp("with_vectors") / "run"
    options = (*OPTIONS, *SIZES, "--data", str(SAMPLE), "--embeddings", str(vectors_txt))
    assert train.main([*options, "--output", str(run)]) == 0
    return run


def test_word_vectors_are_where_training_begins(with_vectors, vectors_txt):
    model = load_model(with_vectors)
    words = model.vectorizer.get_vocabulary()
    vectors = read_word_vectors(vectors_txt, words)
    assert vectors.found(words).sum() > 8
    table = model.classifier.get_layer("embedding").get_weights()[0]
    np.testing.assert_allclose(table, vectors.table(words, 8, SEED), atol=1e-6)


def test_a_run_goes_on_in_16_bits_from_a_trained_one_with_other_labels(with_vectors, tmp_path):
    """Twenty of them, and soft labels: all but the last layer is the other run's."""
    names = [f"{letter}olimo" for letter in "abcdefghijklmnopqrst"]
    words = ("so", "my", "love", "happy", "it")
    texts = [f"{word} {name} of the day" for name in names for word in words]
    labels = np.repeat(names, 5)
    table, teacher, run = tmp_path / "table.csv", tmp_path / "teacher.csv", tmp_path / "run"
    pd.DataFrame({"text": texts, "sentiment": labels}).to_csv(table, index=False)
    pd.DataFrame({"text": texts, **dict.fromkeys(names, 0.05)}).to_csv(teacher, index=False)
    options = (*OPTIONS, "--data", str(table), "--soft-labels", str(teacher), "--mixed-precision")
    assert train.main([*options, "--start-from", str(with_vectors), "--output", str(run)]) == 0
    old, new = load_model(with_vectors), load_model(run)
    assert new.labels == tuple(names)
    assert new.vectorizer.get_vocabulary() == old.vectorizer.get_vocabulary()
    for layer in ("embedding", "bilstm", "dense"):
        pairs = zip(
            new.classifier.get_layer(layer).get_weights(),
            old.classifier.get_layer(layer).get_weights(),
            strict=True,
        )
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
