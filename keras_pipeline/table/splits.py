"""Train, validation and test rows: the notebook's own test part, and a validation part of our own.

The notebook stopped training early on its test part. Here the validation part comes out of the
training part, so the test part is seen once, at the end. Twins, rows whose cleaned texts are equal, never
stand in two parts: those of test rows are left out, the others go together.
"""

import dataclasses
import math
from typing import Any, Final

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight

from export.signatures import LABELS
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.text_tables import Cells

TEST_RANDOM_STATE: Final = 42
"""The notebook's: whatever the seed of a run, the test part stays, so that figures compare."""

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
            out of it, as in the notebook: rows / (3 * rows of the class).
    """

    train: Rows
    validation: Rows
    test: Rows
    twins_dropped: int
    validation_twins_dropped: int
    class_weights: dict[int, float]

    def table(self) -> Cells:
        """Two columns for a table: what, how many."""
        weights = " ".join(f"{weight:.4f}" for weight in self.class_weights.values())
        return [
            ["train", len(self.train)],
            ["validation", len(self.validation)],
            ["test", len(self.test)],
            ["dropped from train: twin in test", self.twins_dropped],
            ["dropped from validation: twin in test", self.validation_twins_dropped],
            [f"class weights ({', '.join(LABELS)})", weights],
        ]


def split(tweets: Tweets, config: TrainConfig) -> Splits:
    """Cut the rows into three stratified parts; no cleaned text stands in two of them.

    Raises:
        UserError: a class with too few rows to stand in every part, or with none left to learn from.
    """
    _check_class_sizes(tweets, config)
    labels, twins = tweets.labels, tweets.twins
    rows = np.arange(len(labels), dtype=np.int32)
    rest, test = _cut(rows, labels, config.test_fraction, TEST_RANDOM_STATE)
    train, validation = _cut(rest, labels, config.validation_fraction, config.seed)
    train, validation = _with_their_twins(train, validation, twins)
    known, watched = (np.isin(twins[rows], twins[test]) for rows in (train, validation))
    weights = compute_class_weight("balanced", classes=np.arange(len(LABELS)), y=labels[rest])
    splits = Splits(
        train=train[~known],
        validation=validation[~watched],
        test=test,
        twins_dropped=int(known.sum()),
        validation_twins_dropped=int(watched.sum()),
        class_weights=dict(enumerate(weights.tolist())),
    )
    _check_what_is_left(splits, labels)
    return splits


def _cut(rows: Rows, labels: Rows, share: float, seed: int) -> list[Rows]:
    """The rows but for a stratified share of them, and that share."""
    try:
        return train_test_split(rows, test_size=share, stratify=labels[rows], random_state=seed)
    except ValueError as error:  # a part would be a row or two too small: shares are rounded
        raise UserError(
            f"Each class must stand in train, validation and test; add rows, or choose other fractions. "
            f"Received: {len(rows):,} rows, of which {share} shall be cut off ({error})"
        ) from None


def _with_their_twins(train: Rows, validation: Rows, twins: Rows) -> tuple[Rows, Rows]:
    """Each row goes where the first of its twins goes: no row is lost, and the sizes hardly change."""
    rows = np.concatenate([train, validation])
    is_train = np.arange(len(rows)) < len(train)
    by_number = rows.argsort()
    _, first, group = np.unique(twins[rows[by_number]], return_index=True, return_inverse=True)
    is_train[by_number] = is_train[by_number][first][group]
    return rows[is_train], rows[~is_train]


def _check_class_sizes(tweets: Tweets, config: TrainConfig) -> None:
    """Each class must have one row in the smallest part at least."""
    test, validation = config.test_fraction, config.validation_fraction
    smallest = min(test, (1 - test) * validation, (1 - test) * (1 - validation))
    needed = max(2, math.ceil(1 / max(smallest, 1e-12)))  # a share may be too small to divide by
    counts = tweets.report.label_counts
    too_few = ", ".join(f"{name}={count}" for name, count in counts.items() if count < needed)
    if too_few:
        raise UserError(
            f"Each class must have at least {needed:,} rows to stand in train, validation and test; add rows, "
            f"or choose other fractions. Received: {too_few}"
        )


def _check_what_is_left(splits: Splits, labels: Rows) -> None:
    """Twins of test rows may be all that there was."""
    counts = np.bincount(labels[splits.train], minlength=len(LABELS))
    if counts.all() and len(splits.validation):
        return
    left = ", ".join(f"{name}={count:,}" for name, count in zip(LABELS, counts, strict=True))
    raise UserError(
        "Each class must have rows to learn from, and some to validate on, that do not stand in the test "
        f"part, too; add other texts. Received: train with {left}, validation with "
        f"{len(splits.validation):,} rows"
    )
