"""What an export may be asked for. No TensorFlow here: the command line shows these in its help."""

import dataclasses
from typing import Final

GRAPHS: Final = ("auto", "fused", "packed", "keras")
"""Ways to compute the classifier; the first is the default."""

SAVED_MODEL: Final = "saved_model"
LITERT: Final = "litert"
ONNX: Final = "onnx"

FORMATS: Final = (SAVED_MODEL, LITERT, ONNX)
"""Kinds of artefact; the first, the default, takes text, the others take token ids."""

FLOAT32: Final = "float32"
FLOAT16: Final = "float16"

WEIGHTS: Final = (FLOAT32, FLOAT16)
"""Types in which weights are stored; they are computed with in float32."""

PROBABILITY_TOLERANCES: Final = {FLOAT32: 1e-5, FLOAT16: 1e-3}
"""By type of the stored weights; docs/export.md has the differences measured."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerances:
    """How much may differ.

    Attributes:
        probability: largest difference of a probability from the Keras model's.
        macro_f1: how much lower macro F1 may be than the published version's.
    """

    probability: float = PROBABILITY_TOLERANCES[FLOAT32]
    macro_f1: float = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True)
class Artefact:
    """What to write.

    Attributes:
        file_format: one of `FORMATS`.
        weights: one of `WEIGHTS`.
        graph: one of `GRAPHS`; a SavedModel alone has a choice.
    """

    file_format: str = SAVED_MODEL
    weights: str = FLOAT32
    graph: str = GRAPHS[0]

    @property
    def takes_text(self) -> bool:
        """Whether it cleans and splits tweets itself; else callers bring token ids."""
        return self.file_format == SAVED_MODEL

    @property
    def is_reduced(self) -> bool:
        """Whether it is less than what the Keras model is."""
        return not self.takes_text or self.weights != FLOAT32

    @property
    def tolerances(self) -> Tolerances:
        """What the gate allows it by default."""
        return Tolerances(probability=PROBABILITY_TOLERANCES[self.weights])
