"""Of many classes, those that a person should look at: the worst ones, and what is taken for what."""

from typing import Any, Final

import numpy as np

MOST_SHOWN: Final = 30
"""Classes in one table or picture; of more, the worst are shown."""

CONFUSIONS_SHOWN: Final = 15

Metrics = dict[str, Any]
Array = np.ndarray[Any, Any]


def worst_classes(metrics: Metrics, most: int = MOST_SHOWN) -> list[int]:
    """Ids of the classes to show, in their order: all, or those with the lowest F1.

    A class without rows comes last: nothing is known of it.

    Args:
        metrics: as `keras_pipeline.report.evaluation.compute_metrics` gives them.
        most: so many are shown.

    Example:
    >>> f1 = {"a": 0.9, "b": 0.1, "c": 0.0, "d": 0.5}
    >>> parts = {name: {"f1": value, "rows": int(name != "c")} for name, value in f1.items()}
    >>> worst_classes({"per_class": parts}, most=2)
    [1, 3]
    """
    parts = list(metrics["per_class"].values())
    order = sorted(range(len(parts)), key=lambda n: (not parts[n]["rows"], parts[n]["f1"]))
    return sorted(order[:most])


def smallest_classes(labels: Array, classes: int, most: int = MOST_SHOWN) -> list[int]:
    """Ids of the classes with the fewest rows, in their order, from class ids `[rows]`.

    Example:
    >>> smallest_classes(np.array([0, 0, 1, 2, 2]), classes=4, most=2)
    [1, 3]
    """
    counts = np.bincount(labels, minlength=classes)
    return sorted(np.argsort(counts, kind="stable")[:most].tolist())


def largest_confusions(
    metrics: Metrics, most: int = CONFUSIONS_SHOWN
) -> list[tuple[str, str, int, float]]:
    """True class, answer, rows, and their share of the true class's rows; the most rows first.

    Example:
    >>> largest_confusions({"per_class": {"a": {}, "b": {}}, "confusion_matrix": [[1, 0], [3, 1]]})
    [('b', 'a', 3, 0.75)]
    """
    names = list(metrics["per_class"])
    counts = np.array(metrics["confusion_matrix"])
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        (names[true], names[answer], int(rows), float(rows / counts[true].sum()))
        for true, answer in cells
        if (rows := wrong[true, answer])
    ]
