"""What the numeric half learns from: raw texts, the probabilities to learn, and how much each counts.

labelled tweets      one 1 at the label, weighed by class
opinions' spans      the part of a tweet that carries its sentiment, as one more row
lessons              made-up sentences that turn an opinion round, where they suit the table
a teacher's answers  mixed into the labels, and tweets that have no label but the teacher's
"""

import dataclasses
from typing import Any

import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import SHORTEST_CLEANED, Tweets, measure
from keras_pipeline.table.lessons.lessons import WEIGHT, are_taught, lessons
from keras_pipeline.table.printed import Cells
from keras_pipeline.table.soft_labels import SoftLabels
from keras_pipeline.table.splits import Splits
from keras_pipeline.table.stored_texts import Texts, joined
from keras_pipeline.table.unlabelled import are_new

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class TextRows:
    """Rows in one order.

    Attributes:
        texts: raw tweets, `[rows]` str.
        targets: probabilities to learn, `[rows, classes] float32`.
        weights: how much each row counts, `[rows] float32`.
    """

    texts: Texts
    targets: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Array) -> "TextRows":
        """Those of these numbers, `[n] int`, in their order."""
        parts = (getattr(self, field.name)[rows] for field in dataclasses.fields(self))
        return TextRows(*parts)

    def __add__(self, other: "TextRows") -> "TextRows":
        """The rows of both, those of `other` behind."""
        return TextRows(
            joined(self.texts, other.texts),
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.weights, other.weights]),
        )


def training_rows(
    tweets: Tweets, splits: Splits, config: TrainConfig, soft: SoftLabels | None = None
) -> tuple[TextRows, Cells]:
    """Everything that a run with these settings learns from, and an account of it.

    Args:
        tweets: all rows.
        splits: which of them to learn from.
        config: class weights, spans and the teacher's share.
        soft: a teacher's answers.
    """
    weights = weights_by_class(splits, config)
    rows = _labelled(tweets.texts[splits.train], tweets.labels[splits.train], weights)
    account: list[list[object]] = []
    if soft is not None:
        rows, taught = _mixed(rows, tweets, splits, soft, config.soft_weight)
        more = _unlabelled(soft, tweets, weights, config.soft_weight)
        rows += more
        account += [
            ["rows with soft labels", taught],
            ["further rows, soft labels only", len(more)],
        ]
    if config.span_rows and tweets.spans is not None:
        spans = _labelled(*_spans(tweets, splits), weights)
        rows += spans
        account += [["further rows, opinions' spans", len(spans)]]
    if config.lessons and are_taught(rows.texts, tweets.label_names):
        taught_by = _lessons(rows, config.seed)
        rows += taught_by
        account += [["further rows, made-up sentences", len(taught_by)]]
    return rows, account


def _lessons(rows: TextRows, seed: int) -> TextRows:
    sentences, targets = lessons(len(rows), seed)
    texts = np.array(sentences, dtype=object)
    weights = np.full(len(texts), WEIGHT * rows.weights.mean(), np.float32)
    return TextRows(texts, targets, weights)


def validation_rows(tweets: Tweets, splits: Splits) -> TextRows:
    """The validation part; each row counts the same."""
    rows = splits.validation
    equal = np.ones(len(tweets.label_names), np.float32)
    return _labelled(tweets.texts[rows], tweets.labels[rows], equal)


def _labelled(texts: Texts, labels: Array, class_weights: Array) -> TextRows:
    targets = np.eye(len(class_weights), dtype=np.float32)[labels]
    return TextRows(texts, targets, class_weights[labels])


def _spans(tweets: Tweets, splits: Splits) -> tuple[Texts, Array]:
    """Spans of the training rows that are an opinion, none of them a held-out tweet once cleaned.

    A neutral row's span is its whole text: nothing new.
    """
    assert tweets.spans is not None
    names = np.array(tweets.label_names)
    rows = splits.train[names[tweets.labels[splits.train]] != "neutral"]
    lengths, twins = measure(tweets.spans[rows])
    held_out = tweets.twins[np.concatenate([splits.validation, splits.test])]
    rows = rows[(lengths >= SHORTEST_CLEANED) & ~np.isin(twins, held_out)]
    return tweets.spans[rows], tweets.labels[rows]


def mixed_with(targets: Array, answers: Array, share: float) -> Array:
    """Labels with a teacher's answers in them: `[rows, classes] float32` both.

    Cross-entropy is linear in the target, so that the mixed target's loss is the mix of the losses.
    """
    return ((1 - share) * targets + share * answers).astype(np.float32)


def answered_rows(texts: Texts, answers: Array, class_weights: Array, share: float) -> TextRows:
    """Texts that have no label but a teacher's answer.

    They have the soft part of a labelled row's loss: `share` times the expected class weight.
    """
    return TextRows(texts, answers, share * (answers @ class_weights))


def weights_by_class(splits: Splits, config: TrainConfig) -> Array:
    """What a row of each class weighs, `[classes] float32`."""
    weights = [splits.class_weights[label] for label in range(len(splits.class_weights))]
    return np.array(weights if config.class_weights else np.ones(len(weights)), np.float32)


def _mixed(
    rows: TextRows, tweets: Tweets, splits: Splits, soft: SoftLabels, share: float
) -> tuple[TextRows, int]:
    """Training rows with the teacher's answers mixed into their labels, and how many got one."""
    position = soft.match(_keys(tweets, soft)[splits.train])
    taught = position >= 0
    targets = rows.targets.copy()
    answers = soft.probabilities[position[taught]]
    targets[taught] = mixed_with(targets[taught], answers, share)
    return dataclasses.replace(rows, targets=targets), int(taught.sum())


def _unlabelled(soft: SoftLabels, tweets: Tweets, class_weights: Array, share: float) -> TextRows:
    """Tweets that only the teacher knows; none that stands, once cleaned, in the table."""
    keys = soft.keys if soft.by == "text" else soft.keys[:0]
    new = np.flatnonzero(are_new(keys, tweets)[0])
    return answered_rows(keys[new], soft.probabilities[new], class_weights, share)


def _keys(tweets: Tweets, soft: SoftLabels) -> Texts:
    if soft.by == "text":
        return tweets.texts
    if tweets.ids is None:
        raise UserError(
            "`soft_labels` name rows by id, so the table must have that column, too (--id-column). "
            "Received: a table without it"
        )
    return tweets.ids
