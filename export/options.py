"""The command line of `python -m export`: what may be asked, and in what bounds. No TensorFlow here."""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from export.served.options import add_server_options
from export.settings import (
    FORMATS,
    GRAPHS,
    HEADS,
    PROBABILITY_TOLERANCES,
    SAVED_MODEL,
    WEIGHTS,
    Tolerances,
)
from export.signatures import MODEL_NAME
from export.start.command_line import Parser
from export.start.store_url import folder_named

BROUGHT: Final = ("labels", "test_data", "output", "imports")
"""Options of a model that this project did not train."""

_MODELS: Final = Path("models")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, checked one by one and against each other; a mistake ends the process."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    options.to = getattr(options, "to", default_to(options.file_format))
    commands = ("model", "examination", "rollback")
    given = [name for name in commands if getattr(options, name) is not None]
    if not given and options.list is None and options.keep is None:
        parser.error(
            "expected a model, --list, --examination, --rollback or --keep. Received: none of them"
        )
    if len(given) > 1:
        parser.error(f"expected one of {', '.join(commands)}. Received: {', '.join(given)}")
    served = {name for name in ("servers", "warmup_batches") if getattr(options, name) is not None}
    if served and options.file_format != SAVED_MODEL:
        parser.error(f"a server loads --format {SAVED_MODEL} alone. Received: {', '.join(served)}")
    if options.require_speed is not None and options.file_format != SAVED_MODEL:
        parser.error(
            f"expected --format {SAVED_MODEL} with --require-speed. Received: {options.file_format}"
        )
    columns = {"text_column", "label_column"} & set(vars(options))
    if options.examination is None and options.test_data is None and columns:
        parser.error(
            f"expected --examination or --test-data. Received: {', '.join(sorted(columns))} alone"
        )
    brought = [name for name in BROUGHT if getattr(options, name)]
    if options.model is None and brought:
        parser.error(f"expected a model. Received: {', '.join(brought)} alone")
    return options


def default_to(file_format: str) -> Path:
    """Each format has a folder of its own: a server takes the newest number for a SavedModel."""
    return _MODELS / (MODEL_NAME if file_format == SAVED_MODEL else f"{MODEL_NAME}_{file_format}")


def make_parser() -> Parser:
    """What may be asked."""
    parser = Parser(
        prog="python -m export",
        description="Publish a trained model as a version that passed the gate, and look after what is published.",
    )
    parser.add_argument(
        "model",
        nargs="?",
        type=Path,
        help="model.keras in its run folder, or the folder; or, with --labels and --test-data, anybody's Keras "
        "text model: a .keras file, or a SavedModel folder that model.export wrote",
    )
    parser.add_argument(
        "--to",
        type=folder_named,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"folder of versions, or a store's URL such as s3://bucket/models/x (default: "
        f"{default_to(SAVED_MODEL)}, of another format {default_to('FORMAT')})",
    )
    _add_brought(parser)
    _add_artefact(parser)
    _add_gate(parser)
    _add_folder(parser)
    return parser


def _add_brought(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("a model that was not trained here")
    group.add_argument(
        "--labels",
        metavar="VALUE=NAME,...",
        help="class names in the order of its answers, and which values of the label column they stand for, such "
        'as negative,neutral,positive or "0=no,1=yes"',
    )
    group.add_argument(
        "--test-data",
        nargs="+",
        metavar="FILE",
        help="labelled texts that it has not learned from: CSV, TSV, JSON Lines or Parquet; its answers are compared "
        "and counted on them",
    )
    group.add_argument(
        "--output",
        choices=HEADS,
        help="what its last numbers are (default: found out)",
    )
    group.add_argument(
        "--import",
        action="append",
        type=Path,
        default=[],
        dest="imports",
        metavar="FILE.py",
        help="run this file first: it defines layers and functions of the model; may be given several times",
    )


def _add_artefact(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to write")
    group.add_argument(
        "--format",
        choices=FORMATS,
        default=SAVED_MODEL,
        dest="file_format",
        help="litert and onnx take token ids, not text",
    )
    group.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=WEIGHTS[0],
        help="type in which they are stored",
    )
    group.add_argument(
        "--graph",
        choices=GRAPHS,
        default=GRAPHS[0],
        help="how the classifier is computed; auto is fastest",
    )


def _add_gate(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the gate lets through")
    known = ", ".join(f"{value:g} with {name}" for name, value in PROBABILITY_TOLERANCES.items())
    group.add_argument(
        "--tolerance",
        type=_bounded(0, 1),
        default=argparse.SUPPRESS,
        metavar="P",
        help=f"largest difference of a probability from the Keras model's (default: {known})",
    )
    group.add_argument(
        "--quality-tolerance",
        type=_bounded(0, 1),
        default=Tolerances.macro_f1,
        metavar="F1",
        help="how much lower macro F1 may be than that of the version published now",
    )
    group.add_argument(
        "--recall-tolerance",
        type=_bounded(0, 1),
        default=Tolerances.recall,
        metavar="R",
        help="how much lower the recall of a class may be, if beyond chance",
    )
    group.add_argument(
        "--force",
        action="store_true",
        help="publish in spite of the quality check; card and list say so",
    )
    add_server_options(group)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("instead of exporting, or after it")
    group.add_argument(
        "--list",
        nargs="?",
        type=folder_named,
        const=False,
        metavar="DIR",
        help="show the versions in DIR (default: that of --to)",
    )
    group.add_argument(
        "--examination",
        type=Path,
        metavar="CSV",
        help="judge every version in --to on the rows of this table, or on the test part of this run "
        "folder, now and from now on (default: the test part of the first run published there)",
    )
    group.add_argument(
        "--text-column",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="of --examination or --test-data (default: text)",
    )
    group.add_argument(
        "--label-column",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="of the same (default: label; of --test-data also sentiment, or another usual name)",
    )
    group.add_argument(
        "--rollback",
        type=_whole(None),
        metavar="VERSION",
        help="publish VERSION again under a new number (default: none)",
    )
    group.add_argument(
        "--keep",
        type=_whole(1),
        metavar="N",
        help="remove all versions but the newest N, and what an interrupted upload left (default: remove none)",
    )


def _bounded(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"expected a number from {least:g} to {most:g}. Received: {text}"
            )
        return value

    return read


def _whole(least: int | None) -> Callable[[str], int]:
    bound = "" if least is None else f" of at least {least}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or (least is not None and value < least):
            raise argparse.ArgumentTypeError(f"expected a whole number{bound}. Received: {text}")
        return value

    return read
