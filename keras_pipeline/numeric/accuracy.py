"""The share of right answers among rows that stand for a text."""

from typing import Any

import keras


class Accuracy(keras.metrics.CategoricalAccuracy):
    """Keras's, without the rows that a batch was filled up with: those have no target."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count each row by the sum of its target: 1, or 0."""
        super().update_state(y_true, y_pred, sample_weight=keras.ops.sum(y_true, axis=-1))
