"""`python -m serving.client`: ask a served model from a shell.

Exit codes: 0, the answers are there; 1, the server refused or was not reached; 2, wrong usage.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from export.signatures import MODEL_NAME
from serving.client import SentimentClient
from serving.client.base import DEFAULT_MAX_BATCH_SIZE, DEFAULT_TIMEOUT_S
from serving.client.channel import Tls
from serving.client.errors import ServingError
from serving.client.tables import predict_table
from serving.client.terminal import Progress, write_results

_PROG: Final = "python -m serving.client"
_EPILOG: Final = """\
examples:
  python -m serving.client "what a day" "the bus is late again"
  python -m serving.client --file tweets.txt --json
  cat tweets.txt | python -m serving.client -
  python -m serving.client --csv in.csv --out out.csv
"""


class _Parser(argparse.ArgumentParser):
    """One sentence on a mistake, without the list of options above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print, and tell the exit code.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    parser = _build_parser()
    given = parser.parse_args(arguments)
    _check_source(parser, given)
    try:
        with _client(given) as client:
            _run(client, given)
        sys.stdout.flush()
    except ServingError as error:
        print(f"{_PROG}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, such as head, has seen enough; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return 0


def _build_parser() -> _Parser:
    parser = _Parser(
        prog=_PROG,
        description="Ask a served model for the sentiment of texts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_sources(parser.add_argument_group("what to ask"))
    _add_target(parser.add_argument_group("whom to ask"))
    _add_tls(parser.add_argument_group("TLS"))
    return parser


def _add_sources(group: Any) -> None:
    add = group.add_argument
    add(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="texts to ask about; - reads a text a line from standard input",
    )
    add("--file", type=Path, metavar="FILE", help="read a text a line from FILE")
    add(
        "--csv", type=Path, metavar="IN", help="read texts from a column of a CSV file; needs --out"
    )
    add("--out", type=Path, metavar="OUT", help="write that CSV file with the sentiments added")
    add(
        "--text-column",
        default="text",
        metavar="NAME",
        help="column that holds the texts (default %(default)s)",
    )
    add("--status", action="store_true", help="tell where the model's versions stand")
    add("--metadata", action="store_true", help="tell the model's signatures")
    add("--json", action="store_true", help="write a JSON object a line")


def _add_target(group: Any) -> None:
    add = group.add_argument
    add(
        "--address",
        default="localhost:8500",
        help="host:port, several with commas, or unix:/path (default %(default)s)",
    )
    add(
        "--model-name",
        default=MODEL_NAME,
        metavar="NAME",
        help="name under which the model is served (default %(default)s)",
    )
    add("--version", type=int, metavar="N", help="version to ask (default: the newest)")
    add("--version-label", metavar="LABEL", help="version to ask by label, such as stable")
    add("--signature-name", metavar="NAME", help="signature to ask (default serving_default)")
    add(
        "--timeout-s",
        type=float,
        default=DEFAULT_TIMEOUT_S,
        metavar="S",
        help="seconds that a request may take (default %(default)s)",
    )
    add(
        "--max-batch-size",
        type=int,
        default=DEFAULT_MAX_BATCH_SIZE,
        metavar="N",
        help="texts in one request at most (default %(default)s)",
    )


def _add_tls(group: Any) -> None:
    add = group.add_argument
    add("--tls", action="store_true", help="encrypt; trust the authorities that gRPC ships")
    add("--ca-file", type=Path, metavar="PEM", help="encrypt; trust these authorities")
    add("--cert-file", type=Path, metavar="PEM", help="the client's certificate, for mutual TLS")
    add("--key-file", type=Path, metavar="PEM", help="the client's key, for mutual TLS")
    add("--server-name", metavar="NAME", help="name that the server's certificate carries")


def _check_source(parser: _Parser, given: argparse.Namespace) -> None:
    asked = [
        bool(given.texts),
        given.file is not None,
        given.csv is not None,
        given.status,
        given.metadata,
    ]
    if sum(asked) != 1:
        parser.error("give either texts, --file, --csv, --status or --metadata")
    if (given.csv is None) != (given.out is None):
        parser.error("--csv and --out go together")
    if "-" in given.texts and len(given.texts) > 1:
        parser.error("- for standard input stands alone")


def _client(given: argparse.Namespace) -> SentimentClient:
    files = (given.ca_file, given.cert_file, given.key_file, given.server_name)
    return SentimentClient(
        given.address,
        model_name=given.model_name,
        version=given.version,
        version_label=given.version_label,
        signature_name=given.signature_name,
        timeout_s=given.timeout_s,
        max_batch_size=given.max_batch_size,
        tls=Tls(*files) if given.tls or any(files) else None,
    )


def _run(client: SentimentClient, given: argparse.Namespace) -> None:
    if given.status:
        for status in client.status():
            _print_record(dataclasses.asdict(status) | {"state": status.state.name})
    elif given.metadata:
        _print_record(dataclasses.asdict(client.metadata()))
    elif given.csv is not None:
        _run_table(client, given)
    else:
        texts = _read_texts(given)
        write_results(sys.stdout, texts, client.predict(texts), as_json=given.json)


def _print_record(record: dict[str, Any]) -> None:
    print(json.dumps(record))


def _run_table(client: SentimentClient, given: argparse.Namespace) -> None:
    with Progress(sys.stderr) as progress:
        rows = predict_table(
            given.csv,
            given.out,
            given.text_column,
            client.predict,
            lambda done, count: progress.show(done, f"{count:,} rows"),
        )
    print(f"Wrote {rows:,} rows to {given.out}", file=sys.stderr)


def _read_texts(given: argparse.Namespace) -> list[str]:
    """One text for each argument, or for each line; a line's bytes that are no UTF-8 become U+FFFD."""
    if given.file is not None:
        content = given.file.read_bytes()
    elif given.texts == ["-"]:
        content = sys.stdin.buffer.read()
    else:
        return list(given.texts)
    lines = content.decode("utf-8-sig", "replace").split("\n")
    # The last line ends with a newline too; what follows that is no line.
    return [line.rstrip("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]


if __name__ == "__main__":
    raise SystemExit(main())
