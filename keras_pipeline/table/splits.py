"""Train, validation and test rows: the notebook's own test part, and a validation part of our own.

The notebook stopped training early on its test part. Here the validation part comes out of the
training part, so the test part is seen once, at the end. Twins, rows whose cleaned texts are equal, never
stand in two parts: those of test rows are left out, the others go together.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight

from export.start.shown import shown
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import TEST, VALIDATION, Tweets
from keras_pipeline.table.printed import MOST_LINES, Cells

TEST_RANDOM_STATE: Final = 42
"""The notebook's: whatever the seed of a run, the test part stays, so that figures compare."""

LEAST_ROWS: Final = 3
"""Of a class: one in each part."""

_LARGEST_FRACTION: Final = 0.2

Rows = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Splits:
    """Row numbers of each part, `[rows] int32`.

    Attributes:
        train: rows to learn from.
        validation: rows that early stopping watches.
        test: rows for the final figures, the notebook's own.
        twins_dropped: training rows left out for standing, once cleaned, in test.
        validation_twins_dropped: validation rows left out for the same reason.
        class_weights: balanced weights by class id, over the training part before validation came
            out of it, as in the notebook: rows / (classes * rows of the class).
        label_names: name of each class.
        rare: classes whose rows were dealt one by one, for they have too few to be cut by shares.
        validation_twins_in_train: training rows left out for standing in a validation part that came as a
            table of its own.
    """

    train: Rows
    validation: Rows
    test: Rows
    twins_dropped: int
    validation_twins_dropped: int
    class_weights: dict[int, float]
    label_names: tuple[str, ...]
    rare: tuple[str, ...] = ()
    validation_twins_in_train: int = 0

    def table(self) -> Cells:
        """Two columns for a table: what, how many."""
        return [
            ["train", len(self.train)],
            ["validation", len(self.validation)],
            ["test", len(self.test)],
            ["dropped from train: twin in test", self.twins_dropped],
            ["dropped from validation: twin in test", self.validation_twins_dropped],
            *(
                [["dropped from train: twin in validation", self.validation_twins_in_train]]
                if self.validation_twins_in_train
                else []
            ),
            *self._weights(),
        ]

    def _weights(self) -> Cells:
        weights = self.class_weights
        if len(weights) > MOST_LINES:
            least, most = min(weights.values()), max(weights.values())
            return [["class weights", f"{least:.4f} to {most:.4f}"]]
        return [
            [f"class weight of {shown(name, 40)}", f"{weights[number]:.4f}"]
            for number, name in enumerate(self.label_names)
        ]


def split(tweets: Tweets, config: TrainConfig) -> Splits:
    """Cut the rows into three stratified parts; no cleaned text stands in two of them.

    Raises:
        UserError: a class with fewer than `LEAST_ROWS` rows, or with none left to learn from.
    """
    labels, twins, names = tweets.labels, tweets.twins, tweets.label_names
    whole, given_validation, given_test = _given_parts(tweets)
    counts = np.bincount(labels[whole], minlength=len(names))
    to_cut = 1 + (not len(given_validation)) + (not len(given_test))
    _check_class_sizes(counts, names, to_cut)
    rare = counts < _rows_to_be_cut(config)
    rest, test = whole, given_test
    if not len(test):
        rest, test = _cut(
            whole, labels, rare, config.test_fraction, TEST_RANDOM_STATE, parts=to_cut - 1
        )
    train, validation = rest, given_validation
    if len(validation):
        train = rest[~np.isin(twins[rest], twins[validation])]
    else:
        watched = validation_fraction(config, len(rest))
        train, validation = _cut(rest, labels, rare, watched, config.seed, parts=1)
        train, validation = _with_their_twins(train, validation, twins)
    known, is_watched = (np.isin(twins[rows], twins[test]) for rows in (train, validation))
    weights = compute_class_weight("balanced", classes=np.arange(len(names)), y=labels[rest])
    splits = Splits(
        train=train[~known],
        validation=validation[~is_watched],
        test=test,
        twins_dropped=int(known.sum()),
        validation_twins_in_train=len(rest) - len(train) if len(given_validation) else 0,
        validation_twins_dropped=int(is_watched.sum()),
        class_weights=dict(enumerate(weights.tolist())),
        label_names=names,
        rare=tuple(name for name, few in zip(names, rare, strict=True) if few),
    )
    _check_what_is_left(splits, labels)
    return splits


