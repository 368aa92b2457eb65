"""Train, evaluate, save, export: one command from a CSV to a served graph.

python -m keras_pipeline.train                        what data there is, default settings
python -m keras_pipeline.train --preset notebook      the notebook that this project replaces
python -m keras_pipeline.train --resume               go on with the newest unfinished run
"""

import argparse
import csv
import dataclasses
import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from export.errors import ExportError
from export.exporter import export_model
from export.gate.quality import TestSplit
from export.run_record import read_run
from export.signatures import MODEL_NAME
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import EXIT_INTERRUPTED, UserError, exits_cleanly
from keras_pipeline.fit.devices import (
    choose_strategy,
    describe,
    limit_op_threads,
    make_reproducible,
)
from keras_pipeline.fit.fitting import Fitted, fit
from keras_pipeline.options import (
    add_config_options,
    add_data_options,
    add_teaching_options,
    config_of,
    data_source_of,
    given_settings,
)
from keras_pipeline.report.evaluation import Evaluation, evaluate
from keras_pipeline.report.written_report import write_report
from keras_pipeline.run_folder import RunFolder, check_is_free, write_whole
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.soft_labels import read_soft_labels
from keras_pipeline.table.splits import Splits, split
from keras_pipeline.table.training_rows import TextRows, training_rows, validation_rows
from keras_pipeline.text_tables import Cells, text_table

EXIT_NOT_EXPORTED = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m keras_pipeline.train",
        description="Train a tweet sentiment graph, evaluate it and export it for TensorFlow Serving.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="run folder, a new one (default: runs/<date-time>)",
    )
    parser.add_argument(
        "--export-to", type=Path, default=Path("models") / MODEL_NAME, metavar="DIR",
        help="folder that gets the next version number",
    )  # fmt: skip
    parser.add_argument("--no-export", action="store_true", help="stop after saving the run")
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with the run in --output, else with the newest unfinished one under runs/",
    )  # fmt: skip
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard logs into the run folder"
    )
    add_data_options(parser)
    add_teaching_options(parser)
    add_config_options(parser)
    return parser


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, 2 for bad input, 1 if only the export failed, 130 after Ctrl-C."""
    began_at = perf_counter()
    options = _parser().parse_args(arguments)
    limit_op_threads()
    run, data = _resumed(options) if options.resume else _fresh(options)
    if run.is_finished:
        print(f"Nothing to do: {run.path} is finished.")
        return 0
    fitted = _fit(run, data, options)
    test = data.splits.test
    evaluation = evaluate(fitted.model, data.tweets.texts[test], data.tweets.labels[test])
    _save(run, fitted, evaluation, [*data.tweets.report.table(), *data.table()])
    summary = _summary(fitted, evaluation, data)
    summary["wall_seconds"] = round(perf_counter() - began_at, 1)
    # The last file: where it is, the others are whole.
    run.write("metrics.json", json.dumps(summary, indent=2) + "\n")
    print(f"\n{evaluation.table()}\n\nRun saved: {run.path} (report.md, model.keras, metrics.json)")
    if fitted.interrupted:
        print(f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run.path}")
        return EXIT_INTERRUPTED
    return _finish(run, fitted, data, options)


@dataclasses.dataclass(frozen=True, eq=False)
class _Data:
    """What a run reads, and what it makes of it.

    Attributes:
        source: the files.
        tweets: every row of the table.
        splits: which row is in which part.
        train: what to learn from, with what a teacher adds.
        account: rows of a table that tell what is in `train` beside the training part.
    """

    source: DataSource
    tweets: Tweets
    splits: Splits
    train: TextRows
    account: Cells

    def test(self) -> TestSplit:
        """The test part, in memory."""
        rows = self.splits.test
        return TestSplit(np.asarray(self.tweets.texts[rows]), self.tweets.labels[rows])

    def table(self) -> Cells:
        """How many rows there are of which kind."""
        return [*self.splits.table(), *self.account]


def _fresh(options: argparse.Namespace) -> tuple[RunFolder, _Data]:
    """Check everything, read the data, and only then make the run's folder."""
    config, source = config_of(options), data_source_of(options)
    if options.output is not None:
        check_is_free(options.output)
    _check_tensorboard(options)
    _check_embeddings(source)
    data = _read(source, config)
    return RunFolder.create(options.output, config, source), data


