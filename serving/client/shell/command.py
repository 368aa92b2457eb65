"""The command itself: options to a client, its answers to a terminal, a file or a program.

Exit codes: 0, the answers are there; 1, the server refused or was away, or a disk is full; 2, wrong usage or
input; 130, Ctrl-C.
"""

import argparse
import dataclasses
import errno
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from export.start.command_line import EXIT_USAGE
from export.start.shown import json_line, shown
from export.tables.reading import Reading
from serving.client.blocking import SentimentClient
from serving.client.channel import Tls
from serving.client.errors import ServingError
from serving.client.shell import interrupt, options
from serving.client.shell.interrupt import Guard
from serving.client.shell.patience import PatientClient
from serving.client.shell.reasons import write_reasons
from serving.client.shell.sources import ANSWERED, EXPLAINED, STANDARD, pieces, read_lines
from serving.client.shell.table.files import FileRows
from serving.client.shell.table.predict_table import predict_table
from serving.client.shell.table.rows import Columns
from serving.client.shell.targets import open_target
from serving.client.shell.terminal import put, write_results
from serving.client.shell.unfinished import Leave
from serving.progress import Progress

_EXIT_FAILED: Final = 1
_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """As `serving.client.__main__.main`."""
    given = options.parse(arguments)
    return interrupt.run(partial(_ask, given))


def _ask(given: argparse.Namespace, guard: Guard) -> int:
    try:
        with _client(given) as client:
            _run(client, given, guard)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ServingError as error:
        return _fail(str(error), _EXIT_FAILED, guard)
    except BrokenPipeError:
        # The reader, such as head, has seen enough.
        _drop_output()
    except OSError as error:
        message = error.strerror if error.filename is None else str(error)
        if error.errno not in _DISK:
            return _fail(message, EXIT_USAGE, guard)
        _drop_output()
        return _fail(message, _EXIT_FAILED, guard)
    except ValueError as error:
        return _fail(str(error), EXIT_USAGE, guard)
    return 0


def _fail(message: str | None, code: int, guard: Guard) -> int:
    _tell(message or "Failed for a reason that the system does not tell.")
    if guard.note:
        _tell(guard.note)
    return code


def _tell(message: str) -> None:
    """A sentence for a person; what a program reads goes to standard output."""
    print(f"{options.PROG}: {shown(message)}", file=sys.stderr)


def _drop_output() -> None:
    """Python's own flush at exit must not complain of what is told already, or is no mistake."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _client(given: argparse.Namespace) -> SentimentClient:
    files = (given.ca_file, given.cert_file, given.key_file, given.server_name)
    tls = Tls(*files) if given.tls or any(files) else None
    if tls is not None:
        # Read here, so that a wrong file is told before anything is done.
        tls.credentials()
    return SentimentClient(
        given.address,
        model_name=given.model_name,
        version=given.version,
        version_label=given.version_label,
        signature_name=given.signature_name,
        timeout_s=given.timeout_s,
        max_batch_size=given.max_batch_size,
        tls=tls,
    )


def _run(client: SentimentClient, given: argparse.Namespace, guard: Guard) -> None:
    patient = PatientClient(client, given.retry_for, _tell)
    if given.csv is not None:
        _run_table(patient, given, guard)
    elif sys.stdout is None:
        raise ValueError("Standard output is closed, and the answers go there")
    elif given.status:
        for status in client.status():
            _print_record(dataclasses.asdict(status) | {"state": status.state.name})
    elif given.metadata:
        _print_record(dataclasses.asdict(client.metadata()))
    elif given.file is not None or given.texts == [STANDARD]:
        lines = read_lines("--file" if given.file else "TEXT", given.file or STANDARD)
        for texts in pieces(lines, EXPLAINED if given.explain else ANSWERED):
            _answer(patient, texts, given)
    else:
        _answer(client, given.texts, given)


def _answer(
    asked: SentimentClient | PatientClient, texts: Sequence[str], given: argparse.Namespace
) -> None:
    how: dict[str, Any] = {"as_json": given.json, "top": given.top}
    if given.explain:
        write_reasons(sys.stdout, texts, asked.explain(texts), **how)
    else:
        write_results(sys.stdout, texts, asked.predict(texts), **how)


def _print_record(record: dict[str, Any]) -> None:
    put(sys.stdout, json_line(record, ascii_only=True))


def _run_table(client: PatientClient, given: argparse.Namespace, guard: Guard) -> None:
    columns = Columns(given.text_column, given.column_prefix, given.top)
    reading = Reading(
        given.text_column, given.delimiter, given.columns, not given.no_quotes, given.encoding
    )
    with FileRows(given.csv, reading) as rows:
        # Before a file is made.
        columns.position(rows.header)
        columns.header(rows.header, ())
        leave = Leave(overwrite=given.overwrite, resume=given.resume)
        output = open_target(given.out, rows.inputs, leave, guard)
        with output, Progress(sys.stderr) as progress:
            count = predict_table(
                rows,
                output,
                columns,
                client,
                lambda done, count: progress.show(done, f"{count:,} rows"),
            )
    print(shown(f"Wrote {count:,} rows to {given.out}"), file=sys.stderr)