def _given_parts(tweets: Tweets) -> tuple[Rows, Rows, Rows]:
    """Rows to be cut, and those that came as a validation and a test part."""
    parts = tweets.parts
    if parts is None:
        parts = np.zeros(len(tweets.labels), np.int8)
    whole, validation, test = (
        np.flatnonzero(parts == part).astype(np.int32) for part in (0, VALIDATION, TEST)
    )
    return whole, validation, test


def validation_fraction(config: TrainConfig, rows: int) -> float:
    """Share of so many rows that early stopping watches: more of few, up to a fifth.

    Example:
    >>> validation_fraction(TrainConfig(), 30_000), validation_fraction(TrainConfig(), 2_000)
    (0.1, 0.2)
    """
    wished = min(_LARGEST_FRACTION, config.least_validation_rows / max(rows, 1))
    return max(config.validation_fraction, wished)


def _cut(
    rows: Rows, labels: Rows, rare: Rows, share: float, seed: int, *, parts: int
) -> tuple[Rows, Rows]:
    """The rows but for a stratified share of them, and that share.

    scikit-learn cuts; of a class that is too small for it the share is one row at least,
    and a row remains for each of the `parts` that are to be made of the others.
    """
    is_rare = rare[labels[rows]]
    common, few = rows[~is_rare], rows[is_rare]
    shuffled = np.random.default_rng(seed).permutation(few)
    dealt = [
        _deal(shuffled[labels[shuffled] == label], share, parts) for label in np.flatnonzero(rare)
    ]
    if len(common):
        try:
            dealt.append(
                train_test_split(
                    common, test_size=share, stratify=labels[common], random_state=seed
                )
            )
        except ValueError as error:  # a part would be a row or two too small: shares are rounded
            raise UserError(
                f"Each class must stand in train, validation and test; add rows, or choose other fractions. "
                f"Received: {len(rows):,} rows, of which {share} shall be cut off ({error})"
            ) from None
    # What scikit-learn cut, as it gave it: the order of rows without rare ones is that of before.
    kept, cut = zip(*reversed(dealt), strict=True)
    return np.concatenate(kept), np.concatenate(cut)


def _deal(rows: Rows, share: float, parts: int) -> tuple[Rows, Rows]:
    """Of a few rows the others, `parts` at least, and the share of them, one at least."""
    count = min(max(1, round(len(rows) * share)), len(rows) - parts)
    return rows[count:], rows[:count]


def _with_their_twins(train: Rows, validation: Rows, twins: Rows) -> tuple[Rows, Rows]:
    """Each row goes where the first of its twins goes: no row is lost, and the sizes hardly change."""
    rows = np.concatenate([train, validation])
    is_train = np.arange(len(rows)) < len(train)
    by_number = rows.argsort()
    _, first, group = np.unique(twins[rows[by_number]], return_index=True, return_inverse=True)
    is_train[by_number] = is_train[by_number][first][group]
    return rows[is_train], rows[~is_train]


def _rows_to_be_cut(config: TrainConfig) -> int:
    """Rows that a class must have for a row of it in the smallest part, where parts are cut by shares."""
    test, validation = config.test_fraction, config.validation_fraction
    smallest = min(test, (1 - test) * validation, (1 - test) * (1 - validation))
    return max(2, math.ceil(1 / max(smallest, 1e-12)))  # a share may be too small to divide by


def _check_class_sizes(counts: Rows, names: Sequence[str], least: int) -> None:
    """Each class must have a row for every part."""
    too_few = [
        f"{name}={count}" for name, count in zip(names, counts, strict=True) if count < least
    ]
    if too_few:
        one = " of --data" if least < LEAST_ROWS else ", one for train, validation and test each"
        raise UserError(
            f"Each class must have at least {least} rows{one}; add "
            f"rows, or map or drop its label by --labels. Received: {', '.join(too_few[:20])}"
        )


def _check_what_is_left(splits: Splits, labels: Rows) -> None:
    """Twins of test rows may be all that there was."""
    names = splits.label_names
    counts = np.bincount(labels[splits.train], minlength=len(names))
    if counts.all() and len(splits.validation):
        return
    left = ", ".join(f"{name}={count:,}" for name, count in zip(names, counts, strict=True))
    raise UserError(
        "Each class must have rows to learn from, and some to validate on, that do not stand in the test "
        f"part, too; add other texts. Received: train with {left}, validation with "
        f"{len(splits.validation):,} rows"
    )
