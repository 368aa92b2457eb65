"""How good a model is on labelled tweets: figures, a report to look at, a command line.

python -m keras_pipeline.evaluate runs/NAME                    the run's own test part again
python -m keras_pipeline.evaluate runs/NAME --data other.csv   any other labelled CSV
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import classification_report, confusion_matrix

from export.signatures import LABELS
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.model import SentimentModel, load_model
from keras_pipeline.options import add_data_options, data_source_of, progress_verbosity
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.report.report import CLASS_COLUMNS, class_rows, write_report
from keras_pipeline.run_folder import RunFolder, check_is_free
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import split
from keras_pipeline.table.stored_texts import Texts, text_batches
from keras_pipeline.tables import text_table

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Answers of a model to labelled tweets, and what follows from them.

    Attributes:
        texts: raw tweets, `[rows]` str.
        labels: true class ids, `[rows] int64`.
        probabilities: the model's, `[rows, 3] float32`.
        metrics: JSON values: rows, accuracy, macro_f1, calibration_error, per_class, macro_average,
            weighted_average, confusion_matrix (rows true, columns predicted).
    """

    texts: Texts
    labels: Array
    probabilities: Array
    metrics: dict[str, Any]

    def table(self) -> str:
        """The figures as a table for the terminal."""
        matrix = [
            [f"true {label}", *counts]
            for label, counts in zip(LABELS, self.metrics["confusion_matrix"], strict=True)
        ]
        figures = (
            f"accuracy {self.metrics['accuracy']:.4f}   macro F1 {self.metrics['macro_f1']:.4f}"
        )
        calibration = f"calibration error {self.metrics['calibration_error']:.4f}"
        return "\n\n".join(
            [
                text_table(["", *CLASS_COLUMNS], class_rows(self.metrics)),
                text_table(["predicted", *LABELS], matrix),
                f"{figures}   {calibration}",
            ]
        )


def evaluate(model: SentimentModel, texts: Texts, labels: Array) -> Evaluation:
    """Ask the composed model for every raw tweet and compare with the labels.

    Args:
        model: strings in, `[batch, 3] float32` out.
        texts: raw tweets, `[rows]`.
        labels: class ids, `[rows]`.
    """
    probabilities = model.predict(text_batches(texts, 512), verbose=progress_verbosity())
    return Evaluation(texts, labels, probabilities, compute_metrics(labels, probabilities))


def compute_metrics(labels: Array, probabilities: Array) -> dict[str, Any]:
    """Figures of scikit-learn's classification report, confusion matrix and calibration error.

    Args:
        labels: class ids, `[rows] int64`.
        probabilities: `[rows, 3] float32`.

    Example:
    >>> metrics = compute_metrics(np.array([0, 1, 2, 2]), np.eye(3)[[0, 1, 2, 1]])
    >>> metrics["accuracy"], metrics["confusion_matrix"]
    (0.75, [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    """
    predicted = probabilities.argmax(axis=1)
    ids = range(len(LABELS))
    report = classification_report(
        labels, predicted, labels=ids, target_names=LABELS, output_dict=True, zero_division=0
    )
    macro = _figures(report["macro avg"])
    return {
        "rows": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": macro["f1"],
        "calibration_error": expected_calibration_error(labels, probabilities),
        "per_class": {label: _figures(report[label]) for label in LABELS},
        "macro_average": macro,
        "weighted_average": _figures(report["weighted avg"]),
        "confusion_matrix": confusion_matrix(labels, predicted, labels=ids).tolist(),
    }


def _figures(part: dict[str, float]) -> dict[str, float]:
    return {
        "precision": float(part["precision"]),
        "recall": float(part["recall"]),
        "f1": float(part["f1-score"]),
        "rows": int(part["support"]),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m keras_pipeline.evaluate",
        description="Evaluate a trained run on its own test part, or on any labelled CSV.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("run", type=Path, help="run folder that training wrote")
    parser.add_argument(
        "--output",
        type=Path,
        help="new folder for metrics.json and report.md (default: print only)",
    )
    add_data_options(parser)
    return parser


def _rows_to_judge(run: RunFolder, options: argparse.Namespace) -> tuple[Tweets, Array]:
    """All rows of the CSV that was named, else the test part of the run."""
    if options.data is None:
        tweets = read_tweets(run.source())
        return tweets, split(tweets, run.config()).test
    tweets = read_tweets(data_source_of(options))
    return tweets, np.arange(len(tweets.labels))


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, evaluate, print, and write a report where one was asked for; 0, or 2 for bad input."""
    options = _parser().parse_args(arguments)
    run = RunFolder(options.run)
    if not run.model.is_file():
        raise UserError(f"`run` must be a run folder with a model.keras. Received: run={run.path}")
    if options.output is not None:
        check_is_free(options.output)
    model = load_model(run.model)
    tweets, rows = _rows_to_judge(run, options)
    evaluation = evaluate(model, tweets.texts[rows], tweets.labels[rows])
    print(evaluation.table())
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "metrics.json").write_text(
            json.dumps(evaluation.metrics, indent=2) + "\n"
        )
        write_report(options.output, evaluation, title=f"Evaluation of {run.path.name}")
        print(f"\nReport: {options.output / 'report.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
