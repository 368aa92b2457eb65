"""Pooling over the outputs of a recurrent layer: the largest value and the mean of each feature.

    outputs [batch, time, features] -> MaxMeanPooling1D -> [batch, 2 * features]

A sentiment that one word carries survives the maximum; the mean keeps the tone of the rest.
"""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_pipeline")
class MaxMeanPooling1D(keras.layers.Layer):
    """Maximum and mean over time, side by side; masked steps count for neither.

    Call arguments:
        inputs: `[batch, time, features]` floats.
        mask: `[batch, time]` bool, True where a step counts; all of them by default. Keras hands
            over the mask that an `Embedding(mask_zero=True)` made.

    Returns:
        `[batch, 2 * features]`: the maxima, then the means. A row without a step gives zeros.

    Example:
    >>> outputs = keras.ops.convert_to_tensor([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]])
    >>> MaxMeanPooling1D()(outputs, mask=keras.ops.convert_to_tensor([[True, True, False]])).numpy()
    array([[ 3., -2.,  2., -3.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """`[batch, time, features] -> [batch, 2 * features]`."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], dtype="bool")
        counted = ops.expand_dims(mask, -1)
        steps = ops.sum(ops.cast(counted, inputs.dtype), axis=1)
        largest = ops.max(ops.where(counted, inputs, float("-inf")), axis=1)
        largest = ops.where(steps > 0, largest, 0.0)
        total = ops.sum(ops.where(counted, inputs, 0.0), axis=1)
        return ops.concatenate([largest, total / ops.maximum(steps, 1.0)], axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: no time is left that could be masked."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """`(batch, time, features) -> (batch, 2 * features)`."""
        return (input_shape[0], 2 * input_shape[-1])