def _check_embeddings(source: DataSource) -> None:
    """Their vocabulary is not known yet; that the file is missing can be told at once."""
    if source.embeddings is not None and not source.embeddings.is_file():
        raise UserError(
            f"`embeddings` must be a file of word vectors. Received: embeddings={source.embeddings} "
            "(no such file)"
        )


def _check_tensorboard(options: argparse.Namespace) -> None:
    """TensorFlow 2.21 no longer brings TensorBoard along."""
    if options.tensorboard and find_spec("tensorboard") is None:
        raise UserError(
            "`--tensorboard` needs the package tensorboard; install it by: "
            "pip install '.[tensorboard]'. Received: tensorboard=True"
        )


def _resumed(options: argparse.Namespace) -> tuple[RunFolder, _Data]:
    """The run as it was asked: its own settings, its own data."""
    files = [name for name in ("data", "embeddings", "soft_labels") if getattr(options, name)]
    changed = sorted(given_settings(options)) + files
    if changed or options.preset != "default":
        raise UserError(
            "`--resume` goes on with the settings of the run; leave out other options. "
            f"Received: {', '.join(changed) or 'preset'}"
        )
    run = RunFolder.reopen(options.output)
    source = run.source()
    print(f"Resuming {run.path}")
    return run, _read(source, run.config())


def _read(source: DataSource, config: TrainConfig) -> _Data:
    """Read every file but the word vectors, and tell what is in them."""
    soft = read_soft_labels(source.soft_labels, source) if source.soft_labels else None
    print(f"Reading {_relative(source.path)}", flush=True)
    tweets = read_tweets(source)
    print(text_table(["", ""], tweets.report.table()))
    splits = split(tweets, config)
    return _Data(source, tweets, splits, *training_rows(tweets, splits, config, soft))


def _fit(run: RunFolder, data: _Data, options: argparse.Namespace) -> Fitted:
    config = run.config()
    make_reproducible(config.seed)
    strategy = choose_strategy()
    print(text_table(["", ""], data.table()))
    print(f"\nTraining on {describe(strategy)}, at most {config.epochs} epochs", flush=True)
    return fit(
        data.train,
        validation_rows(data.tweets, data.splits),
        config,
        checkpoint=run.checkpoint,
        embeddings=data.source.embeddings,
        strategy=strategy,
        tensorboard=run.path / "tensorboard" if options.tensorboard else None,
    )


def _save(run: RunFolder, fitted: Fitted, evaluation: Evaluation, overview: Cells) -> None:
    """Write the model, its history and the report."""
    write_whole(run.model, fitted.model.save)
    if fitted.history:
        run.write("history.csv", _as_csv(fitted.history))
    write_report(
        run.path,
        evaluation,
        title=f"Run {run.path.name}",
        overview=overview,
        history=fitted.history,
    )


def _summary(fitted: Fitted, evaluation: Evaluation, data: _Data) -> dict[str, Any]:
    """What metrics.json holds: the figures, and enough to tell where they come from."""
    parts = ("train", "validation", "test")
    return {
        "test": evaluation.metrics,
        "rows": {part: len(getattr(data.splits, part)) for part in parts},
        "twins_dropped": data.splits.twins_dropped,
        "read": dataclasses.asdict(data.tweets.report),
        "epochs": len(fitted.history),
        "interrupted": fitted.interrupted,
        "finished_at": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _finish(run: RunFolder, fitted: Fitted, data: _Data, options: argparse.Namespace) -> int:
    """Export, then drop the checkpoint: from here on the run is finished."""
    try:
        if not options.no_export:
            record = read_run(run.path)
            path, report = export_model(
                fitted.model, options.export_to, split=data.test(), run=record
            )
            print(f"{report.summary()}\nExported: {path}")
    except ExportError as error:
        print(f"error: {error} The run itself is saved in {run.path}.", file=sys.stderr)
        return EXIT_NOT_EXPORTED
    finally:
        run.checkpoint.unlink(missing_ok=True)
    python = _relative(Path(sys.executable))
    shown = "python" if python.is_absolute() else python
    ask = f'from keras_pipeline import load_model; print(load_model("{run.path}")(["what a lovely day"]))'
    print(f"\nAsk it:\n  {shown} -c '{ask}'")
    return 0


def _relative(path: Path) -> Path:
    """As seen from the working directory, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _as_csv(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main())
