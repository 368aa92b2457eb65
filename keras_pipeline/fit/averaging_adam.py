"""The averaged Adam in one op a variable, on TensorFlow."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_pipeline.fit.averaged_adam import AveragedAdam


class AveragingAdam(AveragedAdam):
    """`AveragedAdam`, but for words that repeat, and for its speed.

    A word that comes twice in a batch has one gradient, the sum of both; Keras squares each by itself.
    """

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Whole tables of gradients, before several devices add theirs up: each word has one then."""
        whole = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
        super().apply(whole, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One op where Keras has twelve: 1.7 ms a step in place of 4, for 8,400 words' vectors."""
        if tf.distribute.has_strategy():
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
