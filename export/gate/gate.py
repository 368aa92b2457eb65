"""The gate: what must hold before anybody is answered by a new version.

ops         every op has a CPU kernel and is one that a server links
signatures  names, dtypes, shapes and method names are those of the contract
assets      the vocabulary and the labels beside the graph are the model's
reload      a fresh process that has only TensorFlow loads it and answers
parity      it answers as the Keras model does, at any batch size, whoever the neighbours are
labels      winning labels, classes and scores say what the probabilities say
warmup      every warmup request is answered
quality     it is no worse on the test split than the version that is published now
"""

import dataclasses
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from export.gate.answer_checks import (
    BATCH_SIZES,
    NASTY,
    answer_key,
    ask,
    check_labels,
    check_parity,
    check_warmup,
    questions,
)
from export.gate.quality import TestSplit, check_quality, published_metrics, quality_metrics
from export.gate.static_checks import check_assets, check_ops, check_signatures
from export.settings import Tolerances
from export.signatures import SCORE

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True)
class GateReport:
    """What the gate found.

    Attributes:
        checks: names of the checks that passed.
        largest_difference: of any probability from the Keras model's.
        metrics: accuracy and macro_f1 of the new version on the test split.
        full_metrics: the same of the Keras model.
        published_metrics: the same of the version published now; None without one.
        forced: the quality check failed, and was overruled.
        seconds: how long it took.
    """

    checks: tuple[str, ...]
    largest_difference: float
    metrics: dict[str, float]
    full_metrics: dict[str, float]
    published_metrics: dict[str, float] | None
    forced: bool
    seconds: float

    def summary(self) -> str:
        """Two lines for the terminal."""
        before = self.published_metrics
        published = f" (published now: {before['macro_f1']:.4f})" if before else ""
        forced = "; published by force" if self.forced else ""
        return (
            f"Gate passed in {self.seconds:.0f} s: {', '.join(self.checks)}{forced}\n"
            f"Largest difference from the Keras model {self.largest_difference:.1e}, "
            f"accuracy {self.metrics['accuracy']:.4f}, macro F1 {self.metrics['macro_f1']:.4f}{published}"
        )

    def beside(self) -> str:
        """One line more, to print below a reduced version's."""
        full = self.full_metrics
        return f"The full model: accuracy {full['accuracy']:.4f}, macro F1 {full['macro_f1']:.4f}"


def pass_gate(
    directory: Path,
    model: Any,
    split: TestSplit,
    *,
    published: Path | None = None,
    tolerances: Tolerances | None = None,
    force: bool = False,
) -> GateReport:
    """Run every check on the SavedModel in `directory`.

    Args:
        directory: a staged version, warmup requests included.
        model: the Keras model it was made of, `[batch] string -> [batch, 3] float32`.
        split: tweets to compare and to measure on.
        published: the version that serves now.
        tolerances: how much may differ; `Tolerances()` by default.
        force: a worse version than the published one passes all the same.

    Raises:
        GateError: the first check that failed.
    """
    began_at = perf_counter()
    allowed = tolerances or Tolerances()
    check_ops(directory)
    check_signatures(directory)
    check_assets(directory, model)
    texts, expected = questions(model, split)
    answers = ask(directory, texts)
    difference = check_parity(
        answers, expected, allowed.probability, also={"the loaded object": answers["loaded"]}
    )
    check_labels(answers, expected[: len(answers[f"label/{SCORE}"])], allowed.probability)
    check_warmup(answers)
    before = published_metrics(published, split)
    return GateReport(
        CHECKS,
        difference,
        **judge(answers, expected, split, before, allowed, force=force),
        seconds=round(perf_counter() - began_at, 1),
    )


def judge(
    answers: dict[str, Any],
    expected: Array,
    split: TestSplit,
    published: dict[str, float] | None,
    tolerances: Tolerances,
    *,
    force: bool,
) -> dict[str, Any]:
    """The quality check: what a `GateReport` says of the figures on the test split.

    Args:
        answers: by `answer_key`, to the `questions`.
        expected: the Keras model's to the same.
        split: tweets to measure on.
        published: figures of the version published now.
        tolerances: how much lower they may be.
        force: a worse version passes all the same.

    Raises:
        GateError: it is worse than the published version.
    """
    metrics, full = (
        quality_metrics(found[len(NASTY) :], split)
        for found in (answers[answer_key(BATCH_SIZES[-1])], expected)
    )
    return {
        "metrics": metrics,
        "full_metrics": full,
        "published_metrics": published,
        "forced": check_quality(metrics, published, tolerances.macro_f1, force=force),
    }


CHECKS: Final = ("ops", "signatures", "assets", "reload", "parity", "labels", "warmup", "quality")
