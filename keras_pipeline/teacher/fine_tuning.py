"""The encoder and its new layer learn the training rows; killed, they go on from the last checkpoint.

AdamW with a warm-up and a cosine, batches of similar length, classes weighed as in a run. The epoch with the
best validation macro F1 is kept: later ones are right more often, and more certain than they should be, which
the temperature mends. For Keras an epoch comes in parts of a few hundred steps, each of which is saved.
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import accuracy_score, f1_score, log_loss

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.checkpoint import Checkpoint, ResumableEarlyStopping
from keras_pipeline.fit.divergence import StopOnDivergence
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.table.splits import Splits
from keras_pipeline.table.training_rows import weights_by_class
from keras_pipeline.teacher.answers import logits_of, probabilities
from keras_pipeline.teacher.settings import TeacherSettings

if TYPE_CHECKING:
    from keras_pipeline.teacher.encoder import Pieces  # which imports KerasHub: seconds

STEPS_BETWEEN_CHECKPOINTS: Final = 300
WARMUP: Final = 0.1
"""Share of the steps."""

_SPREAD: Final = 8
"""Pieces by which rows of one batch may differ in length."""

_JUDGED: Final = "val_macro_f1"

Array = np.ndarray[Any, Any]


def fine_tune(
    model: keras.Model,
    pieces: "Pieces",
    tweets: Tweets,
    splits: Splits,
    *,
    config: TrainConfig,
    settings: TeacherSettings,
    checkpoint: Path,
) -> list[dict[str, float]]:
    """Train `model` on the training rows; its weights are then those of the best epoch.

    Returns:
        The figures of each epoch, on the validation part.

    Raises:
        UserError: training diverged, or the checkpoint is damaged.
        DiskError: there is no room for the checkpoint.
    """
    rows = _TrainingPieces(pieces, tweets, splits, config, settings.batch_size)
    _compile(model, settings, rows.steps * rows.parts * settings.epochs)
    best = _BestEpoch()
    saver = Checkpoint(checkpoint, best)
    judge = _Judge(pieces, tweets, splits.validation, rows.parts)
    done = saver.restore(model)
    if not saver.finished:
        model.fit(
            rows.batches(first_part=done),
            steps_per_epoch=rows.steps,
            initial_epoch=done,
            epochs=rows.parts * settings.epochs,
            callbacks=[StopOnDivergence("--teacher-learning-rate"), judge, best, saver],
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
        )
    model.set_weights(saver.best_weights() or model.get_weights())
    judged = [part for part in saver.history if _JUDGED in part]
    names = ("val_loss", "val_accuracy", _JUDGED)
    return [{name: part[name] for name in names} for part in judged]


def figures(logits: Array, labels: Array) -> dict[str, float]:
    """Loss, accuracy and macro F1 of the answers to rows with labels."""
    answers, classes = probabilities(logits), np.arange(logits.shape[1])
    return {
        "loss": float(log_loss(labels, answers, labels=classes)),
        "accuracy": float(accuracy_score(labels, answers.argmax(axis=1))),
        "macro_f1": float(
            f1_score(labels, answers.argmax(axis=1), labels=np.unique(labels), average="macro")
        ),
    }


class _TrainingPieces:
    """The training rows as word pieces; an epoch's batches are a pure function of (seed, epoch)."""

    def __init__(
        self, pieces: "Pieces", tweets: Tweets, splits: Splits, config: TrainConfig, batch_size: int
    ) -> None:
        self._pieces, self._seed = pieces, config.seed
        self._ids = pieces(tweets.texts[splits.train].tolist())
        self._labels = tweets.labels[splits.train]
        self._weights = weights_by_class(splits, config)[self._labels]
        steps = math.ceil(len(self._ids) / batch_size)
        self.parts = math.ceil(steps / STEPS_BETWEEN_CHECKPOINTS)
        self.steps = math.ceil(steps / self.parts)

    def batches(self, first_part: int) -> tf.data.Dataset:
        """`(ids [batch, pieces] int32, labels [batch] int64, weights [batch] float32)`, without end."""
        signature = (
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.float32),
        )
        return tf.data.Dataset.from_generator(
            lambda: self._from(first_part), output_signature=signature
        ).prefetch(2)

    def _from(self, part: int) -> Iterator[tuple[Array, Array, Array]]:
        while True:
            epoch, number = divmod(part, self.parts)
            for rows in self._epoch(epoch)[number * self.steps :][: self.steps]:
                ids = self._pieces.batch([self._ids[row] for row in rows])
                yield ids, self._labels[rows], self._weights[rows]
            part += 1

    def _epoch(self, epoch: int) -> list[Array]:
        """Row numbers of each batch: similar lengths in one, the batches shuffled."""
        draw = np.random.default_rng([self._seed, epoch])
        lengths = np.array([len(ids) for ids in self._ids])
        order = np.argsort(lengths + draw.uniform(0, _SPREAD, len(lengths)))
        count = min(self.parts * self.steps, len(order))
        batches = np.array_split(order, count)
        return [batches[number] for number in draw.permutation(count)]


class _BestEpoch(ResumableEarlyStopping):
    """Remembers the weights of the best epoch, and stops nothing."""

    def __init__(self) -> None:
        super().__init__(patience=sys.maxsize, monitor=_JUDGED, mode="max")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Only where an epoch is over, not a part of it."""
        if _JUDGED in (logs or {}):
            super().on_epoch_end(epoch, logs)


class _Judge(keras.callbacks.Callback):
    """Asks the validation part at the end of an epoch, and puts the figures among Keras's."""

    def __init__(self, pieces: "Pieces", tweets: Tweets, rows: Array, parts: int) -> None:
        super().__init__()
        self._pieces, self._parts = pieces, parts
        self._texts, self._labels = tweets.texts[rows].tolist(), tweets.labels[rows]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell the figures, too."""
        if (epoch + 1) % self._parts or logs is None:
            return
        found = figures(logits_of(self.model, self._pieces, self._texts), self._labels)
        logs.update({f"val_{name}": value for name, value in found.items()})
        print(f"\nTeacher, epoch {(epoch + 1) // self._parts}, validation: {shown(found)}")


def shown(found: dict[str, float]) -> str:
    """Figures in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in found.items())


def _compile(model: keras.Model, settings: TeacherSettings, steps: int) -> None:
    warmup = max(1, round(WARMUP * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 25,
        max(1, steps - warmup),
        warmup_target=settings.learning_rate,
        warmup_steps=warmup,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.01, global_clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # XLA would compile anew for every batch width.
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
