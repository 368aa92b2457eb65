"""Train, validation and test rows: the notebook's own test part, and a validation part of our own.

The notebook stopped training early on its test part. Here the validation part comes out of the
training part, so the test part is seen once, at the end.
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
        twins_dropped: training rows left out for standing, once cleaned, in validation or test.
        class_weights: balanced weights by class id, over the training part before validation came
            out of it, as in the notebook: rows / (3 * rows of the class).
    """

    train: Rows
    validation: Rows
    test: Rows
    twins_dropped: int
    class_weights: dict[int, float]

    def table(self) -> Cells:
        """Two columns for a table: what, how many."""
        weights = " ".join(f"{weight:.4f}" for weight in self.class_weights.values())
        return [
            ["train", len(self.train)],
            ["validation", len(self.validation)],
            ["test", len(self.test)],
            ["dropped from train: twin in validation or test", self.twins_dropped],
            [f"class weights ({', '.join(LABELS)})", weights],
        ]


def split(tweets: Tweets, config: TrainConfig) -> Splits:
    """Cut the rows into three stratified parts, none with a cleaned text of another's training rows.

    Raises:
        UserError: a class with too few rows to stand in every part.
    """
    _check_class_sizes(tweets, config)
    labels = tweets.labels
    rest, test = train_test_split(
        np.arange(len(labels), dtype=np.int32),
        test_size=config.test_fraction,
        stratify=labels,
        random_state=TEST_RANDOM_STATE,
    )
    train, validation = train_test_split(
        rest,
        test_size=config.validation_fraction,
        stratify=labels[rest],
        random_state=config.seed,
    )
    held_out = np.concatenate([tweets.twins[validation], tweets.twins[test]])
    has_twin = np.isin(tweets.twins[train], held_out)
    weights = compute_class_weight("balanced", classes=np.arange(len(LABELS)), y=labels[rest])
    return Splits(
        train=train[~has_twin],
        validation=validation,
        test=test,
        twins_dropped=int(has_twin.sum()),
        class_weights=dict(enumerate(weights.tolist())),
    )


def _check_class_sizes(tweets: Tweets, config: TrainConfig) -> None:
    """Each class must have one row in the smallest part at least."""
    smallest = min(config.test_fraction, (1 - config.test_fraction) * config.validation_fraction)
    needed = max(2, math.ceil(1 / smallest))
    counts = tweets.report.label_counts
    too_few = ", ".join(f"{name}={count}" for name, count in counts.items() if count < needed)
    if too_few:
        raise UserError(
            f"Each class must have at least {needed} rows to stand in train, validation and test; "
            f"add rows or raise the fractions. Received: {too_few}"
        )
