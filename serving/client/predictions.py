"""An answer's numbers to predictions: whichever version answered, they get that version's class names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serving.client.errors import OtherNamesError
from serving.client.results import Prediction


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
        found = list(self._named(names))
        self._check(found)
        return found

    def _named(self, names: Sequence[str]) -> Iterator[Prediction]:
        for number, row in enumerate(self.rows):
            score = max(row)
            known = None if self.known is None else self.known[number]
            probabilities = dict(zip(names, row, strict=True))
            yield Prediction(names[row.index(score)], score, probabilities, known)

    def _check(self, found: Sequence[Prediction]) -> None:
        """A server that starts anew may have another model under the same number."""
        for one, label in zip(found, self.labels or (), strict=False):
            if one.label.encode() != label:
                raise OtherNamesError(
                    f'Version {self.version} names a text\'s class "{label.decode(errors="replace")}", where'
                    f' its classes and probabilities say "{one.label}".'
                )
