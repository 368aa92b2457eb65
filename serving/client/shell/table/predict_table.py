"""A CSV file in, the same file with sentiments out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from export.start.shown import listed
from serving.client.errors import OtherLabelsError
from serving.client.results import Prediction
from serving.client.shell.output import Output
from serving.client.shell.sources import pieces
from serving.client.shell.table.files import FileRows
from serving.client.shell.table.resume import Kept, answers
from serving.client.shell.table.rows import Columns, Rows, row_writer
from serving.client.shell.unfinished import UnfinishedFile

_NAMED: Final = 5
"""Classes that a message names."""

Report = Callable[[float | None, int], None]
"""Told the part of the file that is done, 0 to 1, `None` where it has no size, and the number of rows."""


class Asked(Protocol):
    """Who is asked for a table: a client, or one that does something beside."""

    def predict(self, texts: Sequence[str], /) -> list[Prediction]:
        """The sentiments."""

    def labels(self) -> tuple[str, ...]:
        """The class names."""


def predict_table(
    rows: FileRows | Rows, output: Output, columns: Columns, client: Asked, report: Report
) -> int:
    """Copy a CSV file with columns added: `label`, `score`, `known`, and one probability for each class.

    Bytes that are no UTF-8 are copied as they are. Rows that the output holds already are not asked again.

    Args:
        rows: The input.
        output: Where to.
        columns: Which column is asked, and what the new ones are called.
        client: Gives the class names, and the sentiments of a list of texts.
        report: Is told the progress.

    Returns:
        Number of rows in the output.

    Raises:
        OSError: A file cannot be read or written.
        OtherLabelsError: A version with other classes has come to answer.
        ValueError: The input has no such column or is no CSV, or the output holds rows of another.
    """
    position = columns.position(rows.header)
    labels = client.labels()
    line = row_writer(rows.delimiter)
    head = line(columns.header(rows.header, labels))
    left: Iterator[list[str]] = rows
    if isinstance(output, UnfinishedFile) and output.resumed:
        pattern = answers(columns, labels, line)
        kept = Kept(output.file, head, line, pattern, f"--out={output.name}")
        output.rows, left = kept.check(rows)
    else:
        output.add([head], 0)
    for piece in pieces(left):
        predictions = client.predict([row[position] for row in piece])
        _check_labels(predictions, labels)
        answered = zip(piece, predictions, strict=True)
        output.add([line([*row, *columns.cells(found)]) for row, found in answered], len(piece))
        report(rows.part_read(), output.rows)
    output.commit()
    report(1.0, output.rows)
    return output.rows


def _check_labels(predictions: Sequence[Prediction], labels: tuple[str, ...]) -> None:
    for found in predictions:
        if tuple(found.probabilities) != labels:
            raise OtherLabelsError(
                f"A version with the classes {listed(tuple(found.probabilities), _NAMED)} has come to answer, and the"
                f" table's are {listed(labels, _NAMED)}: choose a version of these with --version, or write another"
                " table."
            )
