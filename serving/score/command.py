"""The job from its words to its last line: plan, compare with what is there, score what is missing, count.

The work runs in a thread; the main one watches, so that a disk, a model or a cluster that never answers ends in
a sentence, and so does Ctrl-C.
"""

import argparse
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Container, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from export.start.command_line import EXIT_INTERRUPTED
from export.start.shown import shown
from export.tables.reading import Reading
from serving.progress import Progress, pace
from serving.score import options
from serving.score.errors import ScoreError
from serving.score.folder import Counts, OutputFolder
from serving.score.model import Model, find_version, fingerprint
from serving.score.pieces.layout import Piece, Plan
from serving.score.pieces.planning import Wish, make_plan
from serving.score.pieces.sources import find_sources, identity_of
from serving.score.pipeline import Job, score_pieces
from serving.score.watch import Watch
from serving.score.writers import Columns

_WATCH_S: Final = 0.1
_LINE_S: Final = 10.0
_EXIT_STOPPED: Final = 1


def run(given: argparse.Namespace) -> int:
    """The exit code; every mistake is a sentence on standard error."""
    watch, outcome = Watch(given.stall_timeout), Future[None]()
    folder = OutputFolder(given.output, given.format)

    def work() -> None:
        try:
            try:
                _score(given, folder, watch)
            finally:
                folder.release()
            outcome.set_result(None)
        except BaseException as error:  # noqa: BLE001 (told by the main thread)
            outcome.set_exception(error)

    threading.Thread(target=work, name="work", daemon=True).start()
    try:
        while not outcome.done():
            time.sleep(_WATCH_S)
            if (sentence := watch.stall()) is not None:
                _leave(folder, sentence, _EXIT_STOPPED)
        outcome.result()
    except KeyboardInterrupt:
        _leave(folder, "Stopped; the same command goes on.", EXIT_INTERRUPTED)
    except ScoreError as error:
        _tell(str(error))
        return error.exit_code
    return 0


def _leave(folder: OutputFolder, sentence: str, code: int) -> None:
    """At once: a thread may wait for a disk that never answers."""
    _tell(sentence)
    folder.leave()
    os._exit(code)


def _tell(sentence: str) -> None:
    print(f"{options.PROGRAM}: {shown(sentence)}", file=sys.stderr, flush=True)


def _score(given: argparse.Namespace, folder: OutputFolder, watch: Watch) -> None:
    _check_packages(given)
    version = find_version(given.model)
    watch.waits_for("the list of the input's files")
    addresses = find_sources(given.input)
    identity = {
        "model": {"fingerprint": fingerprint(version)},
        "settings": _settings(given),
        "inputs": [identity_of(address) for address in addresses],
    }
    plan = _plan(given, addresses, folder.known_pieces(identity), watch)
    folder.begin(identity, [list(vars(piece).values()) for piece in plan.pieces])
    done = folder.done(len(plan.pieces))
    missing = _missing(plan, done)
    if done and missing:
        _note(f"{len(done)} of {len(plan.pieces)} parts are there already.")
    if missing and given.engine == "ray":
        _score_on_ray(given, plan, version, done, watch)
    elif missing:
        _score_here(given, folder, plan, version, done=done, watch=watch)
    watch.waits_for("the disk to take the manifest")
    _say(given, folder.finish(len(plan.pieces)), len(missing))


def _plan(
    given: argparse.Namespace,
    addresses: Sequence[str],
    known: list[list[int]] | None,
    watch: Watch,
) -> Plan:
    """With the pieces of an earlier run, where there was one."""
    pieces = None if known is None else tuple(Piece(*numbers) for numbers in known)
    reading = Reading(
        given.text_column, given.delimiter, given.columns, not given.no_quotes, given.encoding
    )
    kept = None if given.keep_columns is None else tuple(given.keep_columns)
    plan = make_plan(
        addresses,
        Wish(reading, kept, options.piece_bytes(given)),
        pieces,
        lambda address: watch.waits_for(f"the row ends of {address}"),
    )
    Columns(plan.kept, (), given.column_prefix, {}).check()
    return plan


