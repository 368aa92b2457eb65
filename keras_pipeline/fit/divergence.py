"""Training that has lost its way: a loss that is no number stops it, before anything of it is kept."""

import math
from typing import Any

import keras

from keras_pipeline.errors import UserError


class StopOnDivergence(keras.callbacks.Callback):
    """Raise at the end of an epoch with a loss that is not finite.

    Put it before everything that keeps what an epoch gave. Keras's TerminateOnNaN looks at each batch, which
    makes every step wait for the one before, and ends training as if it were done.

    Args:
        option: that sets the learning rate, to name in the sentence. Its value is the user's: what steps are made
            of is another number where a table is small.

    Raises:
        UserError: the loss of the epoch's steps, or of its validation, is not finite.
    """

    def __init__(self, option: str = "--learning-rate") -> None:
        super().__init__()
        self.option = option

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at both losses."""
        for name in ("loss", "val_loss"):
            loss = float((logs or {}).get(name, 0.0))
            if not math.isfinite(loss):
                raise UserError(
                    f"Training diverged in epoch {epoch + 1}: {name} must be a finite number; begin a new run "
                    f"with a smaller {self.option}. Received: {name}={loss}"
                )
