"""What a measurement gives: rows of a table, each findable by what was measured and of whom.

`Row.median`, `time`, `rate`, `tail`, `mean` and `missing` make a row of a sample.
"""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

PRODUCT: Final = "this project"
"""The exported graph, called by its signature; the model that training saved, where it is trained."""

PRODUCT_KERAS: Final = "this project, load_model"
"""The same model as a Keras object: `load_model(run)(texts)`."""

PLAIN_EXPORT: Final = "plain Keras export"
"""The same model exported as Keras traces it, `--graph keras`."""

NOTEBOOK: Final = "notebook's way"
"""Python cleaning, legacy Tokenizer, pad_sequences, `model.predict`."""

COMPILED: Final = "notebook, compiled"
"""The same network behind the same Python code, called as one tf.function."""

TFIDF: Final = "TF-IDF + logistic regression"
FASTTEXT: Final = "fastText"
MODEL2VEC: Final = "model2vec + logistic regression"
ARITHMETIC: Final = "arithmetic floor"
"""The least time for the operations or the bytes of the BiLSTM at this machine's measured rates."""

PRODUCT_BATCHED: Final = "this project, batching"
PRODUCT_BATCHED_BRIEFLY: Final = "this project, batching, a shorter wait"
"""A fifth of the millisecond of docker/config/batching.config."""

RPC_FLOOR: Final = "RPC floor"
"""A model that does nothing, on the same server."""

RATES: Final = ("tweets/s", "requests/s", "of the floor")
"""Units of which more is better; of every other unit but a score, less is."""

SCORE: Final = "score"
"""Unit of accuracy, F1 and the like, from 0 to 1: compared by difference, not by ratio."""

LOSS: Final = "nats"
"""Unit of a log loss: compared by difference too."""

PERCENT: Final = "percent"
"""Unit of a score from 0 to 100, as papers tell those of public tables: compared by difference too."""

_IN: Final = {"s": 1.0, "ms": 1e3, "µs": 1e6}
"""Of a second."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured, such as "one tweet, p50".
        who: of whom, one of the names above.
        value: the median, unless `what` says otherwise; None where it could not be measured.
        unit: such as ms or tweets/s.
        low, high: quartiles, or what the section's notes say, where there are several samples.
        deviation: standard deviation, where `value` is a mean.
        samples: calls, rounds, epochs or seeds behind the value.
        note: what the reader must know.
    """

    what: str
    who: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    deviation: float | None = None
    samples: int = 1
    note: str = ""

    @classmethod
    def median(
        cls,
        what: str,
        who: str,
        sample: Sequence[float],
        unit: str,
        between: tuple[float, float] = (25, 75),
        **more: Any,
    ) -> "Row":
        """The median of `sample` and two of its percentiles, its quartiles by default.

        Example:
        >>> Row.median("start", "server", [1.0, 2.0, 3.0], "s").high
        2.5
        """
        low, value, high = map(float, np.percentile(sample, [between[0], 50, between[1]]))
        return cls(
            what=what, who=who, value=value, unit=unit, low=low, high=high,
            samples=len(sample), **more,
        )  # fmt: skip

    @classmethod
    def time(
        cls, what: str, who: str, seconds: Sequence[float], unit: str, things: int = 1, **more: Any
    ) -> "Row":
        """The time of one of `things`, told in s, ms or µs; each of `seconds` is that of all."""
        times = [each / things * _IN[unit] for each in seconds]
        return cls.median(what, who, times, unit, **more)

    @classmethod
    def rate(
        cls, what: str, who: str, seconds: Sequence[float], unit: str, things: int, **more: Any
    ) -> "Row":
        """The rate at which `things` were done in each of `seconds`."""
        return cls.median(what, who, [things / each for each in seconds], unit, **more)

    @classmethod
    def tail(cls, what: str, who: str, seconds: Sequence[float], unit: str) -> "Row":
        """The 99th percentile of `seconds`, told in `unit`."""
        value = float(np.percentile(seconds, 99)) * _IN[unit]
        return cls(what=what, who=who, value=value, unit=unit, samples=len(seconds))

    @classmethod
    def mean(cls, what: str, who: str, sample: Sequence[float], unit: str) -> "Row":
        """The mean and standard deviation (n - 1) of `sample`, of a single value without one.

        Example:
        >>> Row.mean("macro F1", "server", [1.0, 2.0, 3.0], "score").deviation
        1.0
        """
        spread = statistics.stdev(sample) if len(sample) > 1 else None
        value, count = statistics.fmean(sample), len(sample)
        return cls(what=what, who=who, value=value, unit=unit, deviation=spread, samples=count)

    @classmethod
    def missing(cls, what: str, who: str, unit: str, note: str) -> "Row":
        """No figure, and why."""
        return cls(what=what, who=who, value=None, unit=unit, samples=0, note=note)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """One measurement.

    Attributes:
        name: as `--only` names it.
        title: heading of its table.
        rows: its figures.
        baseline: whom the others are compared with, row by row; None for nobody.
        wide: its table has a row for each `what` and a column for each `who`, and the last one tells by how
            much the first of them is ahead of the best of the others.
        notes: how it was measured, a sentence each.
        failed: why it ended early, "" where it did not.
        stolen_share: of the processor time that it wanted, what a host gave to other machines.
    """

    name: str
    title: str
    rows: Sequence[Row] = ()
    baseline: str | None = None
    wide: bool = False
    notes: Sequence[str] = ()
    failed: str = ""
    stolen_share: float = 0.0

    def find(self, what: str, who: str) -> Row | None:
        """The row of that name, None if there is none."""
        return next((row for row in self.rows if (row.what, row.who) == (what, who)), None)


def find_row(sections: Sequence[Section], name: str, what: str, who: str) -> Row | None:
    """The row of the measurement `name` with a value, None if it was not measured."""
    found = next((section.find(what, who) for section in sections if section.name == name), None)
    return found if found is not None and found.value is not None else None


def is_difference(unit: str) -> bool:
    """Whether figures of this unit are compared by their difference."""
    return unit in (SCORE, LOSS, PERCENT)


def advantage(row: Row, base: Row) -> float:
    """How many times as good `row` is as `base`; of scores and losses, by how much it is higher.

    Example:
    >>> slow, fast = (Row(what="call", who=w, value=v, unit="ms") for w, v in (("a", 6), ("b", 2)))
    >>> advantage(fast, slow)
    3.0

    Raises:
        ValueError: one has no value, or their units differ.
    """
    if row.value is None or base.value is None or row.unit != base.unit:
        raise ValueError(f"Two figures of one unit are compared. Received: {row}, {base}")
    if is_difference(row.unit):
        return row.value - base.value
    return row.value / base.value if row.unit in RATES else base.value / row.value
