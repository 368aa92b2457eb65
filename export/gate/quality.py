"""The quality check: whether a version may take the place of the one that serves now.

Both answer the same examination. `judge` gathers every reason against the candidate (export.gate.reasons),
`refuse` raises them. Nothing here knows where answers come from.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.errors import ALSO, GateError
from export.gate.bootstrap import count_and_resample
from export.gate.figures import Figures, figures
from export.gate.reasons import (
    compare,
    no_better_than_one_answer,
    signed,
    too_few,
    too_much_learned,
    worse,
)
from export.settings import Tolerances
from export.start.shown import shown

Array = np.ndarray[Any, Any]

QUALITY: Final = "quality"
"""Name of the check."""

_LONGEST_LABEL: Final = 80


@dataclasses.dataclass(frozen=True, eq=False)
class TestSplit:
    """Labelled tweets that the model has not learned from.

    Attributes:
        texts: raw tweets, `[rows]` object array of str.
        labels: their class ids, `[rows] int`.
    """

    __test__ = False  # pytest would take it for a test

    texts: Array
    labels: Array


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What a version answers to an examination.

    Attributes:
        name: for sentences, such as `version 3`.
        probabilities: `[rows, classes]`, columns in the examination's order of labels.
        learned: whether it learned from a row, `[rows] bool`; all False where that is unknown.
        knows_learned: whether that is known.
    """

    name: str
    probabilities: Array
    learned: Array
    knows_learned: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """What the examination said of a candidate.

    Attributes:
        metrics: its `figures` on all rows that it did not learn from.
        baseline: `label`, `accuracy` and `macro_f1` of always answering the most frequent class.
        left_out: rows left out, for having been learned from: by the `candidate`, by the `rival`
            (the version that serves now), and of `either`.
        knows_learned: whether it is known what the candidate learned from.
        comparison: with the rival, on the rows that neither learned from; None without one.
        refusals: a sentence for each reason against it; empty is good.
    """

    metrics: Figures
    baseline: dict[str, Any]
    left_out: dict[str, int]
    knows_learned: bool
    comparison: dict[str, Any] | None
    refusals: tuple[str, ...]

    def lines(self) -> list[str]:
        """For the terminal."""
        metrics, baseline = self.metrics, self.baseline
        low, high = metrics["macro_f1_interval"]
        examined = (
            f"Examined on {metrics['rows']:,} rows ({self._known()}): accuracy "
            f"{metrics['accuracy']:.4f}, macro F1 {metrics['macro_f1']:.4f} ({low:.4f} to {high:.4f}); "
            f"always `{shown(baseline['label'], _LONGEST_LABEL)}` has {baseline['macro_f1']:.4f}"
        )
        return [examined, *([_compared(self.comparison)] if self.comparison else [])]

    def _known(self) -> str:
        if not self.knows_learned:
            return "what it learned from is unknown, not checked"
        left_out = self.left_out["candidate"]
        return f"{left_out:,} left out, learned from" if left_out else "none of them learned from"


def judge(
    labels: Array,
    label_names: Sequence[str],
    candidate: Answers,
    rival: Answers | None,
    tolerances: Tolerances,
) -> Verdict:
    """Compare a candidate with the version that serves now.

    Args:
        labels: the examination's class ids, `[rows] int`.
        label_names: name of each class.
        candidate: who wants to be published.
        rival: the version that serves now; None where there is none.
        tolerances: how much may be lost.

    Raises:
        GateError: no row remains that neither of them learned from.
    """
    either = candidate.learned | rival.learned if rival else candidate.learned
    _refuse_nothing_left(either)
    rows = labels[~either]
    most_frequent = int(np.bincount(rows, minlength=len(label_names)).argmax())
    answers = [
        version.probabilities[~either].argmax(axis=1) for version in (candidate, rival) if version
    ]
    here, always, *others = count_and_resample(
        rows, [answers[0], np.full(len(rows), most_frequent), *answers[1:]], len(label_names)
    )
    label = label_names[most_frequent]
    comparison = compare(here, others[0], rival.name, label_names) if rival else None
    own = ~candidate.learned
    return Verdict(
        metrics=figures(labels[own], candidate.probabilities[own], label_names),
        baseline={
            "label": label,
            "accuracy": float(always.exact.accuracy),
            "macro_f1": float(always.exact.macro_f1),
        },
        left_out={
            "candidate": int(candidate.learned.sum()),
            "rival": int(rival.learned.sum()) if rival else 0,
            "either": int(either.sum()),
        },
        knows_learned=candidate.knows_learned,
        comparison=comparison,
        refusals=(
            *too_few(rows, label_names),
            *too_much_learned(candidate.learned),
            *no_better_than_one_answer(here, always, label),
            *(worse(comparison, tolerances) if comparison else ()),
        ),
    )


def refuse(refusals: Sequence[str]) -> None:
    """Refuse where there is a reason to.

    Raises:
        GateError: it names each reason in a line of its own.
    """
    if not refusals:
        return
    first, *others = refusals
    expected, _, received = first.rpartition(". Received: ")
    more = "".join(f"{ALSO}{sentence}" for sentence in others)
    raise GateError(QUALITY, f"{expected} (--force overrules)", received + more)


def _refuse_nothing_left(learned: Array) -> None:
    if learned.all():
        raise GateError(
            QUALITY,
            "an examination with rows that neither the model nor the version that serves now learned from; "
            "set another one (--examination)",
            f"{len(learned):,} rows, all of them learned from",
        )


def _compared(comparison: dict[str, Any]) -> str:
    low, high = comparison["interval"]
    return (
        f"On the {comparison['rows']:,} rows that neither learned from: macro F1 "
        f"{comparison['macro_f1']:.4f}, {comparison['with']} {comparison['rival_macro_f1']:.4f}, "
        f"difference {signed(comparison['difference'])} ({signed(low)} to {signed(high)})"
    )
