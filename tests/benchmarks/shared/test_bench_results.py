"""Rows: their statistics are those of others, and more is better of rates, less of times."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.shared.results import Row, Section, advantage, find_row

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(SAMPLES)
def test_medians_and_means_are_those_of_others(sample):
    found = Row.median("call", "us", sample, "ms")
    assert found.value == pytest.approx(statistics.median(sample), rel=1e-9, abs=1e-6)
    if len(sample) > 1:
        low, _, high = statistics.quantiles(sample, n=4, method="inclusive")
        assert [found.low, found.high] == pytest.approx([low, high], rel=1e-9, abs=1e-6)
    mean = Row.mean("F1", "us", sample, "score")
    assert mean.value == pytest.approx(np.mean(sample), rel=1e-9, abs=1e-6)
    if len(sample) > 1:
        assert mean.deviation == pytest.approx(np.std(sample, ddof=1), rel=1e-6, abs=1e-4)
    else:
        assert mean.deviation is None


def test_a_row_may_show_other_percentiles():
    found = Row.median("call", "us", list(range(101)), "ms", between=(10, 90))
    assert (found.low, found.value, found.high) == (10.0, 50.0, 90.0)


@pytest.mark.parametrize(("unit", "value"), [("s", 0.5), ("ms", 500.0), ("µs", 500_000.0)])
def test_seconds_are_told_in_a_unit_and_shared_by_the_things_that_took_them(unit, value):
    found = Row.time("a tweet", "us", [10.0, 5.0, 5.0], unit, things=10)
    assert (found.value, found.unit, found.samples) == (value, unit, 3)


def test_a_tail_is_what_one_call_in_a_hundred_exceeds():
    found = Row.tail("call, p99", "us", [n / 1e3 for n in range(101)], "ms")
    assert (found.value, found.samples) == (pytest.approx(99.0), 101)


def row(who, value, unit="ms", what="call", **more):
    return Row(what=what, who=who, value=value, unit=unit, **more)


@pytest.mark.parametrize(
    ("unit", "ours", "theirs", "expected"),
    [
        ("ms", 2.0, 6.0, 3.0),
        ("s", 6.0, 2.0, 1 / 3),
        ("MB", 50.0, 100.0, 2.0),
        ("tweets/s", 300.0, 100.0, 3.0),
        ("requests/s", 50.0, 100.0, 0.5),
        ("score", 0.72, 0.70, 0.02),
        ("nats", 0.65, 0.70, -0.05),
    ],
)
def test_more_is_better_of_rates_less_of_times_and_scores_differ(unit, ours, theirs, expected):
    assert advantage(row("a", ours, unit), row("b", theirs, unit)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "base", [row("b", 1.0, "s"), row("b", None, "ms")], ids=["other unit", "no value"]
)
def test_what_cannot_be_compared_is_refused(base):
    with pytest.raises(ValueError, match="Two figures of one unit"):
        advantage(row("a", 1.0, "ms"), base)


def test_rates_of_seconds():
    """Slow seconds are low rates: the quartiles change places."""
    found = Row.rate("batch", "us", [1.0, 2.0, 4.0], "tweets/s", 100)
    assert (found.low, found.value, found.high) == (37.5, 50.0, 75.0)
    assert found.samples == 3


def test_a_row_is_found_by_its_name_and_only_with_a_value():
    rows = [row("a", 1.0), row("b", None)]
    sections = [Section(name="latency", title="Calls", rows=rows)]
    assert find_row(sections, "latency", "call", "a").value == 1.0
    assert find_row(sections, "latency", "call", "b") is None
    assert find_row(sections, "latency", "other", "a") is None
    assert find_row(sections, "quality", "call", "a") is None
