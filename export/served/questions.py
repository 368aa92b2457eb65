"""What a server is asked of a version, and whether it answers as the Keras model does."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.errors import ExportError
from export.signatures import (
    CLASSES,
    CLASSIFY_SIGNATURE,
    KNOWN,
    LABEL,
    LABEL_SIGNATURE,
    PROBABILITIES,
    SCORE,
    SCORES,
    SERVING_DEFAULT,
)
from export.start.shown import shown
from export.start.utf8 import encode_text

ASKED: Final = {SERVING_DEFAULT: 1024, LABEL_SIGNATURE: 256, CLASSIFY_SIGNATURE: 256}
"""Most texts that each signature is asked: all of them are asked by the check `parity`."""

_KNOWN_TOLERANCE: Final = 1e-6
"""Of the share of known tokens, two whole numbers divided."""

Array = np.ndarray[Any, Any]
Answers = dict[str, Array]


class WrongAnswerError(ExportError):
    """An answer is another one than it should be.

    Attributes:
        expected: what should have been.
        received: what was.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected {expected}. Received: {received}")
        self.expected, self.received = expected, received


@dataclasses.dataclass(frozen=True, eq=False)
class Questions:
    """Texts, and the answers that they should get.

    Attributes:
        texts: raw texts, as UTF-8 where they are str.
        probabilities: the Keras model's, `[rows, classes]`.
        known: the share of known tokens of the first rows, `[at most rows] float32`; `label` is asked these.
            None of a model that cannot tell it.
        labels: name of each class.
        tolerance: of a probability.
        always: so many stand at the beginning that are asked in any case; of the others some, from everywhere.
    """

    texts: Sequence[str | bytes]
    probabilities: Array
    known: Array | None
    labels: Sequence[str]
    tolerance: float
    always: int = 0

    def rows(self, signature: str) -> Array:
        """Which of the texts a signature is asked, `[rows] int`, ascending."""
        count = len(self.texts)
        if signature == LABEL_SIGNATURE and self.known is not None:
            count = len(self.known)
        first = min(self.always, count)
        others = np.linspace(first, count - 1, max(ASKED[signature] - first, 0)).astype(int)
        return np.union1d(np.arange(first), others[others >= first])

    def encoded(self, rows: Array) -> list[bytes]:
        """Those texts as a server gets them."""
        return [encode_text(self.texts[row]) for row in rows]

    def compare(self, signature: str, rows: Array, answers: Answers) -> float:
        """Compare answers to those rows; tell the largest difference of a probability.

        Args:
            signature: who gave them.
            rows: which texts were asked, `[rows] int`.
            answers: by output, `[rows]` or `[rows, classes]`; names are bytes.

        Raises:
            WrongAnswerError: it names the output, and the text where names differ.
        """
        worst = 0.0
        for output, expected in self._expected(signature, rows, answers).items():
            found, name = answers.get(output), f"`{signature}/{output}`"
            if found is None or found.shape != expected.shape:
                shape = "no such output" if found is None else f"{list(found.shape)}"
                raise WrongAnswerError(f"{name} of shape {list(expected.shape)}", shape)
            if expected.dtype == object:
                self._compare_names(name, rows, found, expected)
            elif output == KNOWN:
                _largest(name, found, expected, _KNOWN_TOLERANCE)
            else:
                worst = max(worst, _largest(name, found, expected, self.tolerance))
        return worst

    def _expected(self, signature: str, rows: Array, answers: Answers) -> Answers:
        probabilities = self.probabilities[rows]
        names = np.array([label.encode() for label in self.labels], object)
        if signature == CLASSIFY_SIGNATURE:
            return {CLASSES: np.tile(names, (len(rows), 1)), SCORES: probabilities}
        expected = {PROBABILITIES: probabilities}
        if signature == LABEL_SIGNATURE:
            # By the answer's own probabilities: of two as good as equal either may win.
            winners = answers.get(PROBABILITIES, probabilities).argmax(axis=-1)
            best = probabilities.max(axis=1)
            expected |= {LABEL: names[winners], SCORE: best}
            if self.known is not None:
                expected[KNOWN] = self.known[rows]
        return expected

    def _compare_names(self, name: str, rows: Array, found: Array, expected: Array) -> None:
        wrong = (found != expected).reshape(len(rows), -1).any(axis=1)
        if wrong.any():
            row = int(wrong.argmax())
            text = shown(repr(self.texts[rows[row]]), 80)
            raise WrongAnswerError(
                f"{name} {_words(expected[row])} for the text {text}", _words(found[row])
            )


def _largest(name: str, found: Array, expected: Array, tolerance: float) -> float:
    difference = float(np.abs(found - expected).max())
    if not difference <= tolerance:  # nor is it for NaN
        raise WrongAnswerError(
            f"{name} within {tolerance:g} of the Keras model's", f"a difference of {difference:.3g}"
        )
    return difference


def _words(names: Any) -> str:
    listed = np.atleast_1d(np.asarray(names, object)).tolist()
    return ", ".join(repr(name.decode(errors="replace")) for name in listed)
