"""After every epoch, the whole state of training in one file: killed, a run goes on from there.

Keras's BackupAndRestore keeps the weights and the optimizer, but neither what EarlyStopping knows
(its best weights, how long it has waited) nor the state of the dropout layers' random seeds. Without
those a resumed run ends with another model. Here every variable is kept, bit for bit.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import keras
import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.run_files import json_object, typed_value, write_whole

DAMAGES: Final = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a flag bit that zipfile does not know
)
"""What NumPy raises for a file that is none of its own, or no longer."""


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's EarlyStopping, whose memory can be saved and given back.

    Args:
        patience: epochs without a better figure before training stops.
        monitor: which figure.
        mode: `min` or `max`, what is better.
    """

    def __init__(self, patience: int, monitor: str = "val_loss", mode: str = "min") -> None:
        super().__init__(monitor, patience=patience, mode=mode, restore_best_weights=True)
        self._restored: dict[str, Any] = {}

    def memory(self) -> dict[str, Any]:
        """What it knows after an epoch: JSON values, but for the best weights."""
        best = None if self.best is None else float(self.best)
        return {"wait": self.wait, "best": best, "best_epoch": self.best_epoch}

    def restore(self, memory: dict[str, Any], best_weights: list[Any]) -> None:
        """Start the next `fit` with this memory."""
        self._restored = {**memory, "best_weights": best_weights}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget everything, as Keras does, then remember what was restored."""
        super().on_train_begin(logs)
        for name, value in self._restored.items():
            setattr(self, name, value)


class Checkpoint(keras.callbacks.Callback):
    """Save after each epoch; `restore` before `fit` to go on.

    Put it behind EarlyStopping in the list of callbacks, so that it saves what that one decided.

    Args:
        path: the file, `.npz`.
        early_stopping: whose memory to keep, if there is one.
        averaging: what puts averaged weights into the model at the end of an epoch, if anything does.

    Attributes:
        history: one dict an epoch: epoch (from 1), seconds, and Keras's figures.
        finished: whether training has come to its own end.
    """

    def __init__(
        self,
        path: Path,
        early_stopping: ResumableEarlyStopping | None = None,
        averaging: keras.callbacks.SwapEMAWeights | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self.early_stopping = early_stopping
        self.averaging = averaging
        self.history: list[dict[str, float]] = []
        self.finished = False
        self._began_at = 0.0

    @classmethod
    def of(cls, path: Path, config: TrainConfig, averaged_steps: float) -> "Checkpoint":
        """With the early stopping and the averaging that a run wants.

        Args:
            path: the file.
            config: settings.
            averaged_steps: that an average of the weights is over; none is kept of one or less.
        """
        stopping = ResumableEarlyStopping(config.patience) if config.early_stopping else None
        averages = averaged_steps > 1
        averaging = keras.callbacks.SwapEMAWeights(swap_on_epoch=True) if averages else None
        return cls(path, stopping, averaging)

    def among(
        self, first: keras.callbacks.Callback, last: keras.callbacks.Callback | None
    ) -> list[keras.callbacks.Callback]:
        """Callbacks for `fit`, in an order that works.

        Averaged weights come before early stopping, which keeps what is in the model; the saver comes behind
        it, to save what it decided.
        """
        callbacks = (first, self.averaging, self.early_stopping, self, last)
        return [callback for callback in callbacks if callback is not None]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._began_at = perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save everything in one step."""
        seconds = perf_counter() - self._began_at
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self.history.append({"epoch": epoch + 1, "seconds": seconds, **figures})
        self.finished = self.model.stop_training or epoch + 1 == self.params["epochs"]
        self._save()

    def restore(self, model: keras.Model) -> int:
        """Give `model` (compiled) the saved state; return the number of finished epochs, 0 if none.

        Raises:
            UserError: the file is damaged, or holds the state of another model, such as an older version's.
        """
        if not self.path.is_file():
            return 0
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        values, best, state = self._read()
        variables = _variables(model)
        self._check_shapes(variables, values)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.history = typed_value(state, "history", list, self.path)
        self.finished = typed_value(state, "finished", bool, self.path)
        if self.averaging is not None and not self.finished:
            _swap_averages(model)
        if self.early_stopping is not None:
            self.early_stopping.restore(typed_value(state, "early_stopping", dict, self.path), best)
            if self.finished:
                model.set_weights(best)
        return len(self.history)

    def _read(self) -> tuple[list[Any], list[Any], dict[str, Any]]:
        """Values of the variables, the best weights, and what else was saved."""
        try:
            with self.path.open("rb") as file, np.load(file) as saved:
                values, best = _numbered(saved, "variable"), _numbered(saved, "best")
                state = json_object(str(saved["state"]), self.path)
        except DAMAGES as error:
            raise UserError(
                f"`{self.path}` must be a checkpoint as training wrote it; put it back, or begin a new run. "
                f"Received: {str(error).partition(chr(10))[0]}"
            ) from None
        return values, best, state

    def _check_shapes(self, variables: list[keras.Variable], values: list[Any]) -> None:
        if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
            raise UserError(
                f"`{self.path}` must hold the {len(variables)} variables of this version's training; "
                f"begin a new run. Received: {len(values)} variables, written by another version"
            )

    def best_weights(self) -> list[Any] | None:
        """Weights of the best finished epoch, None without early stopping or before the first."""
        return None if self.early_stopping is None else self.early_stopping.best_weights

    def _save(self) -> None:
        best = self.best_weights() or []
        state = {
            "history": self.history,
            "finished": self.finished,
            "early_stopping": self.early_stopping.memory() if self.early_stopping else None,
        }
        arrays: dict[str, Any] = {"state": json.dumps(state)}
        arrays |= {f"variable_{n}": np.asarray(v) for n, v in enumerate(_variables(self.model))}
        arrays |= {f"best_{n}": weights for n, weights in enumerate(best)}
        write_whole(self.path, lambda file: np.savez(file, **arrays))


def _numbered(saved: Mapping[str, Any], name: str) -> list[Any]:
    """The arrays `name_0`, `name_1` and so on of a file."""
    count = sum(key.startswith(f"{name}_") for key in saved)
    return [saved[f"{name}_{number}"] for number in range(count)]


def _swap_averages(model: keras.Model) -> None:
    """Take averaged weights out of the model, and the last step's in.

    They were saved the other way round. The callback that trains would do it again: this is another.
    """
    swap = keras.callbacks.SwapEMAWeights()
    swap.set_model(model)
    swap.on_test_begin()


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Weights, seeds of the dropout layers, and the optimizer's moments and step count."""
    return [*model.variables, *model.optimizer.variables]
