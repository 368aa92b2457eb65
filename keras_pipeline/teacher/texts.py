"""What the teacher is asked about: the training rows, texts without labels, and random runs of their words.

Nothing that stands, once cleaned, in the validation or the test part; of what has no label, nothing that stands
in the table at all: training would leave it out.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from keras_pipeline.data_source import DataSource
from keras_pipeline.fit.words.encoder_files import AUTO
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.table.chunks import read_chunks
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.table.splits import Splits
from keras_pipeline.table.unlabelled import are_new
from keras_pipeline.teacher.settings import TeacherSettings, unlabelled_source

LEAST_WORDS: Final = 3
"""Of a phrase; a text gives one where it has two words more."""

_ROWS: Final = 10_000


def texts_to_ask(
    tweets: Tweets, splits: Splits, source: DataSource, settings: TeacherSettings, seed: int
) -> list[str]:
    """Each text once, the training rows' first.

    Raises:
        UserError: the unlabelled texts cannot be read.
    """
    learned = tweets.texts[splits.train].tolist()
    path = settings.unlabelled_file()
    if settings.unlabelled == AUTO and tweets.label_names != SENTIMENTS:
        path = None
    more = [] if path is None else _new(_unlabelled(path, source), tweets)
    phrases = _new(phrases_of([*learned, *more], settings.phrases, seed), tweets)
    return [text for text in dict.fromkeys([*learned, *more, *phrases]) if _can_be_written(text)]


def phrases_of(texts: Sequence[str], each: int, seed: int) -> list[str]:
    """`each` random runs of a text's words, three at least and never all; each phrase once.

    Example:
    >>> phrases_of(["so good", "a b c d e"], 1, seed=3)
    ['a b c d']
    """
    draw = np.random.default_rng(seed)
    found = []
    for words in map(str.split, texts):
        for _ in range(each if len(words) > LEAST_WORDS + 1 else 0):
            length = draw.integers(LEAST_WORDS, len(words))
            start = draw.integers(0, len(words) - length + 1)
            found.append(" ".join(words[start : start + length]))
    return list(dict.fromkeys(found))


def _unlabelled(path: Path, source: DataSource) -> Iterable[str]:
    how = unlabelled_source(path, source)
    for chunk in read_chunks(path, how, labelled=False):
        (text,) = how.found_columns(list(chunk), labelled=False)
        yield from chunk[text].dropna().tolist()


def _new(texts: Iterable[str], tweets: Tweets) -> list[str]:
    """Those that the table does not have once cleaned, and of which something is left then."""
    every = list(dict.fromkeys(texts))
    kept: list[str] = []
    for start in range(0, len(every), _ROWS):
        piece = np.array(every[start : start + _ROWS], dtype=object)
        kept += piece[are_new(piece, tweets)[0]].tolist()
    return kept


def _can_be_written(text: str) -> bool:
    """A CSV holds no NUL."""
    return "\0" not in text
