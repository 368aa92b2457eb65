"""A CSV file in, the same file with sentiments out."""

from collections.abc import Callable, Iterator

from serving.client.shell.output import Output
from serving.client.shell.patience import Predict
from serving.client.shell.resume import Kept
from serving.client.shell.rows import Columns, Rows, cells, row_writer
from serving.client.shell.sources import pieces
from serving.client.shell.unfinished import UnfinishedFile

Report = Callable[[float | None, int], None]
"""Told the part of the file that is done, 0 to 1, `None` where it has no size, and the number of rows."""


def predict_table(
    rows: Rows, output: Output, columns: Columns, predict: Predict, report: Report
) -> int:
    """Copy a CSV file with columns `label`, `score` and one probability for each label added.

    Bytes that are no UTF-8 are copied as they are. Rows that the output holds already are not asked again.

    Args:
        rows: The input.
        output: Where to.
        columns: Which column is asked, and what the new ones are called.
        predict: Gives the sentiments of a list of texts.
        report: Is told the progress.

    Returns:
        Number of rows in the output.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The input has no such column or is no CSV, or the output holds rows of another.
    """
    position = columns.position(rows.header)
    line = row_writer(rows.delimiter)
    head = line([*rows.header, *columns.added])
    left: Iterator[list[str]] = rows
    if isinstance(output, UnfinishedFile) and output.resumed:
        kept = Kept(output.file, head, line, f"--out={output.name}")
        output.rows, left = kept.check(rows)
    else:
        output.add([head], 0)
    for piece in pieces(left):
        predictions = predict([row[position] for row in piece])
        answered = zip(piece, predictions, strict=True)
        output.add([line([*row, *cells(found)]) for row, found in answered], len(piece))
        report(rows.part_read(), output.rows)
    output.commit()
    report(1.0, output.rows)
    return output.rows
