"""How much is measured: everything, or as little as shows every row within a few minutes."""

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Sizes of a run.

    Attributes:
        seeds: one training of this project and one of the notebook's way for each.
        rows: rows of the table that are used, drawn by class; None for all.
        epochs: most epochs of a training; None for each contender's own.
        call_rounds: turns that each contender gets in latency, throughput and preprocessing.
        call_budget_s: seconds after which a comparison ends, however many turns are left.
        least_rounds: turns that each contender gets even where those seconds are over.
        load_rounds: turns that each gRPC model gets at each number of clients.
        load_s: seconds of one such turn.
        starts: fresh processes for each start time.
        growth_rows: rows of the tables whose training is timed.
    """

    seeds: tuple[int, ...]
    rows: int | None
    epochs: int | None
    call_rounds: int
    call_budget_s: float
    least_rounds: int
    load_rounds: int
    load_s: float
    starts: int
    growth_rows: tuple[int, ...]

    @property
    def quick(self) -> bool:
        """Whether this run shows that everything works, and no more than that."""
        return self.rows is not None

    def with_seeds(self, count: int) -> "Plan":
        """The same with `count` seeds from 42 on."""
        return dataclasses.replace(self, seeds=tuple(range(FIRST_SEED, FIRST_SEED + count)))


FIRST_SEED: Final = 42

FULL: Final = Plan(
    seeds=tuple(range(FIRST_SEED, FIRST_SEED + 5)),
    rows=None,
    epochs=None,
    call_rounds=100,
    call_budget_s=90.0,
    least_rounds=3,
    load_rounds=5,
    load_s=4.0,
    starts=5,
    growth_rows=(25_000, 100_000, 400_000, 1_600_000),
)

QUICK: Final = Plan(
    seeds=(FIRST_SEED,),
    rows=1_000,
    epochs=1,
    call_rounds=10,
    call_budget_s=1.0,
    least_rounds=1,
    load_rounds=1,
    load_s=0.5,
    starts=1,
    growth_rows=(500, 1_000),
)
