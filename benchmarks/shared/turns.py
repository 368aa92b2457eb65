"""Time contenders in turns, A B C B C A C A B: a slow moment of the machine meets all of them."""

import gc
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

from benchmarks.options import Plan

Call = Callable[[list[str]], Any]
"""Raw tweets in, an answer that is complete when the call returns."""


def take_turns(
    contenders: Mapping[str, Call],
    batches: Sequence[list[str]],
    plan: Plan,
    *,
    burst: int = 1,
    burst_s: float = float("inf"),
    budgets: int = 1,
    clock: Callable[[], Any] = perf_counter,
) -> dict[str, list[Any]]:
    """Seconds of every call, by contender; all get the same batches, each turn in another order.

    Args:
        contenders: what to call, by name.
        batches: raw tweets; used one after the other, from the start again when they end.
        plan: how many turns each contender gets, and after how many seconds no further round begins.
        burst: calls of one turn, each timed by itself.
        burst_s: seconds after which a turn has no further call.
        budgets: how many times the plan's seconds this comparison may take.
        clock: tells seconds, or an array of several clocks' seconds.
    """
    names = list(contenders)
    _warm_up(contenders, batches)
    times: dict[str, list[Any]] = {name: [] for name in names}
    began_at = perf_counter()
    for turn in range(plan.call_rounds):
        shift = turn % len(names)
        turn_batches = [batches[(turn * burst + n) % len(batches)] for n in range(burst)]
        for name in names[shift:] + names[:shift]:
            times[name] += _timed(contenders[name], turn_batches, burst_s, clock)
        spent_s = perf_counter() - began_at
        if turn + 1 >= plan.least_rounds and spent_s > budgets * plan.call_budget_s:
            break
    return times


def _warm_up(contenders: Mapping[str, Call], batches: Sequence[list[str]]) -> None:
    """Two calls each: the first traces and fills caches, the second meets them."""
    for call in contenders.values():
        for batch in (batches[0], batches[-1]):
            call(batch)
    # TensorFlow's 400,000 objects stay. A full collection over them takes 0.3 s of processor, and
    # would hit whoever is being timed.
    gc.collect()
    gc.freeze()


def _timed(
    call: Call, batches: Sequence[list[str]], most_s: float, clock: Callable[[], Any]
) -> list[Any]:
    seconds: list[Any] = []
    end = perf_counter() + most_s
    for batch in batches:
        began_at = clock()
        call(batch)
        seconds.append(clock() - began_at)
        if perf_counter() > end:
            break
    return seconds
