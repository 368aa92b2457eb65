"""One raw tweet, answered in this process."""

from benchmarks.shared.bench import Bench, missing_contenders, say
from benchmarks.shared.results import NOTEBOOK, PRODUCT_KERAS, Row, Section
from benchmarks.shared.turns import take_turns
from benchmarks.shared.workload import batches_of

_BURST = 10
"""Calls of one turn: a caller asks again and again, so caches are warm."""
_BURST_S = 0.25
"""A slow contender's turn ends earlier, so that all of them get many turns."""


def measure(bench: Bench) -> Section:
    """Median and 99th percentile of single calls, raw tweet to NumPy probabilities."""
    calls = {
        **bench.contenders,
        PRODUCT_KERAS: lambda texts: bench.model(texts).numpy(),
    }
    say("latency: one tweet")
    times = take_turns(
        calls,
        batches_of(bench.speed_texts, 1, bench.plan.call_rounds * _BURST),
        bench.plan,
        burst=_BURST,
        burst_s=_BURST_S,
        budgets=2,
    )
    return Section(
        name="latency",
        title="One tweet in process",
        rows=[
            *(Row.time("one tweet, p50", who, seconds, "ms") for who, seconds in times.items()),
            *(Row.tail("one tweet, p99", who, seconds, "ms") for who, seconds in times.items()),
            *missing_contenders(calls, "one tweet, p50", "ms"),
        ],
        baseline=NOTEBOOK,
        notes=(
            (
                "Raw tweet of the test part in, NumPy probabilities out; contenders in turns of "
                f"{_BURST} calls or {_BURST_S} s, each call timed by itself. Spread: quartiles of the calls."
            ),
            "The networks of the notebook's way have random weights: speed does not depend on them.",
        ),
    )
