"""Token ids in memory, and the batches of every epoch as a pure function of seed and epoch.

The string half runs once, in parallel, in tf.data; what stays is one flat array of ids (2 bytes a
token: 42 MB for 1.6 million tweets; 4 where the vocabulary has more than 65,536 words). An epoch's order depends on nothing but (seed, epoch), so a
resumed run sees the very batches it would have seen.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.replicas import Batch, even_batch
from keras_pipeline.numeric.token_ids import PADDING_ID, UNKNOWN_ID
from keras_pipeline.table.stored_texts import text_batches
from keras_pipeline.table.training_rows import TextRows

Array = np.ndarray[Any, Any]

_LARGEST_SMALL_ID: Final = np.iinfo(np.uint16).max


@dataclasses.dataclass(frozen=True, eq=False)
class TokenRows:
    """Encoded tweets and what they teach.

    Attributes:
        ids: ragged `[rows, (time)]`, uint16 or int32.
        targets: probabilities to learn, `[rows, classes] float32`; one 1 where the label is certain.
        weights: how much each row counts, `[rows] float32`.
    """

    ids: tf.RaggedTensor
    targets: tf.Tensor
    weights: tf.Tensor

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    def take(self, rows: Array) -> "TokenRows":
        """Those of these numbers, `[n] int`, in their order."""
        return TokenRows(*(tf.gather(part, rows) for part in self._parts()))

    def __add__(self, other: "TokenRows") -> "TokenRows":
        """The rows of both, those of `other` behind."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return TokenRows(*(tf.concat(pair, axis=0) for pair in pairs))

    def _parts(self) -> tuple[Any, ...]:
        return self.ids, self.targets, self.weights


def encode(to_ids: Callable[[tf.Tensor], tf.RaggedTensor], rows: TextRows, words: int) -> TokenRows:
    """Run the string half over the texts once: cleaner and vectorizer, in parallel.

    Args:
        to_ids: `[batch] string -> ragged [batch, (time)] int64`.
        rows: raw tweets with their targets and weights.
        words: in the vocabulary; each id is smaller.
    """
    encoded = text_batches(rows.texts).map(to_ids, num_parallel_calls=tf.data.AUTOTUNE)
    dtype = np.uint16 if words - 1 <= _LARGEST_SMALL_ID else np.int32
    values, lengths = [], []
    for ids in encoded:
        values.append(ids.values.numpy().astype(dtype))
        lengths.append(ids.row_lengths().numpy().astype(np.int32))
    ids = tf.RaggedTensor.from_row_lengths(np.concatenate(values), np.concatenate(lengths))
    return TokenRows(ids, tf.constant(rows.targets), tf.constant(rows.weights))


def training_batches(
    rows: TokenRows, config: TrainConfig, first_epoch: int = 0, replicas: int = 1
) -> tuple[tf.data.Dataset, int]:
    """Batches of every epoch from `first_epoch` on, without end, and the number of them an epoch.

    Each is `(ids [batch, time] int64, targets [batch, classes] float32, weights [batch] float32)`, with rows
    added where several replicas could not share it evenly. With R-Drop each row stands there twice, the
    second time right behind the first, without the same words.
    """
    size = config.batch_size
    lengths = rows.ids.row_lengths()

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order, starts = _epoch_order(lengths, epoch, config)
        cut = tf.data.Dataset.from_tensor_slices(starts)
        return cut.map(lambda start: (order[start : start + size], epoch))

    def batch(numbers: tf.Tensor, epoch: tf.Tensor) -> Batch:
        ids, targets, weights = _take(rows, numbers, config)
        seeds = tf.random.experimental.stateless_fold_in(_seeds(config.seed, epoch), numbers[0])
        return _drop_words(ids, seeds, config), targets, weights

    batches = tf.data.Dataset.counter(first_epoch).flat_map(epoch_batches)
    return _ahead(batches, batch, replicas, config.readings), step_count(rows, config)


def step_count(rows: TokenRows, config: TrainConfig) -> int:
    """Batches in one epoch, the last one smaller than the others or not."""
    return -(-len(rows) // config.batch_size)


def evaluation_batches(
    rows: TokenRows, config: TrainConfig, batch_size: int = 256, replicas: int = 1
) -> tf.data.Dataset:
    """Batches in the rows' own order, of the same three parts."""
    order = tf.data.Dataset.range(len(rows)).batch(batch_size)
    return _ahead(order, lambda numbers: _take(rows, numbers, config), replicas)


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


def _take(rows: TokenRows, numbers: tf.Tensor, config: TrainConfig) -> Batch:
    """Row numbers to one padded batch."""
    width = None if config.pad_to_longest else config.sequence_length
    ids = tf.cast(tf.gather(rows.ids, numbers).to_tensor(shape=[None, width]), tf.int64)
    return ids, tf.gather(rows.targets, numbers), tf.gather(rows.weights, numbers)


def _drop_words(ids: tf.Tensor, seeds: tf.Tensor, config: TrainConfig) -> tf.Tensor:
    """Make a share of the words unknown; padding stays."""
    if not config.word_dropout:
        return ids
    dropped = tf.random.stateless_uniform(tf.shape(ids), seeds) < config.word_dropout
    return tf.where(dropped & (ids != PADDING_ID), tf.constant(UNKNOWN_ID, tf.int64), ids)


def _ahead(
    order: tf.data.Dataset, batch: Callable[..., Batch], replicas: int, readings: int = 1
) -> tf.data.Dataset:
    """Make the batches ahead of the step that needs them."""

    def whole(*where: tf.Tensor) -> Batch:
        made = batch(*where) if replicas == 1 else even_batch(batch(*where), replicas)
        if readings == 1:
            return made
        ids, targets, weights = (tf.repeat(part, readings, axis=0) for part in made)
        return ids, targets, weights

    return order.map(whole, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