def _missing(plan: Plan, done: Container[int]) -> list[int]:
    return [index for index in range(len(plan.pieces)) if index not in done]


def _score_here(
    given: argparse.Namespace,
    folder: OutputFolder,
    plan: Plan,
    version: Path,
    *,
    done: dict[int, Counts],
    watch: Watch,
) -> None:
    watch.waits_for("TensorFlow to load the model")
    model = Model(version)
    columns = Columns(plan.kept, model.classes, given.column_prefix, plan.arrow_types)
    columns.check()
    with Progress(sys.stderr, _LINE_S) as progress:
        meter = _Meter(plan, done, progress)
        job = Job(plan, folder, given.format, columns, askers=max(2, os.cpu_count() or 1))
        score_pieces(job, _missing(plan, done), model, watch, report=meter.batch, done=meter.piece)


def _score_on_ray(
    given: argparse.Namespace, plan: Plan, version: Path, done: dict[int, Counts], watch: Watch
) -> None:
    from serving.score import on_ray  # noqa: PLC0415 (an extra)

    output = str(given.output.resolve())
    job = on_ray.ActorsJob(plan, output, given.format, given.column_prefix)
    cluster = on_ray.Cluster(given.address, given.workers)
    with Progress(sys.stderr, _LINE_S) as progress:
        meter = _Meter(plan, done, progress)
        missing = _missing(plan, done)
        on_ray.score_on_ray(job, version, missing, cluster, watch=watch, done=meter.whole_piece)


class _Meter:
    """How much of the job is done, and how fast it goes."""

    def __init__(self, plan: Plan, done: dict[int, Counts], progress: Progress) -> None:
        self._weights = [piece.weight for piece in plan.pieces]
        self._before = sum(self._weights[index] for index in done)
        self._total = max(sum(self._weights), 1)
        self._finished = 0
        self._rows_before = sum(one.rows for one in done.values())
        self._rows = 0
        self._progress = progress
        self._began_at = time.monotonic()

    def batch(self, index: int, part: float, rows: int) -> None:
        """Rows were written."""
        self._rows += rows
        # The whole is done once its file is in its place.
        self._show(self._finished + min(part, 0.999) * self._weights[index])

    def piece(self, index: int, counts: Counts) -> None:
        """A piece is in its place."""
        self._finished += self._weights[index]
        self._show(self._finished)

    def whole_piece(self, index: int, counts: Counts) -> None:
        """A piece of which no batch was told."""
        self._rows += counts.rows
        self.piece(index, counts)

    def _show(self, weight: float) -> None:
        seconds = time.monotonic() - self._began_at
        mine = weight / max(self._total - self._before, 1)
        words = pace(mine, self._rows_before + self._rows, self._rows, seconds)
        self._progress.show((self._before + weight) / self._total, words)


def _settings(given: argparse.Namespace) -> dict[str, Any]:
    """All that a byte of the output may follow from, beside the model and the input."""
    names = (
        "format", "text_column", "keep_columns", "column_prefix", "delimiter", "columns", "no_quotes", "encoding",
        "piece_mib",
    )  # fmt: skip
    settings = {name: getattr(given, name) for name in names}
    return {**settings, "columns": list(given.columns)}


def _check_packages(given: argparse.Namespace) -> None:
    needs = {"parquet": ("pyarrow", "parquet", f"--format={given.format}")}.get(given.format)
    wanted = [needs] if needs else []
    if given.engine == "ray":
        wanted.append(("ray", "ray", "--engine=ray"))
    for package, extra, received in wanted:
        if importlib.util.find_spec(package) is None:
            raise ScoreError(
                f"{received} needs the package {package}; install it by: pip install "
                f"'tweet-sentiment-graph[{extra}]'. Received: not installed"
            )


def _say(given: argparse.Namespace, total: Counts, parts: int) -> None:
    words = (
        f"Wrote {total.rows:,} rows to {given.output}"
        if parts
        else f"Nothing to do: {total.rows:,} rows are in {given.output}"
    )
    if total.rejects:
        words += f"; {total.rejects:,} could not be read, see _rejects.jsonl there"
    _note(words)


def _note(words: str) -> None:
    print(shown(words), file=sys.stderr, flush=True)
