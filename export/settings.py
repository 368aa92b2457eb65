"""What an export may be asked for. No TensorFlow here: the command line shows these in its help."""

import dataclasses
from typing import Final

GRAPHS: Final = ("auto", "fused", "packed", "keras")
"""Ways to compute the classifier; the first is the default."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerances:
    """How much may differ.

    Attributes:
        probability: largest difference of a probability from the Keras model's.
        macro_f1: how much lower macro F1 may be than the published version's.
    """

    probability: float = 1e-5
    macro_f1: float = 0.01
