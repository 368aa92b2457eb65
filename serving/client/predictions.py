"""An answer's numbers to results: whichever version answered, they get that version's class names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from serving.client.errors import OtherNamesError
from serving.client.results import Explanation, Prediction, WordEffect


@dataclass(frozen=True, slots=True)
class Scores:
    """What a `PredictResponse` holds; the class names do not travel with it.

    Attributes:
        version: The version that answered.
        rows: Probabilities, `[batch]` rows of one length.
        known: Share of each text's tokens that the vocabulary has, `[batch]`; `None` where the model does not
            tell.
        labels: The most probable class of each text in UTF-8, `[batch]`; `None` where the model does not tell.
    """

    version: int
    rows: Sequence[Sequence[float]]
    known: Sequence[float] | None = None
    labels: Sequence[bytes] | None = None

    def named(self, names: Sequence[str]) -> list[Prediction]:
        """The predictions.

        Args:
            names: Class names of `version`, in the order of its class ids.

        Raises:
            OtherNamesError: The answer shows that they are another model's.
        """
        if any(len(row) != len(names) for row in self.rows[:1]):
            raise OtherNamesError(
                f"Expected probabilities of shape {[len(self.rows), len(names)]}, float32; the answer has shape"
                f" {[len(self.rows), len(self.rows[0])]}, and its classes are {', '.join(names)}."
            )
        best = [row.index(max(row)) for row in self.rows]
        self._check(names, best)
        return list(self._named(names, best))

    def _named(self, names: Sequence[str], best: Sequence[int]) -> Iterator[Prediction]:
        known = repeat(None) if self.known is None else self.known
        # Each is as long as the rows, or endless.
        for row, place, share in zip(self.rows, best, known):  # noqa: B905
            probabilities = dict(zip(names, row))  # noqa: B905 (`named` compared the lengths)
            yield Prediction(names[place], row[place], probabilities, share)

    def _check(self, names: Sequence[str], best: Sequence[int]) -> None:
        """A server that starts anew may have another model under the same number."""
        encoded = [name.encode() for name in names]
        for place, label in zip(best, self.labels or (), strict=False):
            if encoded[place] != label:
                raise OtherNamesError(
                    f'Version {self.version} names a text\'s class "{label.decode(errors="replace")}", where'
                    f' its classes and probabilities say "{names[place]}".'
                )


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a `PredictResponse` of `explain` holds; the class names do not travel with it.

    Attributes:
        scores: The answers themselves.
        tokens: The tokens of each text in UTF-8, `[batch, time]`, padded with an empty one.
        known: Whether the vocabulary has each, `[batch, time]`.
        effects: How much each class's probability falls without it, `[batch * time, classes]`.
    """

    scores: Scores
    tokens: Sequence[Sequence[bytes]]
    known: Sequence[Sequence[bool]]
    effects: Sequence[Sequence[float]]

    @property
    def version(self) -> int:
        """The version that answered."""
        return self.scores.version

    def named(self, names: Sequence[str]) -> list[Explanation]:
        """The explanations; arguments and errors as of `Scores.named`."""
        predictions = self.scores.named(names)
        return [self._explained(row, found, names) for row, found in enumerate(predictions)]

    def _explained(self, row: int, found: Prediction, names: Sequence[str]) -> Explanation:
        return Explanation(found, tuple(self._words(row, names)))

    def _words(self, row: int, names: Sequence[str]) -> Iterator[WordEffect]:
        start = row * len(self.tokens[row])
        for place, token in enumerate(self.tokens[row]):
            if token:
                effects = dict(zip(names, self.effects[start + place], strict=True))
                yield WordEffect(token.decode(errors="replace"), self.known[row][place], effects)
