"""Batches in a few shapes, for XLA compiles each anew: all of one size, in some five widths.

A width takes 3.6 seconds to compile on two cores. Widths of 8, 16, 24, 32 and 40 tokens then took 5 to 7 seconds
an epoch of Twitter_Data.csv, one of 40 twelve. A batch that lacks rows is filled up with rows of one unknown word and
weight 0, so that devices and hosts can share it.

An epoch's batches are a pure function of (seed, epoch), as on TensorFlow; their order is another.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.on_jax.exchange import IdRows
from keras_pipeline.numeric.token_ids import PADDING_ID, UNKNOWN_ID

Array = np.ndarray[Any, Any]
Batch = tuple[Array, Array, Array]

MOST_WIDTHS: Final = 5
EVALUATED_ROWS: Final = 256
_WIDTH_STEP: Final = 8


def widths(config: TrainConfig) -> list[int]:
    """To which batches are padded, rising; the last is the sequence length.

    Example:
    >>> widths(TrainConfig()), widths(TrainConfig(sequence_length=100)), widths(TrainConfig(sequence_length=5))
    ([8, 16, 24, 32, 40], [24, 48, 72, 96, 100], [5])
    """
    longest = config.sequence_length
    if not config.pad_to_longest:
        return [longest]
    step = _WIDTH_STEP * math.ceil(longest / MOST_WIDTHS / _WIDTH_STEP)
    return [*range(step, longest, step), longest]


@dataclasses.dataclass(frozen=True, eq=False)
class PaddedBatches:
    """Batches of rows, or this host's part of each.

    Args:
        rows: what to cut.
        config: batch size, seed, order.
        devices: that share a batch, those of all hosts together.
        host: number of this one.
        hosts: that share a batch.
    """

    rows: IdRows
    config: TrainConfig
    devices: int = 1
    host: int = 0
    hosts: int = 1

    def training_steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.rows) / self.config.batch_size)

    def training(self, first_epoch: int = 0) -> Iterator[Batch]:
        """Batches of every epoch from `first_epoch` on, without end.

        Yields:
            Ids `[size, width] int32`, targets `[size, classes] float32` and weights `[size] float32`. Weights are
            such that Keras's mean over all rows is that over the batch's own. With R-Drop each row stands there
            twice, the second time right behind the first, without the same words.
        """
        epoch = first_epoch
        while True:
            order, starts = self._epoch_order(epoch)
            for start in starts:
                numbers = order[start : start + self.config.batch_size]
                draw = self._draw(epoch, 1 + int(start))
                size = self._shared(self.config.batch_size)
                batch = self._batch(numbers, size, size / len(numbers), draw)
                ids, targets, weights = (np.repeat(p, self.config.readings, axis=0) for p in batch)
                yield ids, targets, weights
            epoch += 1

    def evaluation_steps(self) -> int:
        """Batches in an evaluation."""
        return math.ceil(len(self.rows) / EVALUATED_ROWS)

    def evaluation(self, number: int) -> Batch:
        """One of them, rows of like length together; weights are such that Keras's mean over all batches is exact."""
        numbers = self._by_length[number * EVALUATED_ROWS : (number + 1) * EVALUATED_ROWS]
        size = self._shared(EVALUATED_ROWS)
        return self._batch(numbers, size, self.evaluation_steps() * size / len(self.rows))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", np.cumsum(self.rows.lengths) - self.rows.lengths)
        object.__setattr__(self, "_by_length", np.argsort(self.rows.lengths, kind="stable"))
        object.__setattr__(self, "_widths", np.asarray(widths(self.config)))

    _starts: Array = dataclasses.field(init=False, repr=False)
    _by_length: Array = dataclasses.field(init=False, repr=False)
    _widths: Array = dataclasses.field(init=False, repr=False)

    def _shared(self, rows: int) -> int:
        """So many that devices can share them evenly."""
        return self.devices * math.ceil(rows / self.devices)

    def _epoch_order(self, epoch: int) -> tuple[Array, Array]:
        """As `keras_pipeline.fit.batches` draws it: rows by length and chance, then batches by chance."""
        draw = self._draw(epoch, 0)
        chance = draw.random(len(self.rows))
        if self.config.bucket_by_length:
            chance = self.rows.lengths + chance * max(self.config.bucket_spread, 1)
        starts = np.arange(0, len(self.rows), self.config.batch_size)
        return np.argsort(chance, kind="stable"), draw.permutation(starts)

    def _draw(self, epoch: int, number: int) -> np.random.Generator:
        key = np.array([self.config.seed, (epoch << 32) + number], np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def _batch(
        self, numbers: Array, size: int, weight: float, draw: np.random.Generator | None = None
    ) -> Batch:
        """Row numbers to this host's part of one padded batch; words are dropped where `draw` is given."""
        rows, filled = self.rows, (0, size - len(numbers))
        ids = np.pad(self._padded(numbers), (filled, (0, 0)))
        ids[len(numbers) :, 0] = UNKNOWN_ID  # cuDNN refuses a row of padding only
        if draw is not None and self.config.word_dropout:
            dropped = draw.random(ids.shape) < self.config.word_dropout
            ids[dropped & (ids != PADDING_ID)] = UNKNOWN_ID
        targets = np.pad(rows.targets[numbers], (filled, (0, 0)))
        weights = np.pad(rows.weights[numbers] * np.float32(weight), filled)
        mine = slice(size * self.host // self.hosts, size * (self.host + 1) // self.hosts)
        return ids[mine], targets[mine], weights[mine]

    def _padded(self, numbers: Array) -> Array:
        lengths = self.rows.lengths[numbers]
        width = self._widths[np.searchsorted(self._widths, lengths.max())]
        columns = np.arange(width)
        inside = columns < lengths[:, np.newaxis]
        ids = np.full(inside.shape, PADDING_ID, np.int32)
        ids[inside] = self.rows.ids[(self._starts[numbers][:, np.newaxis] + columns)[inside]]
        return ids
