"""The gate: what must hold before anybody is answered by a new version.

ops         every op has a CPU kernel and is one that a server links
signatures  names, dtypes, shapes and method names are those of the contract
assets      the vocabulary and the labels beside the graph are the model's
reload      a fresh process that has only TensorFlow loads it and answers
parity      it answers as the Keras model does, at any batch size, whoever the neighbours are
labels      winning labels, classes and scores say what the probabilities say, and `known` what the ids say
warmup      every warmup request is answered

These need the model and the version alone. The last check, `quality`, needs the folder that it shall stand
in: see `export.gate.quality`.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.gate.answer_checks import (
    BATCH_SIZES,
    NASTY,
    answer_key,
    ask,
    check_known,
    check_labels,
    check_parity,
    check_warmup,
    questions,
)
from export.gate.figures import Figures, figures
from export.gate.quality import QUALITY, TestSplit, Verdict
from export.gate.static_checks import check_assets, check_ops, check_signatures
from export.graph.assets import read_lines
from export.settings import Tolerances
from export.signatures import LABELS_ASSET, SCORE
from export.start.shown import shown

Array = np.ndarray[Any, Any]

CHECKS: Final = ("ops", "signatures", "assets", "reload", "parity", "labels", "warmup")


@dataclasses.dataclass(frozen=True)
class GateReport:
    """What the gate found.

    Attributes:
        checks: names of the checks that passed; `quality` is among them once it is examined.
        largest_difference: of any probability from the Keras model's.
        metrics: `export.gate.figures` of the version's own answers on the run's test part.
        full_metrics: the same of the Keras model.
        seconds: how long it took.
        answers: the version's own, `[rows, classes]`: to the test part, then to the further texts.
        verdict: what the examination said; None where no publication was asked for.
        overruled: sentences of the quality check that did not stand in the way, by force.
    """

    checks: tuple[str, ...]
    largest_difference: float
    metrics: Figures
    full_metrics: Figures
    seconds: float
    answers: Array = dataclasses.field(repr=False, compare=False)
    verdict: Verdict | None = None
    overruled: tuple[str, ...] = ()

    @property
    def forced(self) -> bool:
        """Whether the quality check failed, and was overruled."""
        return bool(self.overruled)

    def examined(self, verdict: Verdict, seconds: float) -> "GateReport":
        """The same with a verdict that did not stand in the way."""
        return dataclasses.replace(
            self,
            checks=(*self.checks, *(() if verdict.refusals else (QUALITY,))),
            seconds=round(self.seconds + seconds, 1),
            verdict=verdict,
            overruled=verdict.refusals,
        )

    def summary(self) -> str:
        """A few lines for the terminal."""
        lines = [
            f"Gate passed in {self.seconds:.0f} s: {', '.join(self.checks)}",
            f"Largest difference from the Keras model {self.largest_difference:.1e}",
            f"The run's own test part: {_shown(self.metrics)}",
            *(self.verdict.lines() if self.verdict else ()),
            *(
                f"Published by force, in spite of: expected {shown(reason)}"
                for reason in self.overruled
            ),
        ]
        return "\n".join(lines)

    def beside(self) -> str:
        """One line more, to print below a reduced version's."""
        return f"The full model: {_shown(self.full_metrics)}"


def pass_gate(
    directory: Path,
    model: Any,
    split: TestSplit,
    *,
    tolerances: Tolerances | None = None,
    further: Sequence[str] = (),
) -> GateReport:
    """Run every check but `quality` on the SavedModel in `directory`.

    Args:
        directory: a staged version, warmup requests included.
        model: the Keras model it was made of, `[batch] string -> [batch, classes] float32`.
        split: tweets to compare on.
        tolerances: how much may differ; `Tolerances()` by default.
        further: more of them, such as an examination's.

    Raises:
        GateError: the first check that failed.
    """
    began_at = perf_counter()
    allowed = (tolerances or Tolerances()).probability
    check_ops(directory)
    check_signatures(directory, len(model.labels))
    check_assets(directory, model)
    texts, expected = questions(model, split, further)
    answers = ask(directory, texts)
    loaded = {"the loaded object": answers["loaded"]}
    difference = check_parity(answers, expected, allowed, also=loaded)
    some = len(answers[f"label/{SCORE}"])
    check_labels(answers, expected[:some], allowed, model.labels)
    check_known(answers, np.asarray(model.token_ids(tf.constant(texts[:some]))))
    check_warmup(answers)
    return report_of(
        directory,
        answers,
        expected,
        split,
        checks=CHECKS,
        difference=difference,
        began_at=began_at,
    )


def report_of(
    directory: Path,
    answers: dict[str, Any],
    expected: Array,
    split: TestSplit,
    *,
    checks: Sequence[str],
    difference: float,
    began_at: float,
) -> GateReport:
    """A report with the figures on the run's test part.

    Args:
        directory: the version.
        answers: by `answer_key`, to the `questions`.
        expected: the Keras model's to the same.
        split: tweets to measure on.
        checks: those that passed.
        difference: the largest of any probability.
        began_at: `perf_counter()` before the first check.
    """
    labels = read_lines(directory / LABELS_ASSET)
    found = answers[answer_key(BATCH_SIZES[-1])][len(NASTY) :]
    metrics, full = (
        figures(split.labels, probabilities[: len(split.labels)], labels)
        for probabilities in (found, expected[len(NASTY) :])
    )
    seconds = round(perf_counter() - began_at, 1)
    return GateReport(tuple(checks), difference, metrics, full, seconds, found)


def _shown(metrics: Figures) -> str:
    return f"accuracy {metrics['accuracy']:.4f}, macro F1 {metrics['macro_f1']:.4f}"
