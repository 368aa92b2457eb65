"""The words of `python -m serving.score`, and one sentence where one is wrong; no TensorFlow, no pyarrow."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from export.signatures import MODEL_NAME
from export.start.command_line import Parser, number, path, word
from export.tables.csv_words import NoSuchWordError, delimiter, encoding, names

PROGRAM: Final = "python -m serving.score"
_EPILOG: Final = """\
examples:
  python -m serving.score --input tweets/*.csv.gz --output scored
  python -m serving.score --input big.parquet --output scored --keep-columns id --format csv
  python -m serving.score --input /shared/tweets --output /shared/scored --engine ray --address auto

Killed, it goes on where it was: the same command does what is missing, and the folder ends with the same bytes.

exit codes: 0, every row is in the output or among its rejects; 1, it stopped before, and the same command goes on;
2, wrong usage or input; 130, Ctrl-C
"""
_MIB: Final = 2**20
_YEAR_S: Final = 31_536_000
_path: Final = path("name a folder")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options.

    Raises:
        SystemExit: A word is wrong, with code 2; or `--help` was asked for, with 0.
    """
    parser = Parser(
        prog=PROGRAM,
        description="Score a whole table by a published version, without a server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_work(parser.add_argument_group("what to score"))
    _add_csv(parser.add_argument_group("how a CSV is read"))
    _add_engine(parser.add_argument_group("where it runs"))
    given = parser.parse_args(arguments)
    if given.engine == "local":
        for name in ("address", "workers"):
            if getattr(given, name) is not None:
                parser.error(f"--{name} goes with --engine ray")
    return given


def _add_work(group: Any) -> None:
    add = group.add_argument
    add(
        "--input",
        nargs="+",
        required=True,
        type=word,
        metavar="IN",
        help="files, folders and globs of CSV, TSV, JSON Lines or Parquet, packed or not; here or at an address that "
        "fsspec knows, as s3://bucket/tweets (default: none)",
    )
    add(
        "--output",
        required=True,
        type=_folder,
        metavar="DIR",
        help="folder of the scored table, a new one or that of an unfinished job (default: none)",
    )
    add(
        "--format",
        choices=("parquet", "csv", "jsonl"),
        default="parquet",
        help="of the output (default: %(default)s)",
    )
    add(
        "--model",
        type=_path,
        default=Path("models") / MODEL_NAME,
        metavar="DIR",
        help="a published version, or a folder of them, whose newest is taken (default: %(default)s)",
    )
    add(
        "--text-column",
        type=word,
        default="text",
        metavar="NAME",
        help="column that holds the texts (default: %(default)s)",
    )
    add(
        "--keep-columns",
        nargs="*",
        type=word,
        metavar="NAME",
        help="columns to copy beside the answers; without names none (default: all)",
    )
    add(
        "--column-prefix",
        default="",
        metavar="TEXT",
        help="put before the names of the columns that are added (default: nothing)",
    )


def _add_csv(group: Any) -> None:
    add = group.add_argument
    add(
        "--delimiter",
        type=_must_be(partial(delimiter, ascii_only=True)),
        metavar="CHAR",
        help="what stands between cells, tab for a tabulator (default: found out)",
    )
    add(
        "--columns",
        type=_must_be(names),
        default=(),
        metavar="NAME,...",
        help="columns of files without a header row, in their order (default: none)",
    )
    add(
        "--no-quotes",
        action="store_true",
        help="double quotes are text, and set no cell off (default: no)",
    )
    add(
        "--encoding",
        type=_must_be(encoding),
        metavar="NAME",
        help="of the input; the output is UTF-8 (default: utf-8, or utf-16 where a file has its mark)",
    )


def _add_engine(group: Any) -> None:
    add = group.add_argument
    add(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="this process, or actors of a Ray cluster (default: %(default)s)",
    )
    add(
        "--address",
        type=word,
        metavar="HOST:PORT",
        help="of the Ray cluster, auto for the one of this machine (default: one is started here)",
    )
    add(
        "--workers",
        type=number(int, 1, 100_000),
        metavar="N",
        help="actors of one core each (default: the cluster's cores)",
    )
    add(
        "--piece-mib",
        type=number(float, 0.001, 65_536),
        default=64.0,
        metavar="N",
        help="large files are cut into pieces of about N MiB, each one file of the output (default: %(default)s)",
    )
    add(
        "--stall-timeout",
        type=number(float, 0.1, _YEAR_S),
        default=600.0,
        metavar="S",
        help="end after S seconds without progress, and tell what was waited for (default: %(default)s)",
    )


def piece_bytes(given: argparse.Namespace) -> int:
    """`--piece-mib` in bytes."""
    return max(int(given.piece_mib * _MIB), 1)


def _folder(text: str) -> Path:
    if "://" in text:
        raise argparse.ArgumentTypeError(
            f"must be a folder of a file system, for parts are renamed once they are whole, received {text!r}"
        )
    return _path(text)


def _must_be(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return read(text)
        except NoSuchWordError as error:
            raise argparse.ArgumentTypeError(f"must be {error}, received {text!r}") from None

    return parse
