"""What a version should tell of some texts by its signature `explain`, and whether it does."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from export.served.questions import Answers, WrongAnswerError
from export.signatures import EFFECTS, EXPLAIN_SIGNATURE, KNOWN, PROBABILITIES, TOKENS
from export.start.shown import shown

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Explained:
    """Texts, and what the Keras model makes of their words.

    Attributes:
        texts: as a server gets them.
        words: the tokens of each, as many as there are.
        known: whether the vocabulary has each.
        effects: how much the classes' probabilities fall without each, `[words, classes]` of each text.
        probabilities: `[texts, classes]`.
        tolerance: of a probability and of an effect.
    """

    texts: Sequence[bytes]
    words: Sequence[Sequence[bytes]]
    known: Sequence[Sequence[bool]]
    effects: Sequence[Array]
    probabilities: Array
    tolerance: float

    def first(self, count: int) -> "Explained":
        """The first of the texts."""
        return Explained(
            self.texts[:count],
            self.words[:count],
            self.known[:count],
            self.effects[:count],
            self.probabilities[:count],
            self.tolerance,
        )

    def compare(self, answers: Answers) -> float:
        """Compare answers to these texts, over and over from the first one; tell the largest difference of an effect.

        Args:
            answers: by output, `[rows]` and more; strings are bytes.

        Raises:
            WrongAnswerError: it names the output.
        """
        found = self._of_the_shape(answers)
        rows = [row % len(self.texts) for row in range(len(found[TOKENS]))]
        time = found[TOKENS].shape[1]
        for name, expected, padding in ((TOKENS, self.words, b""), (KNOWN, self.known, False)):
            self._compare_each(name, rows, found[name], _padded(expected, rows, time, padding))
        without = np.zeros((len(rows), time, self.probabilities.shape[1]))
        for row, text in enumerate(rows):
            without[row, : len(self.words[text])] = self.effects[text]
        self._largest(PROBABILITIES, found[PROBABILITIES], self.probabilities[rows])
        return self._largest(EFFECTS, found[EFFECTS], without)

    def _of_the_shape(self, answers: Answers) -> Answers:
        """The outputs, each of rows of one width that holds the longest text."""
        missing = [n for n in (TOKENS, KNOWN, EFFECTS, PROBABILITIES) if n not in answers]
        if missing:
            raise WrongAnswerError(f"`{EXPLAIN_SIGNATURE}/{missing[0]}`", "no such output")
        rows, classes = len(answers[PROBABILITIES]), self.probabilities.shape[1]
        longest = max(map(len, self.words[:rows]), default=0)
        time = max(longest, *answers[TOKENS].shape[1:2])
        shapes = {TOKENS: (rows, time), KNOWN: (rows, time), EFFECTS: (rows, time, classes)}
        for name, shape in shapes.items():
            if answers[name].shape != shape:
                raise WrongAnswerError(
                    f"`{EXPLAIN_SIGNATURE}/{name}` of shape {list(shape)}",
                    f"{list(answers[name].shape)}",
                )
        return answers

    def _compare_each(self, name: str, rows: Sequence[int], found: Array, expected: Array) -> None:
        wrong = (found != expected).any(axis=1)
        if wrong.any():
            row = int(wrong.argmax())
            text = shown(repr(self.texts[rows[row]]), 80)
            raise WrongAnswerError(
                f"`{EXPLAIN_SIGNATURE}/{name}` {expected[row].tolist()} for the text {text}",
                f"{found[row].tolist()}",
            )

    def _largest(self, name: str, found: Array, expected: Array) -> float:
        difference = float(np.abs(found - expected).max()) if expected.size else 0.0
        if not difference <= self.tolerance:  # nor is it for NaN
            raise WrongAnswerError(
                f"`{EXPLAIN_SIGNATURE}/{name}` within {self.tolerance:g} of the Keras model's",
                f"a difference of {difference:.3g}",
            )
        return difference


def _padded(values: Sequence[Sequence[Any]], rows: Sequence[int], time: int, padding: Any) -> Array:
    padded = [[*values[row], *[padding] * (time - len(values[row]))] for row in rows]
    return np.array(padded, object).reshape(len(rows), time)
