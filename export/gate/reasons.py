"""Reasons against a version, each a sentence with its figures: what was expected, what was received.

Every function gives its reasons as a list; an empty one is good. Limits and why they are what they are:
export/settings.py.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.gate.bootstrap import Counted, interval
from export.settings import LEAST_ROWS, LEAST_ROWS_A_CLASS, MOST_LEARNED, TOGETHER, Tolerances
from export.start.shown import listed

Array = np.ndarray[Any, Any]


def too_few(labels: Array, label_names: Sequence[str]) -> list[str]:
    """Against an examination of these class ids, `[rows] int`, that nobody learned from."""
    rows, sentences = len(labels), []
    if rows < LEAST_ROWS:
        sentences.append(
            f"an examination of at least {LEAST_ROWS} rows that nobody learned from, for fewer tell "
            f"nothing. Received: {rows}"
        )
    scarce = [
        f"{count} of `{label_names[label]}`"
        for label, count in enumerate(np.bincount(labels, minlength=len(label_names)))
        if count < LEAST_ROWS_A_CLASS
    ]
    if scarce:
        sentences.append(
            f"an examination of at least {LEAST_ROWS_A_CLASS} rows of each class that nobody learned "
            f"from. Received: {listed(scarce)}"
        )
    return sentences


def too_much_learned(is_learned: Array) -> list[str]:
    """Against a model that learned from these rows of an examination, `[rows] bool`."""
    rows, learned = len(is_learned), int(is_learned.sum())
    if learned <= MOST_LEARNED * rows:
        return []
    sentence = (
        f"a model that learned from at most {MOST_LEARNED:.0%} of the examination's {rows:,} rows; keep "
        f"them out of training (`--publish` does). Received: {learned:,} learned from, {learned / rows:.1%}"
    )
    return [sentence]


def no_better_than_one_answer(here: Counted, always: Counted, label: str) -> list[str]:
    """Against a model that is not shown to be better than always answering `label`."""
    low, high = interval(here.drawn.macro_f1 - always.drawn.macro_f1)
    if low > 0:
        return []
    sentence = (
        f"macro F1 above the {float(always.exact.macro_f1):.4f} of always answering `{label}`, beyond chance. "
        f"Received: {float(here.exact.macro_f1):.4f}, a difference of {signed(low)} to {signed(high)} (95 %)"
    )
    return [sentence]


def compare(
    here: Counted, there: Counted, rival: str, label_names: Sequence[str]
) -> dict[str, Any]:
    """Figures of two versions on the same rows, and their differences with intervals, as JSON values."""
    macro = interval(here.drawn.macro_f1 - there.drawn.macro_f1)
    lows, highs = interval(here.drawn.recall - there.drawn.recall, together=len(label_names))
    recalls = zip(label_names, here.exact.recall, there.exact.recall, lows, highs, strict=True)
    return {
        "with": rival,
        "rows": int(here.exact.true.sum()),
        "macro_f1": float(here.exact.macro_f1),
        "rival_macro_f1": float(there.exact.macro_f1),
        "rival_accuracy": float(there.exact.accuracy),
        "difference": float(here.exact.macro_f1 - there.exact.macro_f1),
        "interval": [float(end) for end in macro],
        "recall": {
            name: {"here": float(one), "rival": float(other), "interval": [float(low), float(high)]}
            for name, one, other, low, high in recalls
        },
    }


def worse(comparison: dict[str, Any], tolerances: Tolerances) -> list[str]:
    """Against a model that does worse than the other in what `compare` found."""
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
            f"Received: {here:.4f}, a difference of {signed(low)} to {signed(high)} (95 %)"
        )
    for name, recall in comparison["recall"].items():
        lost, (low, high) = recall["rival"] - recall["here"], recall["interval"]
        if lost > tolerances.recall and high < 0:
            sentences.append(
                f"recall of `{name}` at most {tolerances.recall:g} below the {recall['rival']:.4f} of "
                f"{comparison['with']}, or no lower beyond chance, {rows}. Received: {recall['here']:.4f}, "
                f"a difference of {signed(low)} to {signed(high)} (95 %{_together(comparison)})"
            )
    return sentences


def _together(comparison: dict[str, Any]) -> str:
    """Of more than a few classes it is not each interval by itself that holds so often."""
    return " of all classes together" if len(comparison["recall"]) > TOGETHER else ""


def signed(value: Any) -> str:
    """A difference, for a sentence."""
    return f"{float(value):+.4f}"
