"""What chance alone could have made of a figure: resamples of the same rows, by counts.

To draw rows again and again is to draw from a multinomial over the kinds of rows that there are (label,
first answer, second answer): 1,000 resamples of a million rows take a few draws for each kind, in place
of a billion rows. The same draw serves both answers, so a difference is one on the same rows (paired).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.settings import CONFIDENCE, RESAMPLES, TOGETHER

Array = np.ndarray[Any, Any]

_SEED: Final = 0
_CELLS_AT_ONCE: Final = 4_000_000  # 32 MB of counts; many classes have many kinds of rows


@dataclasses.dataclass(frozen=True, eq=False)
class Counts:
    """One answer to labelled rows, counted; leading dimensions are resamples.

    Attributes:
        right: rows of a class that got it, `[..., classes]`.
        given: rows that got a class.
        true: rows of a class.
    """

    right: Array
    given: Array
    true: Array

    @property
    def recall(self) -> Array:
        """`[..., classes]`; 0 for a class without rows."""
        return _share(self.right, self.true)

    @property
    def precision(self) -> Array:
        """`[..., classes]`; 0 for a class that no row got."""
        return _share(self.right, self.given)

    @property
    def f1(self) -> Array:
        """`[..., classes]`; 0 for a class without rows that no row got."""
        return _share(2 * self.right, self.given + self.true)

    @property
    def macro_f1(self) -> Array:
        """`[...]`, the mean over all classes."""
        return self.f1.mean(axis=-1)

    @property
    def accuracy(self) -> Array:
        """`[...]`."""
        return _share(self.right.sum(axis=-1), self.true.sum(axis=-1))


@dataclasses.dataclass(frozen=True, eq=False)
class Counted:
    """One answer to labelled rows.

    Attributes:
        exact: counted over all rows, `[classes]`.
        drawn: over each of `RESAMPLES` resamples, `[resamples, classes]`.
    """

    exact: Counts
    drawn: Counts


def count_and_resample(labels: Array, answers: Sequence[Array], classes: int) -> list[Counted]:
    """Each answer, counted over all rows and over resamples of them: see `count` and `resample`."""
    pairs = zip(count(labels, answers, classes), resample(labels, answers, classes), strict=True)
    return [Counted(*pair) for pair in pairs]


def count(labels: Array, answers: Sequence[Array], classes: int) -> list[Counts]:
    """Each answer, counted over all rows.

    Args:
        labels: true class ids, `[rows] int`.
        answers: for each, class ids `[rows] int`.
        classes: how many there are.
    """
    return [
        Counts(
            *(
                np.bincount(ids, minlength=classes)
                for ids in (labels[labels == answer], answer, labels)
            )
        )
        for answer in answers
    ]


def resample(labels: Array, answers: Sequence[Array], classes: int) -> list[Counts]:
    """Each answer, counted over `RESAMPLES` resamples, the same for all; always the same ones.

    Args:
        labels: true class ids, `[rows] int`, one row at least.
        answers: for each, class ids `[rows] int`.
        classes: how many there are.

    Returns:
        For each answer counts `[resamples, classes]`.
    """
    shape = (classes,) * (1 + len(answers))
    # One number for each kind of row: sorted twenty times as fast as rows of several.
    codes, rows = np.unique(np.ravel_multi_index((labels, *answers), shape), return_counts=True)
    kinds = np.stack(np.unravel_index(codes, shape), axis=1)
    random = np.random.default_rng(_SEED)
    at_once = max(1, _CELLS_AT_ONCE // len(kinds))
    parts = []
    for start in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - start)
        drawn = random.multinomial(len(labels), rows / len(labels), size=size)
        parts.append(_counted(drawn.astype(np.float64), kinds, classes))
    return [
        Counts(*(np.concatenate(arrays) for arrays in zip(*answer, strict=True)))
        for answer in zip(*parts, strict=True)
    ]


def interval(resampled: Array, together: int = 1) -> tuple[Array, Array]:
    """Between which `CONFIDENCE` of the resamples lie: `[resamples, ...] -> 2 times [...]`.

    Args:
        resampled: a figure of each resample.
        together: intervals of which any one may refuse a version. Those of more than `TOGETHER` are wider, so
            that all of them mislead about as often as those of so many do.
    """
    outside = (1 - CONFIDENCE) / 2 * min(1.0, TOGETHER / together)
    low, high = np.quantile(resampled, [outside, 1 - outside], axis=0)
    return low, high


def _counted(drawn: Array, kinds: Array, classes: int) -> list[tuple[Array, Array, Array]]:
    """For each answer right, given and true rows of the draws `[resamples, kinds]`."""
    is_class = np.eye(classes)
    labels, *answers = kinds.T
    true = drawn @ is_class[labels]
    return [
        (
            drawn @ (is_class[labels] * (labels == answer)[:, np.newaxis]),
            drawn @ is_class[answer],
            true,
        )
        for answer in answers
    ]


def _share(part: Array, whole: Array) -> Array:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
