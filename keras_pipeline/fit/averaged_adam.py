"""Adam on any backend: an average that is good from the first epoch on, and a step of its own for words' vectors."""

from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import ops

from keras_pipeline.config import TrainConfig

OLDEST_SHARE: Final = 3
"""After n steps the average is over no more than the last 1 + n / 3 of them."""

MOST_TABLE_STEPS: Final = 16
"""Steps between two of which a table's average takes notice, at most: it is millions of numbers."""


class AveragedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, but for its average, and for the tables of `Embedding` layers.

    Keras's average begins at the weights after the first step and holds on to them: when it is over
    0.4 of an epoch, 8 % of it are still those after the first epoch. Here step n (from 0) counts with
    momentum `min(1 - 1 / averaged_steps, n / (n + 3))`. The validation loss after one epoch was 0.68 in
    place of 0.71 (docs/log.md).

    In a table, a row without a gradient stays as it is, its moments included: a word moves where a batch
    holds it. Adam's momentum moves a rare word on for some ten steps, ten times as far. Its average
    takes notice of every sixteenth step at most.

    Args:
        learning_rate: step size.
        averaged_steps: that the average is over; of one or less none is kept.
        table_rate: step size of tables, as a share of `learning_rate`.
    """

    def __init__(
        self, learning_rate: float, averaged_steps: float = 0.0, table_rate: float = 1.0
    ) -> None:
        averages = averaged_steps > 1
        # An average over n steps is one of momentum 1 - 1/n.
        momentum = {"ema_momentum": 1 - 1 / averaged_steps} if averages else {}
        super().__init__(learning_rate, use_ema=averages, **momentum)
        self.table_rate = table_rate
        self.table_steps = int(min(max(averaged_steps / 8, 1), MOST_TABLE_STEPS))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Keras's own step, but for a table's rows without a gradient."""
        if not self.is_table(variable):
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        moments = self._momentums[index], self._velocities[index]
        before = [ops.convert_to_tensor(moment) for moment in moments]
        after, change = self.moved(before, gradient, learning_rate)
        for moment, value in zip(moments, after, strict=True):
            self.assign(moment, value)
        self.assign_sub(variable, change)

    def is_table(self, variable: Any) -> bool:
        """Whether it is what an `Embedding` layer looks its vectors up in."""
        known = self._trainable_variables[self._get_variable_index(variable)]
        return bool(known.name == "embeddings")

    def moved(
        self, moments: Sequence[Any], gradient: Any, learning_rate: Any
    ) -> tuple[list[Any], Any]:
        """Both moments of a table's rows after this step, and what is taken off the rows.

        By Algorithm 1 of Kingma and Ba (2015), in the order of its section 2. A row of the batch may have
        no gradient either: where no unit of the dense layer is active.
        """
        came = ops.any(ops.not_equal(gradient, 0), axis=-1, keepdims=True)
        step = ops.cast(self.iterations + 1, "float32")
        first = self.beta_1 * moments[0] + (1 - self.beta_1) * gradient
        second = self.beta_2 * moments[1] + (1 - self.beta_2) * ops.square(gradient)
        unbiased = ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        rate = learning_rate * self.table_rate * unbiased
        change = rate * first / (ops.sqrt(second) + self.epsilon)
        after = [ops.where(came, *pair) for pair in zip((first, second), moments, strict=True)]
        return after, ops.where(came, change, 0.0)

    def _update_model_variables_moving_average(self, trainable_variables: Sequence[Any]) -> None:
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            self.average(variable, average)

    def average(self, variable: Any, average: Any) -> None:
        """Let the average take notice of the weights after this step."""
        rate = self.average_rate()
        if self.is_table(variable):
            rate = ops.where(self.is_table_step(), self.table_average_rate(), 0.0)
        average.assign(average + rate * (variable - average))

    def average_rate(self) -> Any:
        """How much the weights after this step count."""
        step = ops.cast(self.iterations, "float32")
        return 1 - ops.minimum(self.ema_momentum, step / (step + OLDEST_SHARE))

    def is_table_step(self) -> Any:
        """Whether a table's average takes notice of this step; of the first one, too."""
        return ops.equal(self.iterations % self.table_steps, 0)

    def table_average_rate(self) -> Any:
        """How much a table after this step counts: what is kept is what so many single steps would keep."""
        last = ops.cast(self.iterations, "float32")
        steps = ops.minimum(last + 1, float(self.table_steps))
        first = last - steps + 1
        # The product of n / (n + 3) over these steps: all but three factors at each end cancel.
        kept = 1.0
        for offset in range(OLDEST_SHARE):
            kept = kept * (first + offset) / (last + 1 + offset)
        return 1 - ops.minimum(self.ema_momentum**steps, kept)


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
        config: the learning rates.
        averaged_steps: that the average is over; of one or less none is kept, and where words' vectors have no
            rate of their own either, Adam is Keras's own: the notebook preset stays the notebook.
        kind: of Adam, else.
        scaled_loss: whether float16 computes.
    """
    adam = keras.optimizers.Adam(config.learning_rate)
    if averaged_steps > 1 or config.embedding_rate != 1:
        adam = kind(config.learning_rate, averaged_steps, config.embedding_rate)
    return keras.optimizers.LossScaleOptimizer(adam) if scaled_loss else adam
