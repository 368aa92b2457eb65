"""What follows the size of the table: smaller batches and steps, longer patience and a steadier average for a small one.

500 rows in batches of 64 are eight steps an epoch: a patience of two epochs would end the training before it
began. Chosen on the validation parts of nine small tables (docs/training.md).
"""

import dataclasses
import math
from typing import Final

from keras_pipeline.config import TrainConfig

LEAST_BATCH: Final = 16
LEAST_AVERAGED_STEPS: Final = 40


def fit_to_rows(config: TrainConfig, rows: int) -> TrainConfig:
    """The settings for a training part of so many rows; those of a large one stay as they are.

    Args:
        config: batch size, learning rate, patience and average as wished.
        rows: to learn from.

    Example:
    >>> small = fit_to_rows(TrainConfig(), rows=500)
    >>> small.batch_size, small.learning_rate, small.patience
    (16, 0.003, 5)
    >>> fit_to_rows(TrainConfig(), rows=20_000) == TrainConfig()
    True
    """
    batch_size = config.batch_size
    while batch_size >= 2 * LEAST_BATCH and _steps(rows, batch_size) < config.least_epoch_steps:
        batch_size //= 2
    # The noise of a gradient grows with the root of what a batch is smaller by, and Adam's steps do not shrink with it: at
    # the whole rate, training on 597 rows stood still for 14 epochs by one seed of three (docs/log.md).
    shrunk = math.sqrt(batch_size / config.batch_size)
    steps = _steps(rows, batch_size)
    averaged = config.averaged_epochs
    return dataclasses.replace(
        config,
        batch_size=batch_size,
        learning_rate=config.learning_rate * shrunk,
        patience=max(config.patience, math.ceil(config.patience_steps / steps)),
        averaged_epochs=averaged and max(averaged, LEAST_AVERAGED_STEPS / steps),
    )


def _steps(rows: int, batch_size: int) -> int:
    return max(1, math.ceil(rows / batch_size))
