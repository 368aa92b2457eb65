"""Train, evaluate, save, export: one command from a CSV to a served graph.

python -m keras_pipeline.train                        what data there is, default settings
python -m keras_pipeline.train --preset notebook      the notebook that this project replaces
python -m keras_pipeline.train --resume               go on with the newest unfinished run
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from export.command_line import Parser
from export.errors import ExportError
from export.quiet_tensorflow import import_tensorflow
from export.signatures import MODEL_NAME
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, shown_path
from keras_pipeline.errors import EXIT_INTERRUPTED, UserError, exits_cleanly
from keras_pipeline.options import (
    add_config_options,
    add_data_options,
    add_teaching_options,
    config_of,
    data_source_of,
    given_settings,
)
from keras_pipeline.run_folder import RunFolder, check_is_free

if TYPE_CHECKING:
    from keras_pipeline.fit.fitting import Fitted
    from keras_pipeline.training import TrainingData

EXIT_NOT_EXPORTED = 1


def _parser() -> Parser:
    parser = Parser(
        prog="python -m keras_pipeline.train",
        description="Train a tweet sentiment graph, evaluate it and export it for TensorFlow Serving.",
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
    run, config, source = _resumed(options) if options.resume else _fresh(options)
    if run is not None and run.is_finished:
        print(f"Nothing to do: {run.path} is finished.")
        return 0
    import_tensorflow()
    # It takes seconds: whatever could be told without it has been told.
    from keras_pipeline import training  # noqa: PLC0415

    data = training.read_data(source, config)
    run = run or RunFolder.create(options.output, config, source)
    fitted = training.fit_run(run, data, tensorboard=options.tensorboard)
    evaluation = training.evaluate_run(fitted, data)
    training.save_run(run, data, fitted, evaluation, perf_counter() - began_at)
    print(f"\n{evaluation.table()}\n\nRun saved: {run.path} (report.md, model.keras, metrics.json)")
    if fitted.interrupted:
        print(f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run.path}")
        return EXIT_INTERRUPTED
    return _finish(run, fitted, data, options)


def _fresh(options: argparse.Namespace) -> tuple[None, TrainConfig, DataSource]:
    """Check everything that needs no TensorFlow; the run's folder is made once the data is read."""
    config, source = config_of(options), data_source_of(options)
    if options.output is not None:
        check_is_free(options.output)
    _check_tensorboard(options)
    from keras_pipeline.table.first_look import check_files  # noqa: PLC0415 (pandas; not for --help)

    check_files(source)
    return None, config, source


def _check_tensorboard(options: argparse.Namespace) -> None:
    """TensorFlow 2.21 no longer brings TensorBoard along."""
    if options.tensorboard and find_spec("tensorboard") is None:
        raise UserError(
            "`--tensorboard` needs the package tensorboard; install it by: "
            "pip install '.[tensorboard]'. Received: tensorboard=True"
        )


def _resumed(options: argparse.Namespace) -> tuple[RunFolder, TrainConfig, DataSource]:
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
    return run, run.config(), source


def _finish(
    run: RunFolder, fitted: "Fitted", data: "TrainingData", options: argparse.Namespace
) -> int:
    """Export, then drop the checkpoint: from here on the run is finished."""
    try:
        if not options.no_export:
            _export(run, fitted, data, options.export_to)
    except ExportError as error:
        print(f"error: {error} The run itself is saved in {run.path}.", file=sys.stderr)
        return EXIT_NOT_EXPORTED
    finally:
        run.checkpoint.unlink(missing_ok=True)
    python = shown_path(Path(sys.executable))
    shown = "python" if python.is_absolute() else python
    ask = f'from keras_pipeline import load_model; print(load_model("{run.path}")(["I love it"]))'
    print(f"\nAsk it:\n  {shown} -c '{ask}'")
    return 0


def _export(run: RunFolder, fitted: "Fitted", data: "TrainingData", to: Path) -> None:
    from export.exporter import export_model  # noqa: PLC0415 (TensorFlow, as above)
    from export.gate.quality import TestSplit  # noqa: PLC0415
    from export.run_record import read_run  # noqa: PLC0415

    path, report = export_model(
        fitted.model, to, split=TestSplit(*data.test()), run=read_run(run.path)
    )
    print(f"{report.summary()}\nExported: {path}")


if __name__ == "__main__":
    sys.exit(main())
