"""R-Drop: each row is read twice, other units are dropped each time, and the two answers should agree.

Liang et al., "R-Drop: Regularized Dropout for Neural Networks" (NeurIPS 2021), on any backend of Keras.
"""

from typing import Any, Final

import keras
from keras import ops

_LEAST: Final = 1e-7
"""That a probability counts as in a logarithm; Keras's own for its losses."""


class RDropModel(keras.Model):
    """A functional model with softmax answers, trained on batches that hold each row twice, one behind the other.

    To the mean of the compiled loss, training adds `weight` times the mean of `disagreement`, rows counting as they
    do in the loss. Evaluation is Keras's own, on rows that stand there once.

    Args:
        inputs: of the graph, as for `keras.Model`.
        outputs: `[batch, classes]` probabilities.
        weight: of disagreement; it is half of the paper's alpha, whose loss is the sum over both readings.
        name: of the model.
    """

    def __init__(self, inputs: Any, outputs: Any, weight: float, name: str | None = None) -> None:
        super().__init__(inputs, outputs, name=name)
        self.weight = weight

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Keras's loss, and in training what two readings disagree by."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        apart = disagreement(y_pred)
        if sample_weight is not None:
            apart = apart * ops.reshape(sample_weight, (-1, 2))[:, 0]
        return loss + self.weight * ops.mean(apart)


def disagreement(answers: Any) -> Any:
    """Mean of both Kullback-Leibler divergences of a row's two answers: `[2 * rows, classes] -> [rows]`.

    Example:
    >>> disagreement(ops.array([[0.5, 0.5], [0.5, 0.5], [0.8, 0.2], [0.2, 0.8]])).numpy().round(4)
    array([0.    , 0.8318], dtype=float32)
    """
    # By a reshape, devices that share a batch keep what they have.
    pairs = ops.reshape(answers, (-1, 2, answers.shape[-1]))
    logarithms = ops.log(ops.maximum(pairs, _LEAST))
    apart, logarithms_apart = (each[:, 0] - each[:, 1] for each in (pairs, logarithms))
    return ops.sum(apart * logarithms_apart, axis=-1) / 2
