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

WARMUP_BATCHES: Final = (1, 8, 32)
"""Rows of the warmup requests: one for every way that the serving graph has to compute (up to 4 rows, up to
16, more), and few, for a server refuses to load a version with more rows than its `max_batch_size` (64 in
TensorFlow Serving's own examples)."""

FAST: Final = "fast"
GENERAL: Final = "general"
"""Graphs of a model that was brought: the ops of ours where its shape is known, else what Keras traces."""

HEADS: Final = ("softmax", "logits", "sigmoid")
"""What the last numbers of a model that was brought may be; see `export.brought.head`."""

PROBABILITY_TOLERANCES: Final = {FLOAT32: 1e-5, FLOAT16: 1e-3}
"""By type of the stored weights; docs/export.md has the differences measured."""


LEAST_ROWS: Final = 200
"""Rows that an examination must have: of fewer, accuracy is known to 7 points at best."""

LEAST_ROWS_A_CLASS: Final = 20
"""And of each class: of fewer, its recall is known to 20 points, and macro F1 hangs on single rows."""

MOST_LEARNED: Final = 0.05
"""Share of the examination that a candidate may have learned from; those rows are left out. A few texts
(`good morning`) come up anywhere; a twentieth says that the candidate was trained on the examination."""

CONFIDENCE: Final = 0.95
"""Of every interval; what lies outside is beyond chance."""

TOGETHER: Final = 3
"""Recalls that are compared at once at that confidence; of more classes each interval is wider. Of 100 pairs
of equally good answers 34 were refused for a recall with 20 classes of 30 rows, 92 with 100 classes of 25 rows;
so widened, 10 and 18. With three classes of 200 rows it is 7."""

RESAMPLES: Final = 1000
"""Draws of the bootstrap: the ends of an interval are then known to about a tenth of its width."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerances:
    """How much may differ.

    Attributes:
        probability: largest difference of a probability from the Keras model's.
        macro_f1: how much lower macro F1 may be than that of the version published now, on the same
            rows. Five seeds of the default settings stand between 0.7111 and 0.7204 on 7,632 rows.
        recall: how much lower the recall of one class may be, if that is beyond chance too. Between
            those seeds it differs by up to 0.021.
    """

    probability: float = PROBABILITY_TOLERANCES[FLOAT32]
    macro_f1: float = 0.01
    recall: float = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class Artefact:
    """What to write.

    Attributes:
        file_format: one of `FORMATS`.
        weights: one of `WEIGHTS`.
        graph: one of `GRAPHS`; a SavedModel alone has a choice.
        warmup_batches: rows of the requests that a server replays; of a SavedModel alone.
    """

    file_format: str = SAVED_MODEL
    weights: str = FLOAT32
    graph: str = GRAPHS[0]
    warmup_batches: tuple[int, ...] = WARMUP_BATCHES

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
