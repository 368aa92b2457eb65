"""A client that counts what it hears, so that a table of any length takes no more memory than a short one."""

import heapq
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final

from serving.client.results import Prediction
from serving.client.shell.patience import PatientClient
from serving.client.shell.table.predict_table import Asked

_AT_ONCE: Final = 1024
"""Texts between two looks whether to stop: a third of a second of the slowest server measured."""
_DOUBTS: Final = 200
_LONGEST: Final = 1000
_STEPS: Final = 100


class StoppedError(Exception):
    """Somebody said stop."""


@dataclass(frozen=True, order=True)
class Doubt:
    """A text whose answer is not sure; the least sure are the greatest.

    Attributes:
        certainty: The answer's probability, negative.
        place: The earlier of two alike is the greater.
        text: As much of it as a page shows.
        label: The answer.
    """

    certainty: float
    place: int
    text: str = field(compare=False)
    label: str = field(compare=False)


class Tally:
    """Asks another client, counts its answers, and can be stopped.

    Args:
        client: Whom to ask.
        patient: Asks again where the server is away.

    Attributes:
        counts: Answers by label.
        stop: Set by whoever wants it to end.
    """

    def __init__(self, client: Asked, patient: PatientClient) -> None:
        self._client = client
        self._patient = patient
        self.counts: Counter[str] = Counter()
        self.stop = threading.Event()
        self._scores = [0] * (_STEPS + 1)
        self._doubts: list[Doubt] = []
        self._places = count()

    def labels(self) -> tuple[str, ...]:
        """The class names, each counted from 0."""
        labels = self._patient.ask(self._client.labels)
        self.counts.update(dict.fromkeys(labels, 0))
        return labels

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The sentiments.

        Raises:
            StoppedError: It is to end.
        """
        found: list[Prediction] = []
        for start in range(0, len(texts), _AT_ONCE):
            found += self._patient.ask(partial(self._once, texts[start : start + _AT_ONCE]))
        for text, one in zip(texts, found, strict=True):
            self._count(text, one)
        return found

    def _once(self, texts: Sequence[str]) -> list[Prediction]:
        """One try: between two of them a stop is heard, also while the server is away."""
        if self.stop.is_set():
            raise StoppedError
        return self._client.predict(texts)

    def below(self, threshold: float) -> int:
        """How many answers have a probability below one, to the hundredth."""
        return sum(self._scores[: round(threshold * _STEPS)])

    def doubts(self) -> list[Doubt]:
        """The least sure answers, the worst first."""
        return sorted(self._doubts, reverse=True)

    def _count(self, text: str, one: Prediction) -> None:
        self.counts[one.label] += 1
        self._scores[int(one.score * _STEPS)] += 1
        doubt = Doubt(-one.score, -next(self._places), text[:_LONGEST], one.label)
        if len(self._doubts) < _DOUBTS:
            heapq.heappush(self._doubts, doubt)
        else:
            heapq.heappushpop(self._doubts, doubt)
