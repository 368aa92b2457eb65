"""Export a trained model, and look after what is published.

python -m export runs/NAME --to models/tweet_sentiment
python -m export runs/NAME --to models/tweet_sentiment_half --weights float16
python -m export runs/NAME --format onnx
python -m export their.keras --labels negative,neutral,positive --test-data rows.csv --to models/theirs
python -m export --list models/tweet_sentiment
python -m export --examination rows.csv --to models/tweet_sentiment
python -m export --rollback 3 --to models/tweet_sentiment
python -m export --keep 5 --to models/tweet_sentiment
python -m export runs/NAME --to s3://bucket/models/tweet_sentiment

What can be refused without TensorFlow, which takes seconds to import, is refused before.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.bring_command import check_brought, is_brought, read_brought
from export.errors import ExportError, UnreadableRunError
from export.formats import require
from export.graph.assets import read_lines
from export.options import options_of
from export.remote.folder import Folder, folder_at
from export.served.servers import choose
from export.settings import WARMUP_BATCHES, Artefact, Tolerances
from export.signatures import LABELS_ASSET
from export.start.command_line import EXIT_INTERRUPTED, EXIT_USAGE
from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.quiet_tensorflow import import_tensorflow
from export.start.shown import shown
from export.start.store_url import StoreUrl
from export.versions.disk_errors import explained
from export.versions.examination import Examination
from export.versions.examination_table import read_table
from export.versions.listing import newest_version

if TYPE_CHECKING:
    from export.gate.quality import TestSplit
    from export.run_record import RunRecord


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, 1 if something was refused, 2 for bad input, 130 after Ctrl-C."""
    options = options_of(arguments)
    try:
        _check_usage(options)
    except ExportError as error:
        return _told(error, EXIT_USAGE)
    try:
        _run(options)
    except ExportError as error:
        return _told(error, error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _check_usage(options: argparse.Namespace) -> None:
    """Refuse what can be told at once, before anything slow begins.

    Raises:
        ExportError: it names the option.
    """
    _check_folder("to", options.to)
    if options.list:
        _check_folder("list", options.list)
    if options.model is not None:
        require(_artefact(options))
        choose(options.servers or ())
        (check_brought if is_brought(options) else _check_model)(options)
        with folder_at(options.to) as folder:
            folder.check_can_publish(options.file_format)
    if options.examination is not None and not options.examination.exists():
        raise ExportError(
            "`examination` must be a CSV file, or the folder of a run. "
            f"Received: examination={options.examination}"
        )


def _check_folder(name: str, path: Path | StoreUrl) -> None:
    if isinstance(path, StoreUrl):
        with folder_at(path):
            return
    with explained(path):
        is_something_else = path.exists() and not path.is_dir()
    if is_something_else:
        raise ExportError(f"`{name}` must be a folder. Received: {name}={path}")


def _check_model(options: argparse.Namespace) -> None:
    from export.run_record import read_run  # noqa: PLC0415 (NumPy, which `--list` does without)

    path = options.model
    file = path / "model.keras" if path.is_dir() else path
    if not file.is_file() or file.suffix != ".keras":
        raise UnreadableRunError(
            "`model` must be a run folder with a model.keras, a .keras file in its run folder, or with --labels and "
            f"--test-data a model of anybody's, a .keras file or a SavedModel folder. Received: model={path}"
        )
    read_run(file.parent)


def _run(options: argparse.Namespace) -> None:
    if options.model is not None:
        _export(options)
    if options.examination is not None:
        _examine(options)
    if options.rollback is not None or options.keep is not None:
        with folder_at(options.to) as folder:
            _change(folder, options)
    if options.list is not None:
        with folder_at(options.list or options.to) as folder:
            print(folder.table())


def _change(folder: Folder, options: argparse.Namespace) -> None:
    if options.rollback is not None:
        number = options.rollback
        path = shown(str(folder.rollback(number)))
        print(f"Published: {path}, which is {number} again")
    if options.keep is not None:
        removed = folder.keep_newest(options.keep)
        print(f"Removed: {', '.join(map(str, removed)) or 'none'}")
    for sentence in folder.passed_over():
        print(f"warning: {shown(sentence)}", file=sys.stderr)


def _export(options: argparse.Namespace) -> None:
    artefact = _artefact(options)
    model, about = _model(options)

    from export.exporter import export_model  # noqa: PLC0415 (TensorFlow)

    tolerances = Tolerances(
        probability=getattr(options, "tolerance", artefact.tolerances.probability),
        macro_f1=options.quality_tolerance,
        recall=options.recall_tolerance,
    )
    path, report = export_model(
        model,
        options.to,
        artefact=artefact,
        tolerances=tolerances,
        force=options.force,
        servers=options.servers or (),
        budget=options.require_speed,
        **about,
    )
    print(report.summary())
    if artefact.is_reduced:
        print(report.beside())
    print(f"Exported: {shown(str(path))}")


def _model(options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """What is exported, and what `export_model` is told of it."""
    if not is_brought(options):
        split, record, _ = _test_part(options.model)
        return _load(options.model), {"split": split, "run": record}
    import_tensorflow()
    model, labels, split, record = read_brought(options)
    return model, {"split": split, "run": record, "labels": labels, "output": options.output}


def _artefact(options: argparse.Namespace) -> Artefact:
    return Artefact(
        file_format=options.file_format,
        weights=options.weights,
        graph=options.graph,
        warmup_batches=options.warmup_batches or WARMUP_BATCHES,
    )


def _examine(options: argparse.Namespace) -> None:
    examination = _examination(options)
    import_lean_tensorflow()
    from export.examining import set_examination  # noqa: PLC0415 (TensorFlow)

    with folder_at(options.to) as folder:
        folder.check_can_write()
        folder.fetch_all()
        is_set = False
        while not is_set:
            set_examination(folder.base, examination, force=options.force)
            is_set = folder.send_examination()
    print(f"Examination: {len(examination.labels):,} rows, {shown(examination.source)}")


def _examination(options: argparse.Namespace) -> Examination:
    """The rows of a table, or those that a run was tested on."""
    path = options.examination
    if path.is_dir():
        split, record, names = _test_part(path)
        source = f"test part of run {record.name} ({record.data_name})"
        return Examination(split.texts, split.labels, names, source, chosen=True)
    return read_table(
        path,
        text_column=getattr(options, "text_column", "text"),
        label_column=getattr(options, "label_column", "label"),
        label_names=_labels_at(options.to),
    )


def _labels_at(to: Path | StoreUrl) -> list[str] | None:
    """Those of the newest version."""
    with folder_at(to) as folder:
        folder.fetch_newest()
        newest = newest_version(folder.base)
        return read_lines(newest.path / LABELS_ASSET) if newest else None


def _test_part(model: Path) -> tuple["TestSplit", "RunRecord", tuple[str, ...]]:
    """The rows that a run was tested on, the run's record, and the names of its classes."""
    import_lean_tensorflow()
    import numpy as np  # noqa: PLC0415

    from export.gate.quality import TestSplit  # noqa: PLC0415
    from export.run_record import read_run  # noqa: PLC0415
    from keras_pipeline.errors import UserError  # noqa: PLC0415
    from keras_pipeline.run_folder import RunFolder  # noqa: PLC0415
    from keras_pipeline.table.dataset import read_tweets  # noqa: PLC0415
    from keras_pipeline.table.splits import split  # noqa: PLC0415

    run = RunFolder(model if model.is_dir() else model.parent)
    record = read_run(run.path)
    try:
        tweets = read_tweets(run.source())
        test = split(tweets, run.config()).test
    except UserError as error:
        raise UnreadableRunError(str(error)) from error
    rows = TestSplit(np.asarray(tweets.texts[test]), tweets.labels[test])
    return rows, record, tweets.label_names


def _load(path: Path) -> Any:
    """A trained model."""
    from keras_pipeline.errors import UserError  # noqa: PLC0415
    from keras_pipeline.model import load_model  # noqa: PLC0415

    try:
        return load_model(path)
    except UserError as error:
        raise UnreadableRunError(str(error)) from error


def _told(error: ExportError, exit_code: int) -> int:
    print(f"error: {error.shown()}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
