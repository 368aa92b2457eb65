"""The tweets that are measured with are real, and the same in every run."""

import csv

import numpy as np
import pandas as pd

from benchmarks.shared.workload import (
    batches_of,
    data_options,
    smaller_table,
    texts_of_length,
    write_many_rows,
)
from keras_pipeline.data_source import find_source
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.table.dataset import read_tweets


def test_a_smaller_table_keeps_columns_shares_and_order(tmp_path):
    whole = tmp_path / "whole.csv"
    rows = pd.DataFrame({
        "textID": range(300),
        "text": [f"text {n}, with a comma" for n in range(300)],
        "selected_text": ["part"] * 300,
        "sentiment": [SENTIMENTS[n % 3] if n < 150 else "neutral" for n in range(300)],
    })  # fmt: skip
    rows.to_csv(whole, index=False, encoding="latin-1")
    source = find_source(whole, encoding="latin-1")
    smaller = smaller_table(source, 60, tmp_path / "smaller.csv")
    drawn = pd.read_csv(smaller.path)
    assert list(drawn.columns) == list(rows.columns)
    assert drawn["sentiment"].value_counts().to_dict() == {
        "neutral": 40,
        "negative": 10,
        "positive": 10,
    }
    assert drawn["textID"].is_monotonic_increasing
    assert data_options(smaller) == [f"--data={smaller.path}", "--encoding=utf-8"]
    assert data_options(source)[1] == "--encoding=latin-1"
    assert smaller_table(source, 300, tmp_path / "unwritten.csv") is source


def test_many_rows_are_real_tweets_without_twins(sample_csv, tmp_path):
    tweets = read_tweets(find_source(sample_csv))
    to = tmp_path / "many.csv"
    write_many_rows(tweets, SENTIMENTS, 500, to)
    grown = read_tweets(find_source(to))
    assert len(grown.texts) == len(set(grown.twins.tolist())) == 500
    label_of = dict(zip(tweets.texts, tweets.labels, strict=True))
    with to.open(newline="") as file:
        for line in csv.DictReader(file):
            original = line["text"].rsplit(" ", 3)[0]
            assert SENTIMENTS[label_of[original]] == line["sentiment"]


def test_texts_of_a_length_have_it():
    pool = np.array(["one two three", "four"], dtype=object)
    for words in (1, 4, 9):
        assert {len(text.split()) for text in texts_of_length(pool, words, 5)} == {words}


def test_batches_are_the_same_in_every_run():
    pool = np.array(list("abcdefgh"), dtype=object)
    assert batches_of(pool, 3, 2) == batches_of(pool, 3, 2)
    assert [len(batch) for batch in batches_of(pool, 20, 2)] == [20, 20]
