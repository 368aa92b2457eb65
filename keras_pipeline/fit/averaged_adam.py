"""Adam with an average of the weights that is good from the first epoch on; on any backend."""

from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import ops

from keras_pipeline.config import TrainConfig

OLDEST_SHARE: Final = 3
"""After n steps the average is over no more than the last 1 + n / 3 of them."""


class AveragedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, but for the average that `use_ema` keeps.

    Keras's average begins at the weights after the first step and holds on to them: when it is over
    0.4 of an epoch, 8 % of it are still those after the first epoch. Here step n (from 0) counts with
    momentum `min(ema_momentum, n / (n + 3))`. The validation loss after one epoch was 0.68 in place of
    0.71 (docs/log.md).
    """

    def _update_model_variables_moving_average(self, trainable_variables: Sequence[Any]) -> None:
        step = ops.cast(self.iterations, "float32")
        rate = 1 - ops.minimum(self.ema_momentum, step / (step + OLDEST_SHARE))
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            average.assign(average + rate * (variable - average))


def optimizer_of(
    config: TrainConfig,
    averaged_steps: float,
    kind: type[AveragedAdam] = AveragedAdam,
    *,
    scaled_loss: bool,
) -> keras.optimizers.Optimizer:
    """Adam, with an average of the weights where one is kept, and scaled losses where float16 computes.

    Keras scales the loss by itself only if the model as a whole has a float16 policy; here its layers
    have, one by one. Unscaled, 1.5 to 3 % of the gradients of real batches were too small for float16.

    Args:
        config: the learning rate.
        averaged_steps: that the average is over; of one or less none is kept, and Adam is Keras's own: the
            notebook preset stays the notebook.
        kind: of Adam, where an average is kept.
        scaled_loss: whether float16 computes.
    """
    if averaged_steps <= 1:
        adam = keras.optimizers.Adam(config.learning_rate)
    else:
        # An average over n steps is one of momentum 1 - 1/n.
        adam = kind(config.learning_rate, use_ema=True, ema_momentum=1 - 1 / averaged_steps)
    return keras.optimizers.LossScaleOptimizer(adam) if scaled_loss else adam
