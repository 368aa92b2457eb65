"""Limits of use of a model, as its card tells them: they follow its settings, its words and its classes."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from export.settings import LEAST_ROWS_A_CLASS
from export.start.shown import listed

_SENTIMENTS: Final = {"negative", "neutral", "positive"}
_LEAST_SHARE: Final = 0.01
"""Of the vocabulary: a script with less of it is one or two words that somebody quoted."""


def limits_of_use(
    config: Mapping[str, Any],
    labels: Sequence[str],
    words: Sequence[str],
    rows: Mapping[str, int],
    *,
    ours: bool = True,
) -> list[str]:
    """One sentence a limit.

    Args:
        config: hyperparameters of the run.
        labels: name of each class.
        words: the vocabulary.
        rows: of the run's test part, by class.
        ours: whether this project trained the model, and knows how it cleans and cuts.
    """
    irony = "; irony is often missed" if set(labels) == _SENTIMENTS else ""
    scarce = [name for name in labels if rows.get(name, 0) < LEAST_ROWS_A_CLASS]
    few = (
        f"Fewer than {LEAST_ROWS_A_CLASS} rows of the test part are of {listed(scarce)}: figures of such a class "
        "tell little."
    )
    return [
        *([_languages(words)] if ours or words else []),
        *([_length(config)] if ours else []),
        f"Labels are a person's view of a text out of its context{irony}.",
        f"A text that belongs to none of the {len(labels):,} classes gets one of them all the same.",
        "A probability is the model's confidence on data like its training data, not a fact about a person.",
        *([few] if scarce else []),
    ]


def _length(config: Mapping[str, Any]) -> str:
    length = config.get("sequence_length")
    first = f"first {length:,} tokens" if isinstance(length, int) else "first tokens"
    return f"Only the {first} of a text count; what cleaning removes is not read."


def _languages(words: Iterable[str]) -> str:
    """What it can read, by the letters of the words that it knows."""
    scripts, accented = Counter[str](), False
    for word in words:
        letter = next(filter(str.isalpha, word), None)
        if letter is not None:
            # LATIN SMALL LETTER A, CJK UNIFIED IDEOGRAPH-4F60
            scripts[unicodedata.name(letter, "UNKNOWN").split()[0].capitalize()] += 1
        accented = accented or not word.isascii()
    known = scripts.total() or 1
    named = [
        f"{'CJK' if name == 'Cjk' else name} ({count / known:.0%})"
        for name, count in scripts.most_common()
        if count >= _LEAST_SHARE * known
    ]
    if scripts.keys() <= {"Latin"} and not accented:
        return (
            "Its words are of the letters a to z alone: words of other letters are unknown to it, or removed "
            "by cleaning, and other languages are mostly unknown words."
        )
    return (
        f"Its words are in these scripts: {listed(named)}. Languages that its training table lacks are mostly "
        "unknown words, whatever their script."
    )
