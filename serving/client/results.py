"""What a served model's answers look like to Python code: small frozen records."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from serving.messages import VersionState


@dataclass(frozen=True, slots=True)
class Prediction:
    """The sentiment of one text.

    Attributes:
        label: The most probable label, of those of the version that answered.
        score: Its probability, 0 to 1.
        probabilities: Every label with its probability; they sum to 1.
        known: Share of the text's tokens that the model's vocabulary has, 0 to 1, and 0 of an empty text; `None`
            where the version or the signature does not tell it.
    """

    label: str
    score: float
    probabilities: Mapping[str, float]
    known: float | None = None

    @classmethod
    def from_probabilities(cls, probabilities: Mapping[str, float]) -> "Prediction":
        """Name the most probable label; of equals the first.

        >>> Prediction.from_probabilities({"negative": 0.25, "positive": 0.75}).label
        'positive'
        """
        label = max(probabilities, key=probabilities.__getitem__)
        return cls(label, probabilities[label], probabilities)

    def best(self, count: int) -> dict[str, float]:
        """The most probable labels with their probabilities, best first; all of them where there are no more.

        >>> list(Prediction.from_probabilities({"joy": 0.25, "anger": 0.5, "fear": 0.25}).best(2))
        ['anger', 'joy']
        """
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        return dict(ranked[:count])

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WordEffect:
    """What one word of a text does to its answer.

    Attributes:
        text: The word as the graph reads it, cleaned.
        known: Whether the model's vocabulary has it.
        effects: By class, how much its probability falls when the word is left out, -1 to 1: positive of a word
            that speaks for the class, and they sum to 0.
    """

    text: str
    known: bool
    effects: dict[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sentiment of one text, and why.

    Attributes:
        prediction: As `predict` gives it.
        words: The words that the graph reads, in order; a graph may read the first ones of a long text only.
    """

    prediction: Prediction
    words: tuple[WordEffect, ...]

    def to_dict(self) -> dict[str, Any]:
        """The prediction's fields, and `words`, as plain dictionaries, ready for JSON."""
        return {**self.prediction.to_dict(), "words": [asdict(word) for word in self.words]}


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """Where one version of a model stands in its server.

    Attributes:
        version: Version number.
        state: From START to END; a request is answered in AVAILABLE only.
        error: Why the load failed, in the server's words; empty where nothing failed.
    """

    version: int
    state: VersionState
    error: str = ""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a signature.

    Attributes:
        dtype: Name of the TensorFlow type in lower case, such as `string` or `float`.
        shape: Size of each dimension, `None` where it is free; `None` as a whole for an unknown rank.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to ask a model.

    Attributes:
        inputs: Input names with their types and shapes.
        outputs: The same for the outputs.
        method_name: `tensorflow/serving/predict` or `tensorflow/serving/classify`.
    """

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    method_name: str


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What a model can be asked.

    Attributes:
        name: Name under which it is served.
        version: The version that described itself.
        signatures: Signatures by name.
    """

    name: str
    version: int
    signatures: Mapping[str, Signature]
