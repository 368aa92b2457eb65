"""What each word of a text does to its answer: it is left out, and the answer to the rest is looked at.

    "so sad today"  ->  ids 12 80 31           the string half runs once
        80 31 . | 12 31 . | 12 80 . | 12 80 31     every word left out, and none
    classifier of these rows, in groups  ->  probabilities
    effect of a word = probability of the text - probability without it

A text of n tokens makes n + 1 rows. They go through the classifier by the same ops as every answer does, some
hundred at a time, so the memory does not grow with the texts.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import tensorflow as tf

from export.signatures import EFFECTS, KNOWN, PROBABILITIES, TOKENS

ROWS_AT_ONCE: Final = 512
"""Rows that go through the classifier in one step; docs/serving-graph.md has the times of other numbers."""


class Tokens(NamedTuple):
    """What a string half makes of texts.

    Attributes:
        ids: `[batch, time] int64`, padded with 0 at the right.
        words: the same tokens as text, `[batch, time] string`, padded with "".
        known: whether the vocabulary has each, `[batch, time] bool`.
    """

    ids: tf.Tensor
    words: tf.Tensor
    known: tf.Tensor


def explanations(
    tokens: Callable[[tf.Tensor], Tokens],
    classifier: Callable[[tf.Tensor], tf.Tensor],
    text: tf.Tensor,
    classes: int,
) -> dict[str, tf.Tensor]:
    """The outputs of the signature `explain`, see `export.signatures`.

    Args:
        tokens: the string half.
        classifier: `[rows, time] int64 -> [rows, classes] float32`.
        text: `[batch] string`; no rows are fine.
        classes: how many.
    """
    # An empty text is read along: what it gives is what is left of a text of one word.
    ids, words, known = tokens(tf.concat([text, [""]], axis=0))
    nothing, words, known, ids = ids[-1], _without_stand_in(words), known[:-1], ids[:-1]
    rows, places, ends = _left_out(tf.math.count_nonzero(words != "", axis=1, dtype=tf.int32))
    nobody = tf.zeros([0, classes])
    found = _in_groups(classifier, ids, nothing, (rows, places), nobody)
    probabilities = tf.gather(found, ends)
    batch, time = tf.unstack(tf.shape(ids))
    # The row of a text as it is stands behind its last word, at a place that there is not always: cut off again.
    effects = tf.scatter_nd(
        tf.stack([rows, places], axis=1),
        tf.gather(probabilities, rows) - found,
        [batch, time + 1, classes],
    )
    return {TOKENS: words, KNOWN: known, EFFECTS: effects[:, :-1], PROBABILITIES: probabilities}


def _without_stand_in(words: tf.Tensor) -> tf.Tensor:
    """The words, but for the one that stands in for an empty text, of which the last row is made."""
    alone = tf.math.count_nonzero(words != "", axis=1, dtype=tf.int32) == 1
    stands_in = tf.logical_and(alone[:, tf.newaxis], words[:, :1] == words[-1:, :1])
    return tf.where(stands_in, "", words)[:-1]


def _left_out(counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Every word of every text, and one place more, as one list.

    Args:
        counts: words of each text, `[batch] int32`.

    Returns:
        Of each entry the text and the place of the word, `[entries] int32`; and the last entry of each text,
        which leaves nothing out, `[batch] int32`.
    """
    ends = tf.cumsum(counts + 1)
    zeros = tf.zeros_like(counts)
    ranges = tf.raw_ops.RaggedRange(starts=zeros, limits=counts + 1, deltas=zeros + 1)
    places = ranges.rt_dense_values
    rows = tf.searchsorted(ends, tf.range(tf.shape(places)[0]), side="right")
    return rows, places, ends - 1


def _in_groups(
    classifier: Callable[[tf.Tensor], tf.Tensor],
    ids: tf.Tensor,
    nothing: tf.Tensor,
    entries: tuple[tf.Tensor, tf.Tensor],
    found: tf.Tensor,
) -> tf.Tensor:
    """Answers to the texts with a word left out, `[entries, classes] float32`.

    Args:
        classifier: see `explanations`.
        ids: `[batch, time] int64`.
        nothing: the ids of a text without words, `[time] int64`.
        entries: rows and places, see `_left_out`.
        found: `[0, classes] float32`, what the answers are put behind.
    """
    rows, places = entries
    ids = tf.pad(ids, [[0, 0], [0, 1]])
    steps = tf.range(tf.shape(nothing)[0])

    def group(start: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        end = start + ROWS_AT_ONCE
        behind = steps > places[start:end, tf.newaxis] - 1
        kept = tf.gather(
            tf.gather(ids, rows[start:end]), steps + tf.cast(behind, tf.int32), batch_dims=1
        )
        kept = tf.where(kept[:, :1] == 0, nothing, kept)
        return end, tf.concat([found, classifier(kept)], axis=0)

    return tf.while_loop(
        lambda start, _: start < tf.shape(rows)[0],
        group,
        [0, found],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, found.shape[1]])],
        parallel_iterations=1,  # so that one group is in memory
    )[1]
