"""Contenders take turns, so that a slow moment of the machine meets all of them."""

import dataclasses

import numpy as np

from benchmarks.options import QUICK
from benchmarks.shared.turns import take_turns


def plan(rounds, **sizes):
    return dataclasses.replace(QUICK, call_rounds=rounds, **{"call_budget_s": 60.0, **sizes})


def recorded(count):
    """Contenders that write down who was called with what."""
    log = []
    names = [f"c{n}" for n in range(count)]
    return log, {name: lambda batch, name=name: log.append((name, batch[0])) for name in names}


def test_contenders_take_turns_on_the_same_batches_in_another_order_each_time():
    log, contenders = recorded(3)
    batches = [[letter] for letter in "abcd"]
    times = take_turns(contenders, batches, plan(3), burst=2)
    timed = log[6:]  # behind two calls each to warm up
    order = [name for name, _ in timed[::2]]
    assert order == ["c0", "c1", "c2", "c1", "c2", "c0", "c2", "c0", "c1"]
    for name in contenders:
        assert [batch for who, batch in timed if who == name] == list("abcdab")
    assert {name: len(seconds) for name, seconds in times.items()} == dict.fromkeys(contenders, 6)


def test_a_spent_budget_ends_the_turns_but_not_before_everyone_had_a_few():
    _, contenders = recorded(2)
    times = take_turns(contenders, [["a"]], plan(1000, call_budget_s=0.0, least_rounds=3))
    assert [len(seconds) for seconds in times.values()] == [3, 3]


def test_a_slow_contenders_turn_ends_early():
    _, contenders = recorded(1)
    times = take_turns(contenders, [["a"]], plan(4), burst=10, burst_s=0.0)
    assert len(times["c0"]) == 4


def test_several_clocks_may_run_at_once():
    _, contenders = recorded(1)
    ticks = iter(range(100))
    times = take_turns(contenders, [["a"]], plan(2), clock=lambda: np.array([next(ticks), 7]))
    assert np.array(times["c0"]).tolist() == [[1, 0], [1, 0]]
