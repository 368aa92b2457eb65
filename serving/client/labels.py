"""Which classes the probabilities of an answer are of: learned once for each version that answers.

A `PredictResponse` tells the version that gave it and no class names. They come from one Classify for exactly
that version, the first time that it answers, so a version that is swapped in while calls run never gets the
names of the one before:

    texts → Predict → version 7 answers → its names are known → predictions
                                        → they are not: one Classify of version 7, then predictions

Asked is the signature `label`, which tells most; a version without it is asked `serving_default` from then on.
"""

import dataclasses
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from export.signatures import EXPLAIN_SIGNATURE, LABEL_SIGNATURE
from serving.client import rpcs
from serving.client.errors import (
    BadAnswerError,
    CallError,
    ModelNotFoundError,
    NoReasonsError,
    OtherNamesError,
    SignatureError,
)
from serving.client.predictions import Reasons, Scores
from serving.client.results import Explanation, Prediction
from serving.client.target import Target

Names = tuple[str, ...]

_ASKS: Final = 3
"""How often the texts are sent at most: a version may go before it has told its names."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A step of a conversation: send the texts; wants what `rpc.parse` gives."""

    rpc: rpcs.TextRpc
    target: Target
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Learn:
    """A step of a conversation: have that version's class names learned; wants them."""

    version: int


_Result = TypeVar("_Result")

Conversation = Generator[Ask | Learn, Any, list[_Result]]
"""The steps that a client takes, with asyncio or without; it gets their answers and errors, and ends with results."""


@dataclass(slots=True)
class Labels:
    """What a client has learned of the versions that answered it.

    Attributes:
        target: The model.
        names: Class names by version, in the order of the class ids.
        plain: Versions without a `label` signature.
        is_plain: Whether one of these answered last.
        telling: The model by its `label` signature.
    """

    target: Target
    names: dict[int, Names] = field(default_factory=dict)
    plain: set[int] = field(default_factory=set)
    is_plain: bool = False
    telling: Target = field(init=False)

    def __post_init__(self) -> None:
        self.telling = self.asking(LABEL_SIGNATURE)

    def asking(self, signature_name: str | None, version: int | None = None) -> Target:
        """The same model by another signature, `None` for the call's own; in exactly that version if one is given."""
        target = dataclasses.replace(self.target, signature_name=signature_name)
        if version is None:
            return target
        return dataclasses.replace(target, version=version, version_label=None)

    def learn(self, told: tuple[int, Sequence[str]], asked: int | None = None) -> Names:
        """Keep the names that a version told.

        Args:
            told: The version that answered, and its names.
            asked: The version that was asked, if one was.

        Raises:
            BadAnswerError: Another version answered; or the names are none, or two are alike.
        """
        version, names = told
        if asked not in (None, version):
            raise BadAnswerError(f"Version {asked} was asked, and version {version} answered.")
        if not names or len(set(names)) < len(names):
            raise BadAnswerError(
                f"Expected a name for each class of version {version}; Classify tells"
                f" {', '.join(names) or 'none'}."
            )
        self.names[version] = tuple(names)
        return self.names[version]

    def classify(self, texts: Sequence[str]) -> Conversation[Prediction]:
        """Ask by Classify, whose answers carry the names."""
        return (yield Ask(rpcs.CLASSIFY, self.target, texts))

    def predict(self, texts: Sequence[str]) -> Conversation[Prediction]:
        """Ask by Predict, and name the classes."""
        return (yield from self._named(partial(self._scores, texts)))

    def explain(self, texts: Sequence[str]) -> Conversation[Explanation]:
        """Ask for the reasons, and name the classes."""
        return (yield from self._named(partial(self._reasons, texts)))

    def _named(self, ask: Callable[[], Generator[Ask, Any, Any]]) -> Conversation[Any]:
        """What `ask` gets of a version, by that version's class names."""
        for left in reversed(range(_ASKS)):
            numbers: Scores | Reasons = yield from ask()
            try:
                names = self.names.get(numbers.version) or (yield Learn(numbers.version))
                return numbers.named(names)
            except OtherNamesError:
                # A server started anew, with another model under the same number.
                self.names.pop(numbers.version, None)
                if not left:
                    raise
            except ModelNotFoundError:
                if not left or self.target.version is not None:
                    raise
        raise AssertionError("the last time returns or raises")

    def _scores(self, texts: Sequence[str]) -> Generator[Ask, Any, Scores]:
        """From the signature that tells most."""
        if self.target.signature_name is None and not self.is_plain:
            try:
                return (yield Ask(rpcs.PREDICT, self.telling, texts))
            except SignatureError as error:
                if f'"{LABEL_SIGNATURE}"' not in error.details:
                    raise
        scores: Scores = yield Ask(rpcs.PREDICT, self.target, texts)
        if self.target.signature_name is None:
            if not self.is_plain and scores.version not in self.plain:
                yield from self._probe(scores.version)
            # The next version may have the signature.
            self.is_plain = scores.version in self.plain
        return scores

    def _reasons(self, texts: Sequence[str]) -> Generator[Ask, Any, Reasons]:
        target = self.asking(self.target.signature_name or EXPLAIN_SIGNATURE)
        try:
            return (yield Ask(rpcs.EXPLAIN, target, texts))
        except SignatureError as error:
            if f'"{EXPLAIN_SIGNATURE}"' not in error.details:
                raise
            raise NoReasonsError(error.code, error.details, target, None) from error

    def _probe(self, version: int) -> Generator[Ask, Any, None]:
        """Whether it lacks the signature: the version that refused may be the one before."""
        try:
            yield Ask(rpcs.PREDICT, self.asking(LABEL_SIGNATURE, version), [""])
        except SignatureError:
            self.plain.add(version)
        except CallError:
            # It has gone; the next request tells.
            pass
