"""How good a version is on a labelled test split, and whether that is good enough to replace another."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from export.errors import ExportError, GateError
from export.gate.fresh_process import Run, ask_fresh_process
from export.signatures import PROBABILITIES, SERVING_DEFAULT

Array = np.ndarray[Any, Any]


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


def quality_metrics(probabilities: Array, split: TestSplit) -> dict[str, float]:
    """Accuracy and macro F1 of `[rows, 3]` probabilities."""
    predicted, labels = probabilities.argmax(axis=1), split.labels
    return {
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
    }


def published_metrics(published: Path | None, split: TestSplit) -> dict[str, float] | None:
    """Of the version that serves now, on the same rows; None if there is none or it cannot answer."""
    if published is None:
        return None
    run = Run("published", SERVING_DEFAULT, list(split.texts), 512)
    try:
        answers = ask_fresh_process(published, [run], [])
    except ExportError:
        return None  # a version that does not even load is no bar
    return quality_metrics(answers[f"published/{PROBABILITIES}"], split)


def check_quality(
    metrics: dict[str, float], before: dict[str, float] | None, tolerance: float, *, force: bool
) -> bool:
    """Compare macro F1; tell whether the check failed and was overruled.

    Raises:
        GateError: it is lower by more than `tolerance`, and `force` is off.
    """
    if before is None or metrics["macro_f1"] >= before["macro_f1"] - tolerance:
        return False
    if not force:
        raise GateError(
            "quality",
            f"macro F1 of at least {before['macro_f1']:.4f} - {tolerance:g}, that of the published version (--force overrules)",
            f"{metrics['macro_f1']:.4f}",
        )
    return True
