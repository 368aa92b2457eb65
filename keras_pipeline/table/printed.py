"""The same rows as a table for the terminal and as one for Markdown."""

from collections.abc import Sequence
from typing import Final

from export.start.shown import shown

Cells = Sequence[Sequence[object]]

MOST_LINES: Final = 30
"""Classes that a table tells one by one."""


def text_table(header: Sequence[str], rows: Cells) -> str:
    """Aligned columns, the first to the left and the others to the right; safe to show, whoever named them.

    Example:
    >>> print(text_table(["label", "rows"], [["negative", 7781], ["all", 27470]]))
    label      rows
    negative  7,781
    all      27,470
    """
    cells = [[_safe(_cell(value)) for value in row] for row in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_aligned(row, widths).rstrip() for row in cells)


def markdown_table(header: Sequence[str], rows: Cells) -> str:
    """A Markdown table, the first column to the left and the others to the right.

    Example:
    >>> print(markdown_table(["label", "F1"], [["negative", 0.69]]))
    | label | F1 |
    | :-- | --: |
    | negative | 0.6900 |
    """
    rule = [":--", *["--:"] * (len(header) - 1)]
    cells = [list(header), rule, *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    return " ".join(
        [first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    )


def _safe(cell: str) -> str:
    """Blanks in front stay: they are ours, and tell what belongs to what is above."""
    return " " * (len(cell) - len(cell.lstrip(" "))) + shown(cell)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
