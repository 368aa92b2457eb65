"""Check of the gate: `explain` tells what happens to the Keras model's answers where a word is left out.

The reference shares nothing with the graph but the layers: it splits and leaves out in Python, and asks Keras.
"""

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.errors import GateError
from export.gate.answer_checks import NASTY
from export.gate.fresh_process import Run
from export.served.explained import Explained
from export.served.questions import WrongAnswerError
from export.signatures import EXPLAIN_SIGNATURE
from export.start.utf8 import encode_text

EXPLAIN: Final = "explain"
"""Name of the check."""

_TEXTS: Final = len(NASTY) + 36
_MOST_ROWS: Final = 512
"""What the client's largest request has."""
_FIRST_WORD: Final = 2

Array = np.ndarray[Any, Any]


def explained(
    model: Any, texts: Sequence[str | bytes], tolerance: float, count: int = _TEXTS
) -> Explained:
    """The reference.

    Args:
        model: `export.graph.serving_graph.can_explain` holds of it.
        texts: the gate's questions.
        tolerance: of a probability.
        count: how many of them to explain; each word of each is an answer of the Keras model.
    """
    raw = [encode_text(text) for text in texts[:count]]
    ids = np.asarray(model.token_ids(tf.constant([*raw, b""], tf.string)))
    *split, stand_in = _split(model, [*raw, b""], ids.shape[1])
    words = [[] if tokens == stand_in else tokens for tokens in split]
    left_out = [
        _left_out(row, ids[-1], len(tokens)) for row, tokens in zip(ids, words, strict=False)
    ]
    rows = np.concatenate([*left_out, ids[:-1]])
    answers = np.asarray(model.classifier.predict(rows, batch_size=512, verbose=0))
    probabilities = answers[len(rows) - len(raw) :]
    ends = np.cumsum([0, *map(len, words)])
    vocabulary = {word.encode() for word in model.vectorizer.get_vocabulary()[_FIRST_WORD:]}
    return Explained(
        raw,
        words,
        [[word in vocabulary for word in tokens] for tokens in words],
        [
            probabilities[row] - answers[start:end]
            for row, (start, end) in enumerate(itertools.pairwise(ends))
        ],
        probabilities,
        tolerance,
    )


def _split(model: Any, texts: Sequence[bytes], time: int) -> list[list[bytes]]:
    """The words that the model reads of each text."""
    cleaned = model.cleaner(tf.constant(texts, tf.string))
    config = model.vectorizer.get_config()
    longest = min(config["output_sequence_length"], time)
    if config["standardize"] is not None:
        cleaned = config["standardize"](cleaned)
    return [text.split()[:longest] for text in cleaned.numpy().tolist()]


def _left_out(ids: Array, nothing: Array, count: int) -> Array:
    """Each of the first ids left out once, `[count, time]`; what is left of one is the empty text."""
    rows = [np.append(np.delete(ids, place), 0) for place in range(count)]
    if count == 1:
        rows = [nothing]
    return np.array(rows, ids.dtype).reshape(count, len(ids))


def explain_runs(expected: Explained) -> list[Run]:
    """What a fresh process is asked: nothing, one text, and as many as a client sends at once."""
    many = [*expected.texts] * (_MOST_ROWS // len(expected.texts) + 1)
    return [
        Run(f"{EXPLAIN}{rows}", EXPLAIN_SIGNATURE, many[:rows], max(rows, 1))
        for rows in (0, 1, _MOST_ROWS)
    ]


def check_explanations(answers: dict[str, Any], expected: Explained) -> None:
    """Compare the answers to `explain_runs` with the reference.

    Raises:
        GateError: one tells something else.
    """
    for run in explain_runs(expected):
        prefix = f"{run.name}/"
        found = {n.removeprefix(prefix): a for n, a in answers.items() if n.startswith(prefix)}
        try:
            expected.compare(found)
        except WrongAnswerError as error:
            raise GateError(
                EXPLAIN, f"{error.expected} for {len(run.values)} rows", error.received
            ) from error
