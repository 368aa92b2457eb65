"""The options of training, for `keras_pipeline.train` and for commands around it."""

from pathlib import Path
from typing import Final

from export.served.options import add_server_options
from export.signatures import MODEL_NAME
from export.start.command_line import Parser
from export.start.store_url import folder_named
from keras_pipeline.options import (
    add_config_options,
    add_data_options,
    add_part_options,
    add_teaching_options,
)

DEFAULT_FOLDER: Final = Path("models") / MODEL_NAME
"""Where `--publish` without a folder publishes."""


def make_parser(
    prog: str = "python -m keras_pipeline.train",
    description: str = "Train and evaluate a graph from a table of texts; publish it where asked to.",
) -> Parser:
    """The options of training, for this command and for those around it."""
    parser = Parser(prog=prog, description=description)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="run folder, a new one (default: runs/<date-time>)",
    )
    parser.add_argument(
        "--publish", type=folder_named, nargs="?", const=DEFAULT_FOLDER, metavar="DIR|URL",
        help="publish as the next version in DIR, or in a store such as s3://bucket/models/tweets, if it stands that "
        f"folder's examination (default: nothing is published; without a DIR: {DEFAULT_FOLDER})",
    )  # fmt: skip
    parser.add_argument(
        "--no-export", action="store_true", help="stop after saving the run, without a SavedModel"
    )
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with the run in --output, else with the newest unfinished one under runs/; it does "
        "what it was asked at first",
    )  # fmt: skip
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard logs into the run folder"
    )
    parser.add_argument(
        "--hosts", metavar="HOST:PORT,HOST:PORT",
        help="hosts that train together, with --backend jax: give the same command at each, but for --host-index; "
        "the first one's files alone are read, and it alone writes; to go on, add --resume there",
    )  # fmt: skip
    parser.add_argument(
        "--host-index", type=int, metavar="N", help="which of --hosts this one is, from 0"
    )
    add_server_options(parser)
    add_data_options(parser)
    add_part_options(parser)
    add_teaching_options(parser)
    add_config_options(parser)
    return parser
