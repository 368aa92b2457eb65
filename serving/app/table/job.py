"""One table on its way: a thread asks, a file on disk takes the rows, the page looks now and then."""

import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import BinaryIO, Final

from export.tables.reading import Reading
from serving.app.table.tally import StoppedError, Tally
from serving.client import SentimentClient
from serving.client.errors import ServingError
from serving.client.shell.output import Output
from serving.client.shell.patience import DEFAULT_RETRY_FOR_S, PatientClient
from serving.client.shell.table.predict_table import predict_table
from serving.client.shell.table.rows import Columns, Rows

_FORSAKEN_S: Final = 600.0
"""A page that is hidden looks once a minute; one that was closed never."""


class TableJob:
    """Asks about the rows of a table, from its making to its end.

    Args:
        file: The table, to be read from its beginning.
        name: Its name, which may tell what kind it is.
        column: The column that holds the texts.
        client: Whom to ask.

    Attributes:
        name: As given.
        tally: What was answered.
        rows: How many rows are in the result.
        part: How much of the table is read, 0 to 1.
        note: What it waits for; empty where it does not wait.
        error: Why it failed; empty where it did not.
        stopped: Whether somebody stopped it.
        seconds: How long it has taken.
    """

    def __init__(self, file: BinaryIO, name: str, column: str, client: SentimentClient) -> None:
        self.name = name
        self.tally = Tally(client, PatientClient(client, DEFAULT_RETRY_FOR_S, self._wait_for))
        self.rows = 0
        self.part = 0.0
        self.note = ""
        self.error = ""
        self.stopped = False
        self._began = self._seen = time.monotonic()
        self._ended: float | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="table-"))
        # With whoever held the job last: the page of somebody who has gone.
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._file = file
        self._size = _size(file)
        self._column = column
        self._thread = threading.Thread(target=self._run, name="table", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The result, as far as it is."""
        return self._folder / "result.csv"

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return (self._ended or time.monotonic()) - self._began

    def is_running(self) -> bool:
        """Whether it still asks; who looks keeps it from being given up."""
        self._seen = time.monotonic()
        return self._ended is None

    def stop(self) -> None:
        """End it after the texts that are under way."""
        self.tally.stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._ask()
        except StoppedError:
            self.stopped = True
        except (ServingError, OSError, ValueError) as error:
            self.error = str(error)
        finally:
            self.note = ""
            self._file.close()
            self._ended = time.monotonic()

    def _ask(self) -> None:
        rows = open_rows(self._file, self.name, self._column)
        columns = columns_for(rows.header, self._column)
        with Output("the result", self.path.open("wb")) as output:
            predict_table(rows, output, columns, self.tally, self._report)

    def _report(self, _: float | None, rows: int) -> None:
        self.rows, self.note = rows, ""
        # Of a table that is closed after its last row there is nothing left to read.
        self.part = 1.0 if self._file.closed else self._file.tell() / max(self._size, 1)
        if time.monotonic() - self._seen > _FORSAKEN_S:
            self.stop()

    def _wait_for(self, sentence: str) -> None:
        self.note = sentence


def open_rows(file: BinaryIO, name: str, column: str = Reading.text) -> Rows:
    """The rows of a table that was uploaded.

    Args:
        file: To be read from its beginning.
        name: Its name.
        column: One that its header should have.

    Raises:
        ValueError: It is no table.
    """
    return Rows(file, name, Reading(column))


def columns_for(header: list[str], column: str) -> Columns:
    """The columns that are added, under names that the table does not have."""
    taken = [name for name in header if name in Columns(column).added() or "probability_" in name]
    return Columns(column, "predicted_" if taken else "")


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size
