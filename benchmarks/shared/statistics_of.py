"""The few statistics that the tables show."""

import dataclasses
import statistics
from collections.abc import Sequence

import numpy as np


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
