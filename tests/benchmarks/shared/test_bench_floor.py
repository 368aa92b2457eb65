"""The arithmetic floor: counted by hand, at rates that a machine can have."""

import numpy as np
import tensorflow as tf

from benchmarks.shared.floor import MachineRates, Work, count_work, measure_rates, work_of
from export.graph.classifier_weights import ClassifierWeights


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
