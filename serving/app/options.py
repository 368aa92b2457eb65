"""The words of `python -m serving.app`, which the page gets too."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from export.signatures import MODEL_NAME
from export.start.command_line import Parser, number, path, word

PROGRAM: Final = "python -m serving.app"
_path: Final = path("name a file or folder")
_EPILOG: Final = "Ctrl-C ends the page, and the server too where this command started it."


@dataclass(frozen=True)
class AppOptions:
    """What was asked for.

    Attributes:
        address: Where the server answers gRPC, `host:port`.
        model_name: Name under which the model is served.
        rest_api_port: Where that host answers REST: for the lines that people copy, and for a server that is started.
        base_path: Folder of versions, for their cards and for a server that is started.
        runs: Folder of runs, for their pictures.
        corrections: CSV file that gets what people corrected.
        labels: Labels of versions that are offered where the server knows them.
        host: Address that the page listens at.
        port: TCP port of the page.
        browser: Whether to open a browser.
    """

    address: str
    model_name: str
    rest_api_port: int
    base_path: Path
    runs: Path
    corrections: Path
    labels: tuple[str, ...]
    host: str
    port: int
    browser: bool

    def words(self) -> list[str]:
        """The words that make these options again."""
        return [
            f"--address={self.address}",
            f"--model-name={self.model_name}",
            f"--rest-api-port={self.rest_api_port}",
            f"--model-base-path={self.base_path}",
            f"--runs={self.runs}",
            f"--corrections={self.corrections}",
            f"--version-labels={','.join(self.labels)}",
            f"--host={self.host}",
            f"--port={self.port}",
            *([] if self.browser else ["--no-browser"]),
        ]


def parse_options(arguments: Sequence[str] | None = None) -> AppOptions:
    """Read the command line; on a mistake say one sentence and exit with 2.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    parser = _build_parser()
    given = parser.parse_args(arguments)
    if given.port == given.rest_api_port:
        parser.error(f"--port and --rest-api-port must differ, received {given.port} for both")
    return AppOptions(
        address=given.address,
        model_name=given.model_name,
        rest_api_port=given.rest_api_port,
        base_path=given.model_base_path or Path("models") / given.model_name,
        runs=given.runs,
        corrections=given.corrections,
        labels=given.version_labels,
        host=given.host,
        port=given.port,
        browser=not given.no_browser,
    )


def _build_parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="A page to try a served model, ask it about tables and correct it. If nothing serves at the"
        " address and that is this machine, what `python -m serving.up` would take is started and ended with it.",
        epilog=_EPILOG,
    )
    _add_model(parser.add_argument_group("the model"))
    _add_page(parser.add_argument_group("the page"))
    return parser


def _add_model(group: Any) -> None:
    add = group.add_argument
    add("--address", type=_address, default="localhost:8500", help="gRPC, host:port")
    add("--model-name", type=word, default=MODEL_NAME, metavar="NAME", help="name it is served by")
    add(
        "--rest-api-port",
        type=number(int, 1, 65535),
        default=8501,
        metavar="PORT",
        help="TCP port of REST on the same host",
    )
    add(
        "--model-base-path",
        type=_path,
        metavar="DIR",
        help="folder with a child for each version (default: models/NAME)",
    )
    add(
        "--version-labels",
        type=_names,
        default="stable,canary",
        metavar="NAME,...",
        help="labels of versions to offer, where the server knows them",
    )


def _add_page(group: Any) -> None:
    add = group.add_argument
    add("--port", type=number(int, 1, 65535), default=8502, help="TCP port of the page")
    add("--host", type=word, default="localhost", help="address that the page listens at")
    add(
        "--runs",
        type=_path,
        default="runs",
        metavar="DIR",
        help="folder of runs, for pictures",
    )
    add(
        "--corrections",
        type=_path,
        default="data/corrections.csv",
        metavar="FILE",
        help="CSV file that gets what people correct, for --data of a training",
    )
    add("--no-browser", action="store_true", help="open no browser")


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"must be host:port, received {text!r}")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in text.split(",") if name))
