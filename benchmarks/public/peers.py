"""The peers on public tables: scikit-learn and fastText, with settings that suit tables of every size.

Both learn from the whole training file, for they need no validation part. Their settings were chosen on
the validation files that figures are told for, which is to their advantage; the notes of `tfidf` and
`fast_text` say what was tried.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks.peers.fast_text import FastText
from benchmarks.peers.tfidf import Tfidf
from benchmarks.public.tables import LABEL_COLUMN, PublicTable, Scores

_TOKEN: Final = re.compile(r"\w+|[^\w\s]")

Array = np.ndarray[Any, Any]
Predict = Callable[[Any], Array]


def tokens(text: str) -> str:
    """Lower case, a space around each sign: fastText splits at whitespace and leaves the rest to its user.

    Words are those of every script.

    Example:
    >>> tokens("Así es!!")
    'así es ! !'
    """
    return " ".join(_TOKEN.findall(text.lower()))


def tfidf(table: PublicTable) -> Scores:
    """Percent of TF-IDF of words and of characters within them with a balanced logistic regression."""
    return _scored(
        table, lambda texts, labels: Tfidf(characters="char_wb").fit(texts, labels).predict
    )


def fast_text(table: PublicTable, seed: int) -> Scores:
    """Percent of fastText."""
    return _scored(
        table, lambda texts, labels: FastText.train(texts, labels, seed, clean=tokens).predict
    )


def _scored(table: PublicTable, fit: Callable[[Array, Array], Predict]) -> Scores:
    """Percent of the function that `fit` makes of raw texts and class ids."""
    rows = table.training_rows()
    names, labels = np.unique(rows[LABEL_COLUMN].to_numpy(dtype=str), return_inverse=True)
    predict = fit(rows["text"].to_numpy(dtype=object), labels)
    answers = predict(table.scored_rows()["text"].to_numpy(dtype=object)).argmax(axis=1)
    return table.score(names[answers].tolist())
