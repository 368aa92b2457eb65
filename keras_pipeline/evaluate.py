"""How good a run is: its figures again, or those on any labelled CSV, with a report to look at.

python -m keras_pipeline.evaluate runs/NAME                    the run's own test part again
python -m keras_pipeline.evaluate runs/NAME --data other.csv   any other labelled CSV
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from export.start.command_line import Parser
from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.shown import shown
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.options import add_data_options, data_source_of
from keras_pipeline.run_files import check_is_free, explain_disk_errors
from keras_pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from keras_pipeline.report.behaviour.check import Behaviour
    from keras_pipeline.report.evaluation import Evaluation


def _parser() -> Parser:
    parser = Parser(
        prog="python -m keras_pipeline.evaluate",
        usage="%(prog)s RUN [options]",  # behind --data, which takes several files, it would be one of them
        description="Evaluate a trained run on its own test part, or on any labelled CSV.",
    )
    parser.add_argument("run", type=Path, help="run folder that training wrote")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="new folder for metrics.json and report.md (default: print only)",
    )
    add_data_options(parser)
    return parser


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, evaluate, print, and write a report where one was asked for; 0, or 2 for bad input."""
    options = _parser().parse_args(arguments)
    run, source = _checked(options)
    import_lean_tensorflow()
    evaluation, behaviour = _evaluate(run, source)
    print(evaluation.table())
    if behaviour is not None:
        print(f"\n{behaviour.table()}")
    if options.output is not None:
        _write(options.output, evaluation, behaviour, run)
        print(f"\nReport: {shown(str(options.output / 'report.md'))}")
    return 0


def _checked(options: argparse.Namespace) -> tuple[RunFolder, DataSource | None]:
    """The run, and another table where one is named; what can be told without TensorFlow is told."""
    run = RunFolder(options.run)
    if not run.model.is_file():
        raise UserError(f"`run` must be a run folder with a model.keras. Received: run={run.path}")
    if options.output is not None:
        check_is_free(options.output)
    if options.data is None:
        return run, None
    source = data_source_of(options)
    from keras_pipeline.table.first_look import check_files  # noqa: PLC0415 (pandas; not for --help)

    check_files(source)
    return run, source


def _evaluate(run: RunFolder, source: DataSource | None) -> "tuple[Evaluation, Behaviour | None]":
    """On all rows of `source`, else on the run's own test part; and which skills the model has."""
    import numpy as np  # noqa: PLC0415 (TensorFlow takes seconds; mistakes have been told before)

    from keras_pipeline.model import load_model  # noqa: PLC0415
    from keras_pipeline.report.behaviour.check import measure_behaviour  # noqa: PLC0415
    from keras_pipeline.report.evaluation import evaluate  # noqa: PLC0415
    from keras_pipeline.table.dataset import read_tweets  # noqa: PLC0415
    from keras_pipeline.table.splits import split  # noqa: PLC0415

    model = load_model(run.model)
    tweets = read_tweets(source, model.labels) if source else read_tweets(run.source())
    rows = np.arange(len(tweets.labels)) if source else split(tweets, run.config()).test
    evaluation = evaluate(model, tweets.texts[rows], tweets.labels[rows])
    return evaluation, measure_behaviour(model)


def _write(
    folder: Path, evaluation: "Evaluation", behaviour: "Behaviour | None", run: RunFolder
) -> None:
    from keras_pipeline.report.written_report import write_report  # noqa: PLC0415 (as above)

    with explain_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        rates = None if behaviour is None else behaviour.rates()
        metrics = {**evaluation.metrics, "behaviour": rates}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        title = f"Evaluation of {run.path.name}"
        write_report(folder, evaluation, title=title, behaviour=behaviour)


if __name__ == "__main__":
    sys.exit(main())
