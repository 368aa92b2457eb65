"""Command line options that are made from the settings, so that `--help` and checks never part.

Used by the training and the evaluation command.
"""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from keras_pipeline.config import PRESETS, TrainConfig
from keras_pipeline.data_source import DataSource, find_source
from keras_pipeline.run_folder import MODEL_FILE


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One option for each field of `TrainConfig`, and `--preset`.

    Options left out are absent from the parsed namespace, so that a preset's values stand.
    """
    group = parser.add_argument_group("hyperparameters", "defaults are those of `--preset default`")
    group.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="default",
        help="settings to start from; notebook: those of the notebook this replaces; transfer: those that "
        "suit --embeddings; taught: those that suit --soft-labels of many texts (default: default)",
    )
    for field in TrainConfig.option_fields():
        described = f"{field.metadata['help']} (default: {_shown(field.default)})"
        common: dict[str, Any] = {"help": described, "default": argparse.SUPPRESS}
        if isinstance(field.default, bool):
            group.add_argument(_flag(field), action=argparse.BooleanOptionalAction, **common)
        elif "choices" in field.metadata:
            group.add_argument(_flag(field), choices=field.metadata["choices"], **common)
        else:
            kind = type(field.default)
            group.add_argument(_flag(field), type=kind, metavar=kind.__name__.upper(), **common)


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The settings that the options ask for.

    Raises:
        UserError: a value out of its bounds.
    """
    return TrainConfig.preset(options.preset, **given_settings(options))


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The hyperparameters that were named on the command line."""
    names = {field.name for field in TrainConfig.option_fields()}
    return {name: value for name, value in vars(options).items() if name in names}


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Options that tell which CSV to read, and how."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data", nargs="+", metavar="FILE",
        help="labelled texts: CSV, TSV, JSON Lines or Parquet, packed by gzip, bzip2, xz or zstd or not; several "
        "files, folders and globs are one table",
    )  # fmt: skip
    group.add_argument(
        "--text-column", default="text", metavar="NAME", help="column with the tweets"
    )
    group.add_argument(
        "--label-column", default="sentiment", metavar="NAME", help="column with the labels"
    )
    group.add_argument(
        "--span-column", default="selected_text", metavar="NAME",
        help="column with the part of the tweet that carries its sentiment; it may be missing",
    )  # fmt: skip
    group.add_argument(
        "--id-column", default="textID", metavar="NAME",
        help="column by which --soft-labels may name a row; it may be missing",
    )  # fmt: skip
    group.add_argument(
        "--encoding", default="utf-8", metavar="NAME", help="of a CSV (default: utf-8)"
    )
    group.add_argument(
        "--delimiter", metavar="CHARACTER", help=r"of a CSV, \t for a tab (default: found out)"
    )
    group.add_argument(
        "--columns",
        metavar="NAME,...",
        help="columns of a CSV without a header row, in their order",
    )
    group.add_argument(
        "--no-quotes",
        action="store_true",
        help="double quotes of a CSV are text, and set no cell off",
    )
    group.add_argument(
        "--labels", dest="label_map", metavar="VALUE=NAME,...",
        help="class names in the order of their ids, and which values of the label column they stand for, "
        'such as no,yes or "0=negative,4=positive" (default: the values of the column)',
    )  # fmt: skip
    group.add_argument(
        "--drop-unknown-labels",
        action="store_true",
        help="drop rows whose label is none of --labels, instead of refusing the file",
    )


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """Tables that come in parts."""
    group = parser.add_argument_group("parts of the data")
    for part in ("validation", "test"):
        group.add_argument(
            f"--{part}-data", nargs="+", metavar="FILE",
            help=f"all its rows are the {part} part (default: a share of --data)",
        )  # fmt: skip


def add_teaching_options(parser: argparse.ArgumentParser) -> None:
    """Files from outside that make a better model of the same graph."""
    group = parser.add_argument_group("files that teach")
    group.add_argument(
        "--embeddings", metavar="auto|none|FILE",
        help="word vectors to begin with: GloVe, word2vec or fastText text, plain or gzipped; or an encoder's "
        "*.safetensors, its tokenizer.json beside it; auto: all-MiniLM-L6-v2's, where it is installed, but not "
        "for --preset notebook or --start-from (default: auto)",
    )  # fmt: skip
    group.add_argument(
        "--start-from", type=Path, metavar="RUN",
        help="folder of a run to go on from, with new rows: its vocabulary, sizes and weights are kept; other "
        "labels get a new last layer",
    )  # fmt: skip
    group.add_argument(
        "--soft-labels", type=Path, metavar="CSV",
        help="a teacher's probabilities: a column for each class, and the text or id column; "
        "texts that the table does not have are learned from, too",
    )  # fmt: skip
    group.add_argument(
        "--unlabelled", nargs="+", metavar="FILE",
        help="more texts, in files like those of --data; the networks of --distill tell what they mean, so no label "
        "is needed or looked at",
    )  # fmt: skip


def data_source_of(options: argparse.Namespace) -> DataSource:
    """The CSV that the options name, or the one that is there.

    Raises:
        UserError: there is none.
    """
    start_from = getattr(options, "start_from", None)
    return find_source(
        options.data,
        text_column=options.text_column,
        label_column=options.label_column,
        span_column=options.span_column,
        id_column=options.id_column,
        encoding=options.encoding,
        delimiter=_delimiter(options.delimiter),
        columns=_names(options.columns),
        quotes=not options.no_quotes,
        validation_paths=getattr(options, "validation_data", None),
        test_paths=getattr(options, "test_data", None),
        unlabelled_paths=getattr(options, "unlabelled", None),
        label_map=options.label_map,
        drop_unknown_labels=options.drop_unknown_labels,
        # Only training reads them: evaluation has no such options.
        soft_labels=getattr(options, "soft_labels", None),
        start_from=None if start_from is None else start_from / MODEL_FILE,
    )


def _delimiter(given: str | None) -> str | None:
    """A tab is hard to type."""
    return "\t" if given in ("\\t", "tab") else given


def _names(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(name.strip() for name in given.split(","))


def progress_verbosity() -> int:
    """Keras's `verbose`: a moving bar on a terminal, silence where the output is a file or a pipe."""
    return 1 if sys.stdout.isatty() else 0


def _flag(field: dataclasses.Field[Any]) -> str:
    return "--" + field.name.replace("_", "-")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
