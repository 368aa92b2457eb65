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

from export.errors import ExportError
from export.exporter import export_model
from export.quality import TestSplit
from export.run_record import read_run
from export.signatures import MODEL_NAME
from keras_pipeline.data_source import DataSource
from keras_pipeline.dataset import Tweets, read_tweets
from keras_pipeline.devices import choose_strategy, describe, make_reproducible
from keras_pipeline.errors import EXIT_INTERRUPTED, UserError, exits_cleanly
from keras_pipeline.evaluate import Evaluation, evaluate
from keras_pipeline.fitting import Fitted, fit
from keras_pipeline.options import (
    add_config_options,
    add_data_options,
    add_teaching_options,
    config_of,
    data_source_of,
    given_settings,
)
from keras_pipeline.report import write_report
from keras_pipeline.run_folder import RunFolder, check_is_free, write_whole
from keras_pipeline.soft_labels import read_soft_labels
from keras_pipeline.splits import Splits, split
from keras_pipeline.tables import Cells, text_table
from keras_pipeline.training_rows import training_rows, validation_rows

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
    run, tweets, splits = _resumed(options) if options.resume else _fresh(options)
    if run.is_finished:
        print(f"Nothing to do: {run.path} is finished.")
        return 0
    fitted, account = _fit(run, tweets, splits, options)
    evaluation = evaluate(fitted.model, tweets.texts[splits.test], tweets.labels[splits.test])
    overview = [*tweets.report.table(), *splits.table(), *account]
    _save(run, fitted, evaluation, overview)
    summary = _summary(fitted, evaluation, tweets, splits)
    summary["wall_seconds"] = round(perf_counter() - began_at, 1)
    # The last file: where it is, the others are whole.
    run.write("metrics.json", json.dumps(summary, indent=2) + "\n")
    print(f"\n{evaluation.table()}\n\nRun saved: {run.path} (report.md, model.keras, metrics.json)")
    if fitted.interrupted:
        print(f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run.path}")
        return EXIT_INTERRUPTED
    test = TestSplit(tweets.texts[splits.test], tweets.labels[splits.test])
    return _finish(run, fitted, test, options)


def _fresh(options: argparse.Namespace) -> tuple[RunFolder, Tweets, Splits]:
    """Check everything, read the data, and only then make the run's folder."""
    config, source = config_of(options), data_source_of(options)
    if options.output is not None:
        check_is_free(options.output)
    _check_tensorboard(options)
    _check_files_that_teach(source)
    tweets = _read(source)
    splits = split(tweets, config)
    return RunFolder.create(options.output, config, source), tweets, splits


def _check_files_that_teach(source: DataSource) -> None:
    """A fault in them is told before anything is made."""
    if source.soft_labels is not None:
        read_soft_labels(source.soft_labels, source)
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


def _resumed(options: argparse.Namespace) -> tuple[RunFolder, Tweets, Splits]:
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
    tweets = _read(source)
    return run, tweets, split(tweets, run.config())


def _read(source: DataSource) -> Tweets:
    print(f"Reading {_relative(source.path)}", flush=True)
    tweets = read_tweets(source)
    print(text_table(["", ""], tweets.report.table()))
    return tweets


def _fit(
    run: RunFolder, tweets: Tweets, splits: Splits, options: argparse.Namespace
) -> tuple[Fitted, Cells]:
    """Train, and give an account of what was learned from beside the training part."""
    config, source = run.config(), run.source()
    soft = read_soft_labels(source.soft_labels, source) if source.soft_labels else None
    rows, account = training_rows(tweets, splits, config, soft)
    make_reproducible(config.seed)
    strategy = choose_strategy()
    print(text_table(["", ""], [*splits.table(), *account]))
    print(f"\nTraining on {describe(strategy)}, at most {config.epochs} epochs", flush=True)
    fitted = fit(
        rows,
        validation_rows(tweets, splits),
        config,
        checkpoint=run.checkpoint,
        embeddings=source.embeddings,
        strategy=strategy,
        tensorboard=run.path / "tensorboard" if options.tensorboard else None,
    )
    return fitted, account


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


def _summary(
    fitted: Fitted, evaluation: Evaluation, tweets: Tweets, splits: Splits
) -> dict[str, Any]:
    """What metrics.json holds: the figures, and enough to tell where they come from."""
    parts = ("train", "validation", "test")
    return {
        "test": evaluation.metrics,
        "rows": {part: len(getattr(splits, part)) for part in parts},
        "twins_dropped": splits.twins_dropped,
        "read": dataclasses.asdict(tweets.report),
        "epochs": len(fitted.history),
        "interrupted": fitted.interrupted,
        "finished_at": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _finish(run: RunFolder, fitted: Fitted, test: TestSplit, options: argparse.Namespace) -> int:
    """Export, then drop the checkpoint: from here on the run is finished."""
    try:
        if not options.no_export:
            record = read_run(run.path)
            path, report = export_model(fitted.model, options.export_to, split=test, run=record)
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
