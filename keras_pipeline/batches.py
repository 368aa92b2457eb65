"""Token ids in memory, and the batches of every epoch as a pure function of seed and epoch.

The string half runs once, in parallel, in tf.data; what stays is one flat array of ids (4 bytes a
token: 83 MB for 1.6 million tweets). An epoch's order depends on nothing but (seed, epoch), so a
resumed run sees the very batches it would have seen.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_pipeline.config import TrainConfig

_ENCODE_ROWS = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class TokenRows:
    """Encoded tweets.

    Attributes:
        ids: ragged `[rows, (time)] int32`.
        labels: class ids, `[rows] int64`.
    """

    ids: tf.RaggedTensor
    labels: tf.Tensor

    def __len__(self) -> int:
        return int(self.labels.shape[0])


def encode(
    to_ids: Callable[[tf.Tensor], tf.RaggedTensor], texts: Sequence[str], labels: Any
) -> TokenRows:
    """Run the string half over `texts` once: cleaner and vectorizer, in parallel.

    Args:
        to_ids: `[batch] string -> ragged [batch, (time)] int64`.
        texts: raw tweets.
        labels: their class ids.
    """
    dataset = tf.data.Dataset.from_tensor_slices(texts).batch(_ENCODE_ROWS)
    encoded = dataset.map(to_ids, num_parallel_calls=tf.data.AUTOTUNE)
    values, lengths = [], []
    for ids in encoded:
        values.append(ids.values.numpy().astype(np.int32))
        lengths.append(ids.row_lengths().numpy())
    rows = tf.RaggedTensor.from_row_lengths(np.concatenate(values), np.concatenate(lengths))
    return TokenRows(rows, tf.constant(labels, dtype=tf.int64))


def training_batches(
    rows: TokenRows, config: TrainConfig, first_epoch: int = 0
) -> tuple[tf.data.Dataset, int]:
    """Batches of every epoch from `first_epoch` on, without end, and the number of them an epoch.

    Each is `(ids [batch, time] int64, labels [batch] int64)`.
    """
    size = config.batch_size
    lengths = rows.ids.row_lengths()

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order, starts = _epoch_order(lengths, epoch, config)
        cut = tf.data.Dataset.from_tensor_slices(starts)
        return cut.map(lambda start: order[start : start + size])

    epochs = tf.data.Dataset.counter(first_epoch)
    return _gather(epochs.flat_map(epoch_batches), rows, config), -(-len(rows) // size)


def evaluation_batches(
    rows: TokenRows, config: TrainConfig, batch_size: int = 256
) -> tf.data.Dataset:
    """Batches in the rows' own order: `(ids [batch, time] int64, labels [batch] int64)`."""
    order = tf.data.Dataset.range(len(rows)).batch(batch_size)
    return _gather(order, rows, config)


def _epoch_order(
    lengths: tf.Tensor, epoch: tf.Tensor, config: TrainConfig
) -> tuple[tf.Tensor, tf.Tensor]:
    """A shuffled row order, `[rows] int32`, and the shuffled starts of its batches, `[batches]`.

    With buckets the rows are sorted by their length plus up to `bucket_spread` tokens of chance, and
    the order of the batches is what is random then.
    """
    chance = tf.random.stateless_uniform([tf.size(lengths)], _seeds(config.seed, 2 * epoch))
    if config.bucket_by_length:
        chance = tf.cast(lengths, tf.float32) + chance * max(config.bucket_spread, 1)
    order = tf.argsort(chance)
    starts = tf.range(0, tf.size(lengths), config.batch_size)
    draw = tf.random.stateless_uniform([tf.size(starts)], _seeds(config.seed, 2 * epoch + 1))
    return order, tf.gather(starts, tf.argsort(draw))


def _seeds(seed: int, draw: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(seed, tf.int64), tf.cast(draw, tf.int64)])


def _gather(order: tf.data.Dataset, rows: TokenRows, config: TrainConfig) -> tf.data.Dataset:
    """Row numbers to padded batches, ahead of the step that needs them."""
    width = None if config.pad_to_longest else config.sequence_length

    def take(numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids = tf.gather(rows.ids, numbers).to_tensor(shape=[None, width])
        return tf.cast(ids, tf.int64), tf.gather(rows.labels, numbers)

    return order.map(take, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
