"""Texts without a label: whatever file people have, each text once, and none of the table's."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_pipeline import train
from keras_pipeline.data_source import find_source
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.training_rows import answered_rows, mixed_with
from keras_pipeline.table.unlabelled import read_unlabelled

TABLE = "text,sentiment\nI love it,positive\nso sad,negative\nit is Monday,neutral\n"


def source_of(tmp_path, *files):
    (tmp_path / "table.csv").write_text(TABLE)
    return find_source(tmp_path / "table.csv", unlabelled_paths=files)


def unlabelled_of(tmp_path, *files):
    source = source_of(tmp_path, *files)
    return read_unlabelled(source, read_tweets(source))


def test_each_text_once_and_none_that_reads_like_one_of_the_table(tmp_path):
    """Once cleaned: `I LOVE it` with a link may be a test row's twin, and must not come to be learned from."""
    file = tmp_path / "more.csv"
    file.write_text(
        "text\nI LOVE  it http://t.co/x\nwhat a day\n\nno\nwhat a day\nWhat a day http://t.co/x\nrain\n"
    )
    assert unlabelled_of(tmp_path, file).tolist() == ["what a day", "rain"]


def test_several_files_of_any_kind_labels_or_not(tmp_path):
    """The readers are those of the table; a column of labels is not looked at."""
    (tmp_path / "a.jsonl").write_text('{"tweet": "one more day"}\n{"tweet": "and another"}\n')
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"id;text;sentiment\n1;third, of them;joy\n"))
    texts = unlabelled_of(tmp_path, tmp_path / "a.jsonl", tmp_path / "b.csv.gz")
    assert texts.tolist() == ["one more day", "and another", "third, of them"]


def test_no_files_no_texts(tmp_path):
    assert unlabelled_of(tmp_path) is None


def test_a_file_without_the_column_gets_one_sentence(tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("words,sentiment\nwhat a day,neutral\n")
    with pytest.raises(UserError) as caught:
        unlabelled_of(tmp_path, file)
    assert str(caught.value) == (
        f"`{file}` must have the column `text` (--text-column). Received columns: `words`, `sentiment`"
    )


def test_a_file_that_brings_nothing_gets_one_sentence(tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("text\nso sad\nI love it\n")
    with pytest.raises(UserError) as caught:
        unlabelled_of(tmp_path, file)
    assert str(caught.value) == (
        "`--unlabelled` must hold texts that the table has not. "
        f"Received: 2 rows, none of them usable, in {file}"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--unlabelled", "more.csv"),
            (
                "`--unlabelled` needs networks that tell what the texts mean; name how many by --distill, such as "
                "--distill 4. Received: unlabelled=more.csv, distill=0"
            ),
        ),
        (
            ("--unlabelled", "gone.csv", "--distill", "2"),
            "`unlabelled` must be a CSV file. Received: unlabelled=gone.csv (no such file)",
        ),
        (
            ("--distill", "-1"),
            "`distill` must be at least 0. Received: distill=-1",
        ),
        (
            ("--distill", "2", "--backend", "jax", "--hosts", "a:1,b:1", "--host-index", "0"),
            (
                "`--hosts` train one network together, and `--distill` needs several; leave one out. "
                "Received: hosts=a:1,b:1, distill=2"
            ),
        ),
    ],
)
def test_refused_before_anything_is_made(tmp_path, monkeypatch, capsys, options, sentence):
    """In seconds, with one sentence and exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "more.csv").write_text("text\nwhat a day\n")
    assert train.main(["--data", "table.csv", *options]) == 2
    assert capsys.readouterr().err == f"error: {sentence}\n"
    assert not (tmp_path / "runs").exists()


@given(st.integers(2, 5), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_a_mixed_target_is_a_distribution_and_its_loss_the_mix_of_the_losses(classes, share, seed):
    """So that one cross-entropy over mixed targets learns from labels and answers at once."""
    draw = np.random.default_rng(seed)
    labels = np.eye(classes, dtype=np.float32)[draw.integers(0, classes, 7)]
    answers, said = (draw.dirichlet(np.ones(classes), 7).astype(np.float32) for _ in range(2))
    mixed = mixed_with(labels, answers, share)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-5)

    def loss(targets):
        return -(targets * np.log(said + 1e-6)).sum()

    np.testing.assert_allclose(
        loss(mixed), (1 - share) * loss(labels) + share * loss(answers), rtol=1e-3
    )


def test_a_text_without_a_label_weighs_the_soft_part_of_one_with(tmp_path):
    """`share` of what a row of the answered class weighs."""
    answers = np.array([[1, 0], [0.5, 0.5]], np.float32)
    rows = answered_rows(np.array(["a", "b"], object), answers, np.float32([2, 4]), 0.5)
    np.testing.assert_allclose(rows.weights, [1, 1.5])
