"""Export a trained model, and look after what is published.

python -m export runs/NAME/model.keras --to models/tweet_sentiment
python -m export runs/NAME --to models/tweet_sentiment_half --weights float16
python -m export runs/NAME --format onnx
python -m export --list models/tweet_sentiment
python -m export --rollback 3 --to models/tweet_sentiment
python -m export --keep 5 --to models/tweet_sentiment
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.errors import ExportError, UnreadableRunError
from export.formats import require
from export.settings import (
    FORMATS,
    GRAPHS,
    PROBABILITY_TOLERANCES,
    SAVED_MODEL,
    WEIGHTS,
    Artefact,
    Tolerances,
)
from export.signatures import MODEL_NAME
from export.versions.listing import format_versions, list_versions
from export.versions.publish import keep_newest, rollback

if TYPE_CHECKING:
    from export.gate.quality import TestSplit
    from export.run_record import RunRecord

_MODELS = Path("models")


def _default_to(file_format: str) -> Path:
    """Each format has a folder of its own: a server takes the newest number for a SavedModel."""
    return _MODELS / (MODEL_NAME if file_format == SAVED_MODEL else f"{MODEL_NAME}_{file_format}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m export",
        description="Publish a trained model as a version that passed the gate.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "model", nargs="?", type=Path, help="model.keras in its run folder, or the folder"
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"folder of versions (default: {_default_to(SAVED_MODEL)}, of another format "
        f"{_default_to('FORMAT')})",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=SAVED_MODEL,
        dest="file_format",
        help="litert and onnx take token ids, not text",
    )
    parser.add_argument(
        "--weights", choices=WEIGHTS, default=WEIGHTS[0], help="type in which they are stored"
    )
    parser.add_argument(
        "--graph",
        choices=GRAPHS,
        default=GRAPHS[0],
        help="how the classifier is computed; auto is fastest",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=argparse.SUPPRESS,
        help="largest difference of a probability from the Keras model's (default: "
        + ", ".join(f"{value:g} with {name}" for name, value in PROBABILITY_TOLERANCES.items())
        + ")",
    )
    parser.add_argument(
        "--quality-tolerance", type=float, default=Tolerances.macro_f1,
        help="how much lower macro F1 may be than the published version's",
    )  # fmt: skip
    parser.add_argument(
        "--force", action="store_true", help="publish even if it is worse; the card says so"
    )
    other = parser.add_argument_group("instead of exporting, or after it")
    other.add_argument(
        "--list",
        nargs="?",
        type=Path,
        const=False,
        metavar="DIR",
        help="show the versions in DIR (that of --to)",
    )
    other.add_argument(
        "--rollback", type=int, metavar="VERSION", help="publish VERSION again under a new number"
    )
    other.add_argument("--keep", type=int, metavar="N", help="remove all versions but the newest N")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, 1 if something was refused, 2 for bad input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.to = getattr(options, "to", _default_to(options.file_format))
    asked = (options.model, options.list, options.rollback, options.keep)
    if all(value is None for value in asked):
        parser.error("expected a model, --list, --rollback or --keep. Received: none of them")
    if options.model is not None and options.rollback is not None:
        parser.error("expected a model or --rollback. Received: both")
    try:
        return _run(options)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _run(options: argparse.Namespace) -> int:
    if options.model is not None:
        _export(options)
    if options.rollback is not None:
        print(
            f"Published: {rollback(options.to, options.rollback)}, which is {options.rollback} again"
        )
    if options.keep is not None:
        removed = keep_newest(options.to, options.keep)
        print(f"Removed: {', '.join(str(version.number) for version in removed) or 'none'}")
    if options.list is not None:
        print(format_versions(list_versions(options.list or options.to)))
    return 0


def _export(options: argparse.Namespace) -> None:
    artefact = Artefact(
        file_format=options.file_format, weights=options.weights, graph=options.graph
    )
    require(artefact)
    # TensorFlow takes seconds to import; the other commands do without it.
    model, split, record = _read(options.model)

    from export.exporter import export_model  # noqa: PLC0415

    tolerances = Tolerances(
        probability=getattr(options, "tolerance", artefact.tolerances.probability),
        macro_f1=options.quality_tolerance,
    )
    path, report = export_model(
        model,
        options.to,
        split=split,
        run=record,
        artefact=artefact,
        tolerances=tolerances,
        force=options.force,
    )
    print(report.summary())
    if artefact.is_reduced:
        print(report.beside())
    print(f"Exported: {path}")


def _read(path: Path) -> tuple[Any, "TestSplit", "RunRecord"]:
    """A trained model, the test split of its run, and the run's record."""
    import numpy as np  # noqa: PLC0415

    from export.gate.quality import TestSplit  # noqa: PLC0415
    from export.run_record import read_run  # noqa: PLC0415
    from keras_pipeline.errors import UserError  # noqa: PLC0415
    from keras_pipeline.model import load_model  # noqa: PLC0415
    from keras_pipeline.run_folder import RunFolder  # noqa: PLC0415
    from keras_pipeline.table.dataset import read_tweets  # noqa: PLC0415
    from keras_pipeline.table.splits import split  # noqa: PLC0415

    run = RunFolder(path if path.is_dir() else path.parent)
    try:
        model = load_model(path)
        record = read_run(run.path)
        tweets = read_tweets(run.source())
        test = split(tweets, run.config()).test
    except UserError as error:
        raise UnreadableRunError(str(error)) from error
    return model, TestSplit(np.asarray(tweets.texts[test]), tweets.labels[test]), record


if __name__ == "__main__":
    sys.exit(main())
