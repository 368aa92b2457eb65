"""Pieces read, answered and written, each beside the others: a thread reads, several ask the model, one writes.

    files → reader → queue of (batch, its answers to come) → writer → part files

TensorFlow lets Python go while it computes. A batch is asked as soon as it is read and written in its turn, the
next piece is read while the last is written, and no more than a few batches are held.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from serving.score.folder import Counts, OutputFolder, PieceFile, writing
from serving.score.model import Answers, Model
from serving.score.pieces.layout import Plan
from serving.score.pieces.rows import Batch, read_batches
from serving.score.watch import Watch
from serving.score.writers import Columns, open_writer

if TYPE_CHECKING:
    from typing import Self

_HELD: Final = 4
"""Batches between reader and writer, beside those that are being asked."""
_PUT_S: Final = 0.5


@dataclass(frozen=True)
class Job:
    """What the threads need to know; travels to the actors of a cluster.

    Attributes:
        plan: Files and pieces.
        folder: Where to.
        suffix: The format.
        columns: Of the output.
        askers: Batches asked at once: between the ops of one there is room for another.
    """

    plan: Plan
    folder: OutputFolder
    suffix: str
    columns: Columns
    askers: int


@dataclass(frozen=True)
class _Asked:
    """A batch on its way; without one, its piece ends."""

    index: int
    file: PieceFile
    batch: Batch | None = None
    answers: "Future[Answers] | None" = None


Report = Callable[[int, float, int], None]
"""Told the piece, the part of it that is written, and the rows that were added."""
Done = Callable[[int, Counts], None]


def score_pieces(
    job: Job, indexes: Sequence[int], model: Model, watch: Watch, *, report: Report, done: Done
) -> None:
    """Score these pieces.

    Args:
        job: What is to be done.
        indexes: Which pieces.
        model: Is asked.
        watch: Is told what is waited for.
        report: Is told of each batch.
        done: Is told of each piece that is in its place.

    Raises:
        ScoreError: A file cannot be read or written, or the model failed.
    """
    pool = ThreadPoolExecutor(job.askers, "ask")
    with pool, _Reader(job, indexes, model, pool) as reader:
        writer: Any = None
        rows = 0
        while (asked := reader.next(watch)) is not None:
            part = f"part {asked.index} of {len(job.plan.pieces)}"
            if writer is None:
                writer, rows = open_writer(job.suffix, asked.file.file, job.columns), 0
            if asked.batch is not None and asked.answers is not None:
                watch.waits_for(f"the model's answers to rows of {part}")
                answers = asked.answers.result()
                watch.waits_for(f"the disk to take rows of {part}")
                with writing(job.folder.path):
                    writer.add(asked.batch, answers)
                rows += len(asked.batch.texts)
                report(asked.index, asked.batch.part, len(asked.batch.texts))
            else:
                watch.waits_for(f"the disk to take {part}")
                with writing(job.folder.path):
                    writer.close()
                done(asked.index, asked.file.finish(rows))
                writer = None
            watch.moved()


class _Reader:
    """The thread that reads, and what it has read."""

    def __init__(
        self, job: Job, indexes: Sequence[int], model: Model, pool: ThreadPoolExecutor
    ) -> None:
        self._job, self._indexes, self._model, self._pool = job, indexes, model, pool
        self._queue: queue.Queue[_Asked | BaseException | None] = queue.Queue(job.askers + _HELD)
        self._stop = threading.Event()
        self._reads = "the first file"
        self._opened: list[PieceFile] = []
        self._thread = threading.Thread(target=self._run, name="read", daemon=True)

    def __enter__(self) -> "Self":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if error[0] is not None:
            for file in self._opened:
                file.abandon()

    def next(self, watch: Watch) -> _Asked | None:
        """What comes next, `None` at the end."""
        while True:
            watch.waits_for(f"rows of {self._reads}")
            try:
                found = self._queue.get(timeout=_PUT_S)
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def _run(self) -> None:
        try:
            for index in self._indexes:
                for asked in self._piece(index):
                    if not self._put(asked):
                        return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 (it is the writer's to raise)
            self._put(error)

    def _piece(self, index: int) -> Iterator[_Asked]:
        plan = self._job.plan
        piece = plan.pieces[index]
        address = plan.files[piece.file].address
        self._reads = f"{address}, from {'row group' if plan.files[piece.file].is_parquet else 'byte'} {piece.start:,}"
        name = PurePath(address).name
        file = self._job.folder.open_piece(index)
        self._opened = [file, *(one for one in self._opened if not one.file.closed)]
        for batch in read_batches(plan, piece, lambda line, why: file.reject(name, line, why)):
            answers = self._pool.submit(self._model.answer, batch.texts)
            yield _Asked(index, file, batch, answers)
        yield _Asked(index, file)

    def _put(self, item: _Asked | BaseException | None) -> bool:
        """Whether it is taken; not where the writer has gone."""
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_PUT_S)
            except queue.Full:
                continue
            return True
        return False
