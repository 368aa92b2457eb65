"""What a measurement gives: rows of a table, each findable by what was measured and of whom."""

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
ARITHMETIC: Final = "arithmetic floor"
"""The least time for the operations or the bytes of the BiLSTM at this machine's measured rates."""

PRODUCT_BATCHED: Final = "this project, batching"
RPC_FLOOR: Final = "RPC floor"
"""A model that does nothing, on the same server."""

RATES: Final = ("tweets/s", "requests/s", "of the floor")
"""Units of which more is better; of every other unit but a score, less is."""

SCORE: Final = "score"
"""Unit of accuracy, F1 and the like, from 0 to 1: compared by difference, not by ratio."""

LOSS: Final = "nats"
"""Unit of a log loss: compared by difference too."""

Key = tuple[str, str, str]
"""Measurement, what, who."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured, such as "one tweet, p50".
        who: of whom, one of the names above.
        value: the median, unless `what` says otherwise; None where it could not be measured.
        unit: such as ms or tweets/s.
        low, high: quartiles, where there are several samples.
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """One measurement.

    Attributes:
        name: as `--only` names it.
        title: heading of its table.
        rows: its figures.
        baseline: whom the others are compared with, row by row; None for nobody.
        notes: how it was measured, a sentence each.
        failed: why it ended early, "" where it did not.
        stolen_share: of the processor time that it wanted, what a host gave to other machines.
    """

    name: str
    title: str
    rows: Sequence[Row] = ()
    baseline: str | None = None
    notes: Sequence[str] = ()
    failed: str = ""
    stolen_share: float = 0.0

    def find(self, what: str, who: str) -> Row | None:
        """The row of that name, None if there is none."""
        return next((row for row in self.rows if (row.what, row.who) == (what, who)), None)


def find_row(sections: Sequence[Section], key: Key) -> Row | None:
    """The row of that key with a value, None if it was not measured."""
    name, what, who = key
    found = next((section.find(what, who) for section in sections if section.name == name), None)
    return found if found is not None and found.value is not None else None


def median_row(what: str, who: str, sample: Sequence[float], unit: str, **more: Any) -> Row:
    """A row of the median and quartiles of `sample`.

    Example:
    >>> median_row("start", "server", [1.0, 2.0, 3.0], "s").high
    2.5
    """
    found = quartiles(sample)
    return Row(
        what=what, who=who, unit=unit, samples=len(sample),
        value=found.median, low=found.low, high=found.high, **more,
    )  # fmt: skip


def rate_row(
    what: str, who: str, seconds: Sequence[float], count: int, unit: str, **more: Any
) -> Row:
    """A row of the rate at which `count` things were done in each of `seconds`."""
    return median_row(what, who, [count / each for each in seconds], unit, **more)


def mean_row(what: str, who: str, sample: Sequence[float], unit: str, **more: Any) -> Row:
    """A row of the mean and standard deviation of `sample`."""
    mean, deviation = mean_and_deviation(sample)
    return Row(
        what=what, who=who, unit=unit, samples=len(sample),
        value=mean, deviation=deviation, **more,
    )  # fmt: skip


def missing_row(what: str, who: str, unit: str, note: str) -> Row:
    """A row that says why there is no figure."""
    return Row(what=what, who=who, unit=unit, value=None, samples=0, note=note)


def is_difference(unit: str) -> bool:
    """Whether figures of this unit are compared by their difference."""
    return unit in (SCORE, LOSS)


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


@dataclasses.dataclass(frozen=True)
class Quartiles:
    """Middle of a sample and its interquartile range.

    Attributes:
        low: a quarter of the sample is below.
        median: half of it.
        high: three quarters of it.
    """

    low: float
    median: float
    high: float


def quartiles(sample: Sequence[float]) -> Quartiles:
    """Median and quartiles, the ends included; of a single value, that value three times.

    Example:
    >>> quartiles([4.0, 1.0, 2.0, 3.0, 5.0])
    Quartiles(low=2.0, median=3.0, high=4.0)
    """
    return Quartiles(percentile(sample, 25), percentile(sample, 50), percentile(sample, 75))


def percentile(sample: Sequence[float], percent: float) -> float:
    """The value that `percent` of the sample do not exceed, between two of them by their distance.

    Raises:
        ValueError: an empty sample, or a percentage outside 0 to 100.

    Example:
    >>> percentile([10.0, 20.0, 30.0], 75)
    25.0
    """
    if not sample or not 0 <= percent <= 100:
        raise ValueError(
            "A percentile needs a sample and a percentage from 0 to 100. "
            f"Received: {len(sample)} values, percent={percent}"
        )
    return float(np.percentile(sample, percent))


def mean_and_deviation(sample: Sequence[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (of a sample, n - 1); no deviation of a single value.

    Example:
    >>> mean_and_deviation([1.0, 2.0, 3.0]), mean_and_deviation([1.0])
    ((2.0, 1.0), (1.0, None))
    """
    return statistics.fmean(sample), statistics.stdev(sample) if len(sample) > 1 else None
