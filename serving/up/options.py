"""The command line of `python -m serving.up`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from export.signatures import MODEL_NAME
from export.start.command_line import Parser, number, path, word
from serving.up.launchers import LAUNCHERS, Deployment

PROGRAM: Final = "python -m serving.up"
_READY_TIMEOUT_S: Final = 300
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Options:
    """What was asked for.

    Attributes:
        deployment: What to serve, and where.
        choice: The only server to take, by its word for `--with`; `None` for the best there is.
        timeout_s: Seconds until it must serve.
    """

    deployment: Deployment
    choice: str | None
    timeout_s: float


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; on a mistake say one sentence and exit with 2.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    parser = _build_parser()
    given = parser.parse_args(arguments)
    if given.port == given.rest_api_port:
        parser.error(f"--port and --rest-api-port must differ, received {given.port} for both")
    if not is_published(given.model_base_path):
        parser.error(
            f"no version is published under {given.model_base_path}: run `make train` first, or name"
            " another folder by --model-base-path"
        )
    deployment = Deployment(
        given.model_base_path.resolve(), given.model_name, given.port, given.rest_api_port
    )
    return Options(deployment, given.choice, given.timeout_s)


def _build_parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="Serve what is published by the best server this machine has.",
    )
    add = parser.add_argument
    add(
        "--model-base-path",
        type=path("name a folder"),
        default=Path("models") / MODEL_NAME,
        metavar="DIR",
        help="folder with a child for each version (default %(default)s)",
    )
    add(
        "--model-name",
        type=word,
        default=MODEL_NAME,
        metavar="NAME",
        help="name under which the model is asked (default %(default)s)",
    )
    add(
        "--port",
        type=number(int, 1, 65535),
        default=8500,
        help="TCP port for gRPC (default %(default)s)",
    )
    add(
        "--rest-api-port",
        type=number(int, 1, 65535),
        default=8501,
        metavar="PORT",
        help="TCP port for REST (default %(default)s)",
    )
    add(
        "--with",
        dest="choice",
        choices=[launcher.choice for launcher in LAUNCHERS],
        help="take this server or none (default the best there is)",
    )
    add(
        "--timeout-s",
        type=_seconds,
        default=_READY_TIMEOUT_S,
        metavar="S",
        help="seconds until it must serve; docker may have to fetch its image first (default %(default)s)",
    )
    return parser


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= _DAY_S:
        raise argparse.ArgumentTypeError(
            f"must be more than 0 and at most {_DAY_S}, received {text!r}"
        )
    return number


_seconds.__name__ = "number"


def is_published(base_path: Path) -> bool:
    """Whether a folder holds a version: a folder whose name is a number."""
    try:
        children = list(base_path.iterdir())
    except OSError:
        return False
    return any(
        child.name.isascii() and child.name.isdecimal() and child.is_dir() for child in children
    )
