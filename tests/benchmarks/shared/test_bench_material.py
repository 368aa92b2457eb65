"""Turns, tables, floors and child processes: what every measurement stands on."""

import csv

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from benchmarks.measurements.growth import further_row_us
from benchmarks.shared.floor import MachineRates, Work, count_work, measure_rates, work_of
from benchmarks.shared.machine import ProcessorTimes, describe_machine, processor_times
from benchmarks.shared.processes import BenchError, run_module
from benchmarks.shared.turns import take_turns
from benchmarks.shared.workload import (
    batches_of,
    data_options,
    smaller_table,
    texts_of_length,
    write_many_rows,
)
from export.graph.classifier_weights import ClassifierWeights
from export.signatures import LABELS
from keras_pipeline.data_source import find_source
from keras_pipeline.table.dataset import read_tweets


def recorded(count):
    """Contenders that write down who was called with what."""
    log = []
    names = [f"c{n}" for n in range(count)]
    return log, {name: lambda batch, name=name: log.append((name, batch[0])) for name in names}


def test_contenders_take_turns_on_the_same_batches_in_another_order_each_time():
    log, contenders = recorded(3)
    batches = [[letter] for letter in "abcd"]
    times = take_turns(contenders, batches, rounds=3, burst=2)
    timed = log[6:]  # behind two calls each to warm up
    order = [name for name, _ in timed[::2]]
    assert order == ["c0", "c1", "c2", "c1", "c2", "c0", "c2", "c0", "c1"]
    for name in contenders:
        assert [batch for who, batch in timed if who == name] == list("abcdab")
    assert {name: len(seconds) for name, seconds in times.items()} == dict.fromkeys(contenders, 6)


def test_a_spent_budget_ends_the_turns_but_not_before_everyone_had_a_few():
    _, contenders = recorded(2)
    times = take_turns(contenders, [["a"]], rounds=1000, budget_s=0.0, least_rounds=3)
    assert [len(seconds) for seconds in times.values()] == [3, 3]


def test_a_slow_contenders_turn_ends_early():
    _, contenders = recorded(1)
    times = take_turns(contenders, [["a"]], rounds=4, burst=10, burst_s=0.0)
    assert len(times["c0"]) == 4


def test_a_smaller_table_keeps_columns_shares_and_order(tmp_path):
    whole = tmp_path / "whole.csv"
    rows = pd.DataFrame({
        "textID": range(300),
        "text": [f"text {n}, with a comma" for n in range(300)],
        "selected_text": ["part"] * 300,
        "sentiment": [LABELS[n % 3] if n < 150 else "neutral" for n in range(300)],
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
    write_many_rows(tweets, LABELS, 500, to)
    grown = read_tweets(find_source(to))
    assert len(grown.texts) == len(set(grown.twins.tolist())) == 500
    label_of = dict(zip(tweets.texts, tweets.labels, strict=True))
    with to.open(newline="") as file:
        for line in csv.DictReader(file):
            original = line["text"].rsplit(" ", 3)[0]
            assert LABELS[label_of[original]] == line["sentiment"]


def test_texts_of_a_length_have_it():
    pool = np.array(["one two three", "four"], dtype=object)
    for words in (1, 4, 9):
        assert {len(text.split()) for text in texts_of_length(pool, words, 5)} == {words}


def test_batches_are_the_same_in_every_run():
    pool = np.array(list("abcdefgh"), dtype=object)
    assert batches_of(pool, 3, 2) == batches_of(pool, 3, 2)
    assert [len(batch) for batch in batches_of(pool, 20, 2)] == [20, 20]


class TinyWeights:
    """The shapes of a classifier: embedding 5, 2 units, pooled 8, hidden 4, 3 classes."""

    embedding = np.zeros((10, 5))
    forward = type("Lstm", (), {"units": 2})
    hidden = (np.zeros((8, 4)), np.zeros(4))
    output = (np.zeros((4, 3)), np.zeros(3))


def test_work_is_counted_by_hand():
    """6 tweets, 20 steps, 7 words: a state's half a step, an input's half a word, dense a tweet."""
    work = work_of(TinyWeights, rows=6, steps=20, words=7)
    state, inputs, dense = 2 * 8, 5 * 8, 8 * 4 + 4 * 3
    assert work.flops == 2 * (2 * 20 * state + 2 * 7 * inputs) + 2 * 6 * dense
    assert work.bytes == 4 * (2 * (5 + 2) * 8 + dense + 7 * 5) + 8 * 20


def test_work_counts_words_and_not_padding(tiny_model):
    weights = ClassifierWeights(tiny_model.classifier)
    ids = tf.constant([[5, 6, 0, 0], [5, 7, 8, 5]], tf.int64)
    assert count_work(weights, ids) == work_of(weights, rows=2, steps=6, words=4)


def test_the_floor_is_the_longer_of_operations_and_bytes():
    rates = MachineRates(flops=100.0, bytes=10.0)
    assert Work(flops=200.0, bytes=10.0).least_seconds(rates) == 2.0
    assert Work(flops=200.0, bytes=50.0).least_seconds(rates) == 5.0


def test_the_machines_rates_are_plausible():
    """Any machine of this century: 1 Gflop/s to 1 Pflop/s, 0.1 GB/s to 100 TB/s."""
    rates = measure_rates()
    assert 1e9 < rates.flops < 1e15
    assert 1e8 < rates.bytes < 1e14


def test_a_child_tells_its_time_its_memory_and_its_words(tmp_path):
    (tmp_path / "log").touch()
    done = run_module(["this"], tmp_path / "log")
    assert "Beautiful is better than ugly." in done.output
    assert done.seconds > 0
    assert 5e6 < done.peak_bytes < 500e6  # of this small child, not of the process that asks


def test_a_failed_child_is_one_sentence_with_its_last_words(tmp_path):
    with pytest.raises(BenchError) as caught:
        run_module(["benchmarks", "--only=nothing"], tmp_path / "log")
    assert str(caught.value).startswith("`benchmarks` ended with exit code 2: ")
    assert "Received: 'nothing'" in str(caught.value)
    assert str(tmp_path / "log") in str(caught.value)


def test_time_of_a_further_row_leaves_the_start_out():
    assert further_row_us([25, 100, 400], [12.5, 20.0, 50.0]) == pytest.approx([1e5, 1e5])


def test_idle_time_is_not_wanted_time(tmp_path):
    """Fields: user nice system idle iowait irq softirq steal guest guest_nice."""
    (tmp_path / "stat").write_text("cpu  10 1 4 900 50 0 5 20 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    assert processor_times(tmp_path / "stat") == ProcessorTimes(wanted=40, stolen=20)
    assert processor_times(tmp_path / "none") == ProcessorTimes(0, 0)


def test_the_machine_is_told_from_the_machine():
    found = describe_machine((1.0, 2.0, 3.0))
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0.1
    assert found["cpu"]
    assert found["packages"]["tensorflow"] == tf.__version__
    assert found["load_average"] == [1.0, 2.0, 3.0]
