"""The quality check: whether a version may take the place of the one that serves now.

Both answer the same examination. `judge` gathers every reason against the candidate, each a sentence with
its figures; `refuse` raises them unless they are overruled. Nothing here knows where answers come from.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.errors import GateError
from export.gate.bootstrap import Counts, count, interval, resample
from export.gate.figures import Figures, figures
from export.settings import LEAST_ROWS, LEAST_ROWS_A_CLASS, MOST_LEARNED, Tolerances

Array = np.ndarray[Any, Any]

QUALITY: Final = "quality"
"""Name of the check."""


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
            f"always `{baseline['label']}` has {baseline['macro_f1']:.4f}"
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
    kept = ~either
    _refuse_nothing_left(kept)
    baseline = int(np.bincount(labels[kept], minlength=len(label_names)).argmax())
    classes = len(label_names)
    answers = [candidate.probabilities, *([rival.probabilities] if rival else [])]
    chosen = [found[kept].argmax(axis=1) for found in answers]
    chosen.insert(1, np.full(int(kept.sum()), baseline))
    exact = count(labels[kept], chosen, classes)
    drawn = resample(labels[kept], chosen, classes)
    comparison = None
    refusals = [
        *_too_few(exact[0], label_names),
        *_too_much_learned(candidate, len(labels)),
        *_no_better_than_one_answer(exact, drawn, label_names[baseline]),
    ]
    if rival is not None:
        pair, draws = (exact[0], exact[2]), (drawn[0], drawn[2])
        comparison = _comparison(rival.name, pair, draws, label_names)
        refusals += _worse(comparison, tolerances)
    own = ~candidate.learned
    return Verdict(
        metrics=figures(labels[own], candidate.probabilities[own], label_names),
        baseline={
            "label": label_names[baseline],
            "accuracy": float(exact[1].accuracy),
            "macro_f1": float(exact[1].macro_f1),
        },
        left_out={
            "candidate": int(candidate.learned.sum()),
            "rival": int(rival.learned.sum()) if rival else 0,
            "either": int(either.sum()),
        },
        knows_learned=candidate.knows_learned,
        comparison=comparison,
        refusals=tuple(refusals),
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
    more = "".join(f"\n  also: {sentence}" for sentence in others)
    raise GateError(QUALITY, f"{expected} (--force overrules)", received + more)


def too_few(labels: Array, label_names: Sequence[str]) -> list[str]:
    """Reasons against an examination of these class ids, `[rows] int`: too few rows to tell anything."""
    (counted,) = count(labels, [labels], len(label_names))
    return _too_few(counted, label_names)


def _refuse_nothing_left(kept: Array) -> None:
    if not kept.any():
        raise GateError(
            QUALITY,
            "an examination with rows that neither the model nor the version that serves now learned from; "
            "set another one (--examination)",
            f"{len(kept):,} rows, all of them learned from",
        )


def _too_few(counted: Counts, label_names: Sequence[str]) -> list[str]:
    rows = int(counted.true.sum())
    sentences = []
    if rows < LEAST_ROWS:
        sentences.append(
            f"an examination of at least {LEAST_ROWS} rows that nobody learned from, for fewer tell "
            f"nothing. Received: {rows}"
        )
    scarce = [
        f"{int(n)} of `{name}`"
        for name, n in zip(label_names, counted.true, strict=True)
        if n < LEAST_ROWS_A_CLASS
    ]
    if scarce:
        sentences.append(
            f"an examination of at least {LEAST_ROWS_A_CLASS} rows of each class that nobody learned "
            f"from. Received: {', '.join(scarce)}"
        )
    return sentences


def _too_much_learned(candidate: Answers, rows: int) -> list[str]:
    learned = int(candidate.learned.sum())
    if learned <= MOST_LEARNED * rows:
        return []
    sentence = (
        f"a model that learned from at most {MOST_LEARNED:.0%} of the examination's {rows:,} rows; keep "
        f"them out of training (`--publish` does). Received: {learned:,} learned from, {learned / rows:.1%}"
    )
    return [sentence]


def _no_better_than_one_answer(exact: list[Counts], drawn: list[Counts], label: str) -> list[str]:
    low, high = interval(drawn[0].macro_f1 - drawn[1].macro_f1)
    if low > 0:
        return []
    sentence = (
        f"macro F1 above the {float(exact[1].macro_f1):.4f} of always answering `{label}`, beyond chance. "
        f"Received: {float(exact[0].macro_f1):.4f}, a difference of {_signed(low)} to {_signed(high)} (95 %)"
    )
    return [sentence]


def _comparison(
    rival: str,
    exact: tuple[Counts, Counts],
    drawn: tuple[Counts, Counts],
    label_names: Sequence[str],
) -> dict[str, Any]:
    """Figures of both on the same rows, and their differences with intervals, as JSON values."""
    macro = interval(drawn[0].macro_f1 - drawn[1].macro_f1)
    lows, highs = interval(drawn[0].recall - drawn[1].recall)
    recalls = zip(label_names, exact[0].recall, exact[1].recall, lows, highs, strict=True)
    return {
        "with": rival,
        "rows": int(exact[0].true.sum()),
        "macro_f1": float(exact[0].macro_f1),
        "rival_macro_f1": float(exact[1].macro_f1),
        "rival_accuracy": float(exact[1].accuracy),
        "difference": float(exact[0].macro_f1 - exact[1].macro_f1),
        "interval": [float(end) for end in macro],
        "recall": {
            name: {
                "here": float(here),
                "rival": float(there),
                "interval": [float(low), float(high)],
            }
            for name, here, there, low, high in recalls
        },
    }


def _worse(comparison: dict[str, Any], tolerances: Tolerances) -> list[str]:
    here, there = comparison["macro_f1"], comparison["rival_macro_f1"]
    low, high = comparison["interval"]
    rows = f"on the same {comparison['rows']:,} rows"
    sentences = []
    if here < there - tolerances.macro_f1:
        sentences.append(
            f"macro F1 of at least {there:.4f} - {tolerances.macro_f1:g}, that of {comparison['with']} "
            f"{rows}. Received: {here:.4f}"
        )
    if high < 0:
        sentences.append(
            f"macro F1 not below the {there:.4f} of {comparison['with']} beyond chance, {rows}. "
            f"Received: {here:.4f}, a difference of {_signed(low)} to {_signed(high)} (95 %)"
        )
    for name, recall in comparison["recall"].items():
        lost, (low, high) = recall["rival"] - recall["here"], recall["interval"]
        if lost > tolerances.recall and high < 0:
            sentences.append(
                f"recall of `{name}` at most {tolerances.recall:g} below the {recall['rival']:.4f} of "
                f"{comparison['with']}, or no lower beyond chance, {rows}. Received: {recall['here']:.4f}, "
                f"a difference of {_signed(low)} to {_signed(high)} (95 %)"
            )
    return sentences


def _compared(comparison: dict[str, Any]) -> str:
    low, high = comparison["interval"]
    return (
        f"On the {comparison['rows']:,} rows that neither learned from: macro F1 "
        f"{comparison['macro_f1']:.4f}, {comparison['with']} {comparison['rival_macro_f1']:.4f}, "
        f"difference {_signed(comparison['difference'])} ({_signed(low)} to {_signed(high)})"
    )


def _signed(value: Any) -> str:
    return f"{float(value):+.4f}"
