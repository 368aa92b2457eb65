"""How good a run is: its figures again, or those on any labelled CSV, with a report to look at.

python -m keras_pipeline.evaluate runs/NAME                    the run's own test part again
python -m keras_pipeline.evaluate runs/NAME --data other.csv   any other labelled CSV
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.model import load_model
from keras_pipeline.options import add_data_options, data_source_of
from keras_pipeline.report.evaluation import evaluate
from keras_pipeline.report.written_report import write_report
from keras_pipeline.run_folder import RunFolder, check_is_free
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import split


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


def _rows_to_judge(
    run: RunFolder, options: argparse.Namespace
) -> tuple[Tweets, np.ndarray[Any, Any]]:
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
