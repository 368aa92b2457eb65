"""Time contenders in turns, A B C B C A C A B: a slow moment of the machine meets all of them."""

import gc
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

Call = Callable[[list[str]], Any]
"""Raw tweets in, an answer that is complete when the call returns."""


def take_turns(
    contenders: Mapping[str, Call],
    batches: Sequence[list[str]],
    *,
    rounds: int,
    burst: int = 1,
    burst_s: float = float("inf"),
    budget_s: float = float("inf"),
    least_rounds: int = 1,
) -> dict[str, list[float]]:
    """Seconds of every call, by contender; all get the same batches, each turn in another order.

    Args:
        contenders: what to call, by name.
        batches: raw tweets; used one after the other, from the start again when they end.
        rounds: turns that each contender gets.
        burst: calls of one turn, each timed by itself.
        burst_s: seconds after which a turn has no further call.
        budget_s: seconds after which no further round begins, once `least_rounds` are done.
        least_rounds: turns that each contender gets whatever the budget.
    """
    names = list(contenders)
    _warm_up(contenders, batches)
    times: dict[str, list[float]] = {name: [] for name in names}
    began_at = perf_counter()
    for turn in range(rounds):
        shift = turn % len(names)
        turn_batches = [batches[(turn * burst + n) % len(batches)] for n in range(burst)]
        for name in names[shift:] + names[:shift]:
            times[name] += _timed(contenders[name], turn_batches, burst_s)
        if turn + 1 >= least_rounds and perf_counter() - began_at > budget_s:
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


def _timed(call: Call, batches: Sequence[list[str]], most_s: float) -> list[float]:
    seconds: list[float] = []
    for batch in batches:
        began_at = perf_counter()
        call(batch)
        seconds.append(perf_counter() - began_at)
        if sum(seconds) > most_s:
            break
    return seconds
