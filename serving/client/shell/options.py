"""The words of the command line: which there are, what they may hold, and one sentence where one does not."""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from export.signatures import LABEL_SIGNATURE, MODEL_NAME, SERVING_DEFAULT
from export.start.command_line import Parser
from export.tables.csv_words import NoSuchWordError, delimiter, encoding, names
from serving.client.base import DEFAULT_MAX_BATCH_SIZE, DEFAULT_TIMEOUT_S
from serving.client.shell.patience import DEFAULT_RETRY_FOR_S

PROG: Final = "python -m serving.client"
_EPILOG: Final = """\
examples:
  python -m serving.client "what a day" "the bus is late again"
  python -m serving.client --explain "what a day"
  python -m serving.client --file tweets.txt --json
  cat tweets.txt | python -m serving.client -
  python -m serving.client --csv in.csv --out out.csv
  zcat in.tsv.gz | python -m serving.client --csv - --delimiter tab --out - | less

A table is written to OUT.unfinished, which becomes OUT once it is complete. Where a job fails, its rows stay
there: the same command with --resume compares them with IN and goes on with the rest, nothing twice and
nothing lost. Ctrl-C takes them away, unless --resume was given.

exit codes: 0, the answers are there; 1, the server refused or was away, or a disk is full; 2, wrong usage or
input; 130, Ctrl-C
"""
_FOR_TABLES: Final = (
    "out", "text_column", "delimiter", "columns", "no_quotes", "encoding", "column_prefix", "overwrite", "resume",
)  # fmt: skip


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options.

    Args:
        arguments: The words after the program's name; those of this process by default.

    Raises:
        SystemExit: A word is wrong, with code 2; or `--help` was asked for, with 0.
    """
    parser = _build_parser()
    given = parser.parse_args(arguments)
    _check(parser, given)
    return given


def _build_parser() -> Parser:
    parser = Parser(
        prog=PROG,
        description="Ask a served model for the sentiment of texts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_sources(parser.add_argument_group("what to ask"))
    _add_tables(parser.add_argument_group("tables"))
    _add_target(parser.add_argument_group("whom to ask"))
    _add_tls(parser.add_argument_group("TLS"))
    return parser


def _add_sources(group: Any) -> None:
    add = group.add_argument
    add(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="texts to ask about; - reads a text a line from standard input (default: none)",
    )
    add("--file", metavar="FILE", help="read a text a line from FILE (default: none)")
    add(
        "--csv",
        nargs="+",
        metavar="IN",
        help="read texts from a column of a table: CSV, TSV, JSON Lines or Parquet, packed or not; several files, "
        "folders and globs are one table, - is standard input; needs --out (default: none)",
    )
    add("--status", action="store_true", help="tell where the model's versions stand (default: no)")
    add("--metadata", action="store_true", help="tell the model's signatures (default: no)")
    add(
        "--explain",
        action="store_true",
        help="tell what each word does to the answer: coloured on a terminal, else its effect behind it; all classes "
        "in JSON (default: no)",
    )
    add("--json", action="store_true", help="write a JSON object a line (default: no)")
    add(
        "--top",
        type=_count,
        metavar="N",
        help="tell the N most probable classes of each text, best first (default: one; all in JSON and tables)",
    )


def _add_tables(group: Any) -> None:
    add = group.add_argument
    add(
        "--out",
        metavar="OUT",
        help="write the CSV file with the sentiments added, - for standard output (default: none)",
    )
    add("--overwrite", action="store_true", help="write over an OUT that is there (default: no)")
    add(
        "--resume",
        action="store_true",
        help="go on with the rows in OUT.unfinished, and keep them there if stopped (default: no)",
    )
    add(
        "--text-column",
        default="text",
        metavar="NAME",
        help="column that holds the texts (default: %(default)s)",
    )
    add(
        "--delimiter",
        type=_given("--delimiter", delimiter),
        metavar="CHAR",
        help="what stands between cells of a CSV, tab for a tabulator (default: found out)",
    )
    add(
        "--columns",
        type=_given("--columns", names),
        default=(),
        metavar="NAME,...",
        help="columns of a CSV without a header row, in their order; OUT gets them as one (default: none)",
    )
    add(
        "--no-quotes",
        action="store_true",
        help="double quotes of a CSV are text, and set no cell off (default: no)",
    )
    add(
        "--encoding",
        type=_given("--encoding", encoding),
        metavar="NAME",
        help="of a CSV; OUT is UTF-8 in any case (default: utf-8, or utf-16 where the file has its mark)",
    )
    add(
        "--column-prefix",
        default="",
        metavar="TEXT",
        help="put before the names of the columns that are added (default: nothing)",
    )


def _add_target(group: Any) -> None:
    add = group.add_argument
    add(
        "--address",
        default="localhost:8500",
        help="host:port, several with commas, or unix:/path (default: %(default)s)",
    )
    add(
        "--model-name",
        default=MODEL_NAME,
        metavar="NAME",
        help="name under which the model is served (default: %(default)s)",
    )
    add("--version", type=int, metavar="N", help="version to ask (default: the newest)")
    add(
        "--version-label",
        metavar="LABEL",
        help="version to ask by label, such as stable (default: none)",
    )
    add(
        "--signature-name",
        metavar="NAME",
        help=f"signature to ask (default: {LABEL_SIGNATURE}, or {SERVING_DEFAULT} where there is none)",
    )
    add(
        "--timeout-s",
        type=float,
        default=DEFAULT_TIMEOUT_S,
        metavar="S",
        help="seconds that a request may take (default: %(default)s)",
    )
    add(
        "--retry-for",
        type=_seconds,
        default=DEFAULT_RETRY_FOR_S,
        metavar="S",
        help="seconds that --csv, --file and - wait for a server that is away (default: %(default)s)",
    )
    add(
        "--max-batch-size",
        type=int,
        default=DEFAULT_MAX_BATCH_SIZE,
        metavar="N",
        help="texts in one request at most (default: %(default)s)",
    )


def _add_tls(group: Any) -> None:
    add = group.add_argument
    add(
        "--tls",
        action="store_true",
        help="encrypt; trust the authorities that gRPC ships (default: no, but with an option below)",
    )
    add(
        "--ca-file",
        type=Path,
        metavar="PEM",
        help="encrypt; trust these authorities (default: those that gRPC ships)",
    )
    add(
        "--cert-file",
        type=Path,
        metavar="PEM",
        help="the client's certificate, for mutual TLS (default: none)",
    )
    add(
        "--key-file",
        type=Path,
        metavar="PEM",
        help="the client's key, for mutual TLS (default: none)",
    )
    add(
        "--server-name",
        metavar="NAME",
        help="name that the server's certificate carries (default: that of the address)",
    )


def _given(option: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return read(text)
        except NoSuchWordError as error:
            raise argparse.ArgumentTypeError(
                f"expected {error}. Received: {option}={text}"
            ) from None

    return parse


def _count(word: str) -> int:
    if not (word.isascii() and word.isdigit() and int(word[:9])):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1. Received: --top={word}")
    return int(word[:9])


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(
            f"expected seconds, 0 or more. Received: --retry-for={word}"
        )
    return seconds


def _check(parser: Parser, given: argparse.Namespace) -> None:
    """What options say to each other."""
    asked = [
        bool(given.texts),
        given.file is not None,
        given.csv is not None,
        given.status,
        given.metadata,
    ]
    if sum(asked) != 1:
        parser.error("give either texts, --file, --csv, --status or --metadata")
    if "-" in given.texts and len(given.texts) > 1:
        parser.error("- for standard input stands alone")
    if given.explain and not (given.texts or given.file is not None):
        parser.error("--explain goes with texts or --file")
    if given.csv is None:
        for name in _FOR_TABLES:
            if getattr(given, name) != parser.get_default(name):
                parser.error(f"--{name.replace('_', '-')} goes with --csv")
    elif given.out is None:
        parser.error("--csv needs --out")
    elif given.json:
        parser.error("--json does not go with --csv, which writes CSV")
