"""What a run learns from: labelled rows, opinions' spans, a teacher's answers; never a held-out tweet."""

import numpy as np
import pandas as pd
import pytest

from keras_pipeline import TrainConfig, train
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.soft_labels import read_soft_labels
from keras_pipeline.table.splits import split
from keras_pipeline.table.training_rows import training_rows, validation_rows

NAMES = ("negative", "neutral", "positive")
CONFIG = TrainConfig(class_weights=False, soft_weight=0.75, span_rows=True)


@pytest.fixture
def table(tmp_path):
    """90 rows: a text, its middle as the span, a label, an id."""
    rows = [
        {"textID": f"id{n}", "text": f"tweet {'abcdefghij'[n % 10]}{'klmnopqrs'[n // 10]} middle {NAMES[n % 3]} end",
         "selected_text": f"middle {'abcdefghij'[n % 10]}{'klmnopqrs'[n // 10]}", "sentiment": NAMES[n % 3]}
        for n in range(90)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    return DataSource(tmp_path / "table.csv")


def soft_file(source, rows):
    path = source.path.with_name("soft.csv")
    pd.DataFrame(rows).to_csv(path, index=False)
    return DataSource(source.path, soft_labels=path)


def read(source, config=CONFIG):
    tweets = read_tweets(source)
    splits = split(tweets, config)
    soft = read_soft_labels(source.soft_labels, source, SENTIMENTS) if source.soft_labels else None
    return tweets, splits, *training_rows(tweets, splits, config, soft)


def test_spans_of_opinions_are_further_rows(table):
    tweets, splits, rows, account = read(table)
    opinions = splits.train[tweets.labels[splits.train] != 1]
    assert account == [["further rows, opinions' spans", len(opinions)]]
    assert rows.texts[len(splits.train) :].tolist() == tweets.spans[opinions].tolist()
    assert (rows.targets[len(splits.train) :].argmax(1) == tweets.labels[opinions]).all()
    assert len(validation_rows(tweets, splits)) == len(splits.validation), "whole tweets only"


def test_without_the_setting_or_the_column_there_are_no_spans(table, sample_csv):
    config = TrainConfig(span_rows=False)
    _, splits, rows, account = read(table, config)
    assert (len(rows), account) == (len(splits.train), [])
    assert read_tweets(DataSource(sample_csv)).spans is None


def test_a_span_that_is_a_held_out_tweet_is_left_out(table):
    frame = pd.read_csv(table.path)
    tweets = read_tweets(table)
    splits = split(tweets, CONFIG)
    opinion = splits.train[tweets.labels[splits.train] != 1][0]
    frame.loc[opinion, "selected_text"] = f"@me {tweets.texts[splits.test[0]].upper()} http://x"
    frame.to_csv(table.path, index=False)
    assert frame["selected_text"][opinion] not in read(table)[2].texts


@pytest.mark.parametrize("by", ["text", "textID"])
def test_a_teachers_answers_are_mixed_into_the_labels(table, by):
    """By text or by id: target = 0.25 * label + 0.75 * teacher; other rows keep their label."""
    frame = pd.read_csv(table.path)
    taught = frame[by][::2]
    source = soft_file(table, {by: taught, "negative": 0.2, "neutral": 0.5, "positive": 0.3})
    tweets, splits, rows, account = read(source)
    for row, target in zip(splits.train, rows.targets, strict=False):
        hard = np.eye(3)[tweets.labels[row]]
        mixed = 0.25 * hard + 0.75 * np.array([0.2, 0.5, 0.3])
        np.testing.assert_allclose(target, mixed if row % 2 == 0 else hard, atol=1e-6)
    assert account[0] == ["rows with soft labels", sum(splits.train % 2 == 0)]


def test_texts_that_only_the_teacher_knows_are_further_rows(table):
    """Weighed as the soft part of a labelled row; none that stands in the table once cleaned."""
    held_out = read_tweets(table).texts[0].upper()
    texts = ["brand new tweet", "@you brand new TWEET", held_out, "x"]
    source = soft_file(table, {"text": texts, "negative": 0.1, "neutral": 0.0, "positive": 0.9})
    _, splits, rows, account = read(source)
    assert account[1] == ["further rows, soft labels only", 2]
    new = slice(len(splits.train), len(splits.train) + 2)
    assert rows.texts[new].tolist() == texts[:2]
    np.testing.assert_allclose(rows.weights[new], 0.75)
    np.testing.assert_allclose(rows.targets[new], [[0.1, 0, 0.9]] * 2, atol=1e-6)


def test_class_weights_hold_for_unlabelled_rows_by_expectation(table):
    frame = pd.read_csv(table.path).iloc[10:]
    frame.to_csv(table.path, index=False)
    source = soft_file(
        table, {"text": ["brand new"], "negative": 0.5, "neutral": 0, "positive": 0.5}
    )
    _, splits, rows, _ = read(source, TrainConfig(soft_weight=0.5))
    weights = splits.class_weights
    assert rows.weights[len(splits.train)] == pytest.approx(0.25 * (weights[0] + weights[2]))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"body": ["a"], "negative": 1}, "must have the columns negative, neutral, positive, and `text` or `textID`. Received columns: `body`, `negative`"),
        ({"text": ["a"], "negative": 0.5, "neutral": 0.1, "positive": 0.1}, "whose sum is 1. Received: 0.5, 0.1, 0.1 in row 1"),
        ({"text": ["a", "b"], "negative": [1, 2], "neutral": [0, -1], "positive": 0}, "Received: 2, -1, 0 in row 2"),
        ({"text": ["a"], "negative": "much", "neutral": 0, "positive": 0}, "Received: much, 0, 0 in row 1"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_probabilities_gets_one_sentence(table, rows, words):
    source = soft_file(table, rows)
    with pytest.raises(UserError) as caught:
        read_soft_labels(source.soft_labels, source, SENTIMENTS)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "rows", ["so, new,0.1,0.2,0.7\nso, old,0.1,0.2,0.7\n", "new,0.1,0.2,0.7,\n"]
)
def test_a_comma_too_many_in_every_row_is_told(table, rows):
    """Without quotes the text ends at its comma, and pandas takes what comes before for an index."""
    path = table.path.with_name("soft.csv")
    path.write_text(f"text,negative,neutral,positive\n{rows}")
    with pytest.raises(UserError) as caught:
        read_soft_labels(path, table, SENTIMENTS)
    assert str(caught.value) == (
        f"`{path}` must be a CSV with one header row. Received: rows of more cells than the header"
    )


def test_ids_need_a_table_with_ids(table):
    pd.read_csv(table.path).drop(columns="textID").to_csv(table.path, index=False)
    source = soft_file(table, {"textID": ["id1"], "negative": 1, "neutral": 0, "positive": 0})
    with pytest.raises(UserError, match="--id-column"):
        read(source)


@pytest.mark.slow
def test_a_run_learns_from_the_file_and_a_bad_one_makes_no_run(
    table, tiny_options, tmp_path, capsys
):
    source = soft_file(table, {"text": ["so new"], "negative": 1, "neutral": 0, "positive": 0})
    options = [*tiny_options, "--data", str(table.path), "--soft-labels", str(source.soft_labels)]
    assert train.main([*options, "--no-export", "--output", str(tmp_path / "run")]) == 0
    assert "further rows, soft labels only" in capsys.readouterr().out
    assert "soft labels only" in (tmp_path / "run" / "report.md").read_text()
    source.soft_labels.write_text("text,negative\n")
    assert train.main([*options, "--no-export", "--output", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other").exists()
