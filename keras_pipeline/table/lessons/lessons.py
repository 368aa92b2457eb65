"""Sentences made of templates, for English tables of negative, neutral and positive.

What people write holds few sentences such as "I used to like it", "not good", "they love it, I don't": averages
hardly show them, and a network learns to count words. Some thousand that are made up, and that weigh little
beside the others, are enough to teach what turns an opinion round (docs/training.md).
"""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.table.lessons.templates import (
    NEGATIVE,
    NEUTRAL,
    NOT_NEGATIVE,
    POSITIVE,
    RATHER_NEGATIVE,
    RATHER_POSITIVE,
    TEMPLATES,
)
from keras_pipeline.table.lessons.words import WORDS
from keras_pipeline.table.stored_texts import Texts

WEIGHT: Final = 0.5
"""Of a sentence beside that of a row in the mean; more and fewer in docs/log.md."""

ROWS_A_LESSON: Final = 4
MOST_LESSONS: Final = 20_000

_SHARES: Final = {
    NEGATIVE: 20,
    POSITIVE: 16,
    NOT_NEGATIVE: 16,
    NEUTRAL: 18,
    RATHER_NEGATIVE: 2,
    RATHER_POSITIVE: 2,
}
_TEXTS_LOOKED_AT: Final = 4000
_ENGLISH: Final = re.compile(r"\b(?:the|and|you|this|that|with)\b", re.IGNORECASE)
_LEAST_ENGLISH: Final = 0.4
"""Of ten English tables 53 to 75 % of the texts hold such a word; of Hindi written in Latin letters, which
borrows most, 23 %; of six other languages at most 2 %."""

_SLOT: Final = re.compile(r"\{(\w+)\}")
_ENDS: Final = ("", "", "", "", ".", ".", "!", "..")


def are_taught(texts: Texts, label_names: Sequence[str]) -> bool:
    """Whether the sentences suit a table: its classes are the three sentiments, and it is English.

    Args:
        texts: that are learned from, `[rows]` str; some thousand of them are looked at.
        label_names: of its classes.
    """
    if tuple(label_names) != SENTIMENTS:
        return False
    some = texts[:: -(-len(texts) // _TEXTS_LOOKED_AT)]
    return sum(bool(_ENGLISH.search(text)) for text in some) >= _LEAST_ENGLISH * len(some)


def lessons(rows: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Sentences for a table of so many rows, and probabilities of negative, neutral and positive.

    Args:
        rows: to learn from.
        seed: draws their words.

    Returns:
        `[lessons]` str, different ones, and `[lessons, 3] float32`.
    """
    number = min(rows // ROWS_A_LESSON, MOST_LESSONS)
    drawn = dict(_drawn(number, random.Random(seed)))  # noqa: S311 (nothing secret)
    return list(drawn), np.array(list(drawn.values()), np.float32).reshape(-1, len(SENTIMENTS))


def _drawn(number: int, draw: random.Random) -> Iterator[tuple[str, tuple[float, ...]]]:
    for answer, templates in TEMPLATES.items():
        share = number * _SHARES[answer] // sum(_SHARES.values())
        # Each template as often as the others, those of a small table in no order.
        turns = [templates[turn % len(templates)] for turn in range(share)]
        if share < len(templates):
            turns = draw.sample(templates, share)
        yield from ((_sentence(template, draw), answer) for template in turns)


def _sentence(template: str, draw: random.Random) -> str:
    """With words in its slots, as people write: with and without a capital and a full stop."""
    text = _SLOT.sub(lambda slot: draw.choice(WORDS[slot[1]]), template)
    text = re.sub(r"\ba (?=[aeio]|u[gnpt])", "an ", text)
    text = draw.choice((text, text[0].upper() + text[1:]))
    return text + draw.choice(_ENDS)
