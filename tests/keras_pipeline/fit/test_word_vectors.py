"""Word vectors: GloVe, word2vec and fastText text files, plain or packed, read without loading them whole."""

import gzip
import tracemalloc

import numpy as np
import pytest

from keras_pipeline import train
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.fit.fitting import fit
from keras_pipeline.fit.words.word_vectors import SCALE, read_word_vectors
from keras_pipeline.table.training_rows import TextRows

VOCABULARY = ["", "[UNK]", "good", "bad", "zany"]
GLOVE = "the 1 2 3\ngood 4 5 6\nbad -1 0.5 2e-1\n"
FORMATS = {
    "GloVe": GLOVE.encode(),
    "word2vec, trailing spaces": f"3 3\n{GLOVE}".replace("\n", " \n").encode(),
    "gzip": gzip.compress(GLOVE.encode()),
    "an entry of several words": f"{GLOVE}zany at home 7 8 9\n".encode(),
    "a word twice": f"{GLOVE}good 9 9 9\n".encode(),
    "bytes of other words that are no UTF-8": b"\xff\xfe 7 8 9\n" + GLOVE.encode(),
    "an empty line": f"\n{GLOVE}\n".encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name, tmp_path):
    (tmp_path / "words").write_bytes(FORMATS[name])
    words = read_word_vectors(tmp_path / "words", VOCABULARY)
    assert words.found(VOCABULARY).tolist() == [False, False, True, True, False]
    for word, vector in {"good": [4, 5, 6], "bad": [-1, 0.5, 0.2]}.items():
        np.testing.assert_allclose(words.vectors[words.rows[word]], vector)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must hold vectors of words in the vocabulary. Received: none of 5 words is in it"),
        (b"other 1 2\n", "Received: none of 5 words is in it"),
        (b"the 1 2\ngood 1\n", "Received: 1 fields, '1', in line 2"),
        (b"good 1 x\n", "with 2 numbers behind it (GloVe, word2vec or fastText text format). Received: 2 fields, '1 x'"),
        (b"good 1 nan\n", "Received: 2 fields, '1 nan', in line 1"),
        # Named: its bytes hold the time, and workers must agree on the name of a test.
        pytest.param(
            gzip.compress(GLOVE.encode())[:-12], "Received: embeddings=", id="a packed file cut short"
        ),
    ],
)  # fmt: skip
def test_other_files_get_one_sentence(content, words, tmp_path):
    (tmp_path / "words").write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_word_vectors(tmp_path / "words", VOCABULARY)
    assert words in str(caught.value)


def test_a_damaged_packed_file_gets_one_sentence_wherever_the_damage_is(tmp_path):
    """Each byte in turn: the header, the packed text, its checksum. What does no harm may be read."""
    path = tmp_path / "words.gz"
    packed = gzip.compress(GLOVE.encode() * 20, mtime=0)
    refused = 0
    for position in range(2, len(packed)):
        path.write_bytes(
            packed[:position] + bytes([packed[position] ^ 0xFF]) + packed[position + 1 :]
        )
        try:
            assert read_word_vectors(path, VOCABULARY).rows == {"good": 0, "bad": 1}
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 (no error is right, too)
            refused += 1
    assert refused > len(packed) / 2


def test_a_large_file_is_read_line_by_line(tmp_path):
    """40 MB of vectors, of which two are wanted, take a few megabytes."""
    line = b" ".join([b"0.12345"] * 300)
    with (tmp_path / "words").open("wb") as file:
        for number in range(16_000):
            file.write(b"word%d %b\n" % (number, line))
        file.write(b"good %b\nbad %b\n" % (line, line))
    tracemalloc.start()
    words = read_word_vectors(tmp_path / "words", VOCABULARY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(words.rows) == {"good", "bad"}
    assert peak < 4e6


def test_the_table_keeps_what_matters_of_longer_vectors(tmp_path):
    """Vectors that vary in two of six directions keep all their distances in a table of two columns."""
    draw = np.random.default_rng(0)
    vocabulary = [f"w{number}" for number in range(50)]
    vectors = draw.normal(size=(49, 2)) @ draw.normal(size=(2, 6)) + 5
    lines = (
        f"{word} {' '.join(map(str, row))}\n"
        for word, row in zip(vocabulary, vectors, strict=False)
    )
    (tmp_path / "words").write_text("".join(lines))
    table = read_word_vectors(tmp_path / "words", vocabulary).table(vocabulary, 2, seed=1)
    assert (table.shape, table.dtype) == ((50, 2), np.float32)
    assert np.sqrt(np.mean(table[:49] ** 2)) == pytest.approx(SCALE)
    assert np.abs(table[49]).max() < SCALE / 2, "a word that the file lacks starts near nothing"
    wide, narrow = (np.linalg.norm(rows[:, None] - rows, axis=2) for rows in (vectors, table[:49]))
    np.testing.assert_allclose(narrow / narrow.max(), wide / wide.max(), atol=1e-5)


def test_training_begins_with_them_and_tells_their_coverage(tiny_options, tmp_path, capsys):
    words = tmp_path / "words.vec"
    words.write_text(
        "".join(f"{word} {n} 1 2 3 4 5 6 7\n" for n, word in enumerate(["the", "i", "so"]))
    )
    run = tmp_path / "run"
    options = [*tiny_options, "--embeddings", str(words), "--no-export", "--output", str(run)]
    assert train.main(options) == 0
    assert "Word vectors: 3 of " in capsys.readouterr().out


def test_a_word_with_a_vector_is_known_however_rare(tmp_path):
    """`odd` came up once, too, and has none: it is unknown."""
    (tmp_path / "words.vec").write_text("zany 1 2\nnever 3 4\n")
    texts = np.array(["so good so zany", "so good so odd"], object)
    rows = TextRows(texts, np.eye(3, dtype=np.float32)[:2], np.ones(2, np.float32))
    config = TrainConfig(embedding_dim=2, lstm_units=2, dense_units=2, epochs=1)
    files = {"checkpoint": tmp_path / "run.npz", "embeddings": tmp_path / "words.vec"}
    words = fit(rows, rows, config, **files).model.vectorizer.get_vocabulary()
    assert words == ["", "[UNK]", "so", "good", "zany"]


@pytest.mark.parametrize(
    ("dimensions", "words"),
    [
        ("9", "`embedding_dim` must be at most 2, the length of the vectors in the file. Received: embedding_dim=9"),
        ("2", "(no such file)"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_ends_with_exit_code_2(
    dimensions, words, tiny_options, tmp_path, capsys
):
    file = tmp_path / "words.vec"
    if "most" in words:
        file.write_text("the 1 2\ni 3 4\n")
    options = [*tiny_options, "--embedding-dim", dimensions, "--embeddings", str(file)]
    assert train.main([*options, "--no-export", "--output", str(tmp_path / "run")]) == 2
    assert words in capsys.readouterr().err
