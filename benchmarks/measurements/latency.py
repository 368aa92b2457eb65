"""One raw tweet, answered in this process."""

from benchmarks.shared.bench import Bench, contenders, missing_contenders, say
from benchmarks.shared.results import NOTEBOOK, PRODUCT_KERAS, Row, Section, median_row, percentile
from benchmarks.shared.turns import take_turns
from benchmarks.shared.workload import batches_of

_BURST = 10
"""Calls of one turn: a caller asks again and again, so caches are warm."""
_BURST_S = 0.25
"""A slow contender's turn ends earlier, so that all of them get many turns."""


def measure(bench: Bench) -> Section:
    """Median and 99th percentile of single calls, raw tweet to NumPy probabilities."""
    calls = {
        **contenders(bench),
        PRODUCT_KERAS: lambda texts: bench.model(texts).numpy(),
    }
    say("latency: one tweet")
    rounds = bench.plan.call_rounds
    times = take_turns(
        calls,
        batches_of(bench.speed_texts, 1, rounds * _BURST),
        rounds=rounds,
        burst=_BURST,
        burst_s=_BURST_S,
        budget_s=2 * bench.plan.call_budget_s,
        least_rounds=bench.plan.least_rounds,
    )
    samples = {name: [second * 1e3 for second in seconds] for name, seconds in times.items()}
    medians = [median_row("one tweet, p50", name, ms, "ms") for name, ms in samples.items()]
    tails = [
        Row(
            what="one tweet, p99",
            who=name,
            value=percentile(ms, 99),
            unit="ms",
            samples=len(ms),
        )
        for name, ms in samples.items()
    ]
    return Section(
        name="latency",
        title="One tweet in process",
        rows=[*medians, *tails, *missing_contenders(calls, "one tweet, p50", "ms")],
        baseline=NOTEBOOK,
        notes=(
            (
                "Raw tweet of the test part in, NumPy probabilities out; contenders in turns of "
                f"{_BURST} calls or {_BURST_S} s, each call timed by itself. Spread: quartiles of the calls."
            ),
            "The networks of the notebook's way have random weights: speed does not depend on them.",
        ),
    )
