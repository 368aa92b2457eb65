"""How the cells of a table are told apart, found out from its beginning."""

import csv
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from export.tables.formats import suffix_of

CANDIDATES: Final = (",", "\t", ";", "|")
"""In this order where several would do."""

_TABS: Final = (".tsv", ".tab")


def find_delimiter(
    start: str,
    name: str = "",
    *,
    wanted: Sequence[str] = (),
    width: int | None = None,
    quotes: bool = True,
) -> str:
    r"""The delimiter by which the beginning of a file is a table; of .tsv and .tab it is the tab.

    Args:
        start: some lines of it; the last may be cut.
        name: of the file, perhaps packed.
        wanted: columns that the header should have.
        width: cells of a row, where that is known.
        quotes: whether quotes set cells off.

    Example:
    >>> find_delimiter("text;label\nso far, so good;positive\n", wanted=["text"])
    ';'
    >>> find_delimiter("0\tI like tea, and milk\n4\tgood\n", width=2)
    '\t'
    """
    if suffix_of(name) in _TABS:
        return "\t"
    lines = _whole_lines(start)
    return max(CANDIDATES, key=lambda mark: _fitness(mark, lines, wanted, width, quotes=quotes))


def quotes_are_text(start: str, delimiter: str) -> bool:
    r"""Whether a table that nobody quoted holds stray quotes: read as quotes they would swallow line ends, and rows.

    True where each line is a row as wide as the header, and quotes would make them fewer.

    Example:
    >>> quotes_are_text('text\tlabel\n"so they say\tyes\nbad "thing\tno\n"and more\tno\n', "\t")
    True
    >>> quotes_are_text('text\tlabel\n"so ""they"" say"\tyes\n"two\nlines"\tno\n', "\t")
    False
    """
    lines = [line for line in _whole_lines(start) if line]
    if len({line.count(delimiter) for line in lines}) != 1:
        return False
    try:
        return sum(1 for _ in csv.reader(lines, delimiter=delimiter)) < len(lines)
    except csv.Error:
        return True


def _whole_lines(start: str) -> list[str]:
    """Without the last where it may be cut; a single line is taken as it is."""
    lines = start.splitlines()
    return lines if len(lines) == 1 or start.endswith(("\n", "\r")) else lines[:-1]


def _fitness(
    mark: str, lines: list[str], wanted: Sequence[str], width: int | None, *, quotes: bool
) -> tuple[int, float, float]:
    """Columns found; share of the rows of the expected width; that of the most frequent one above 1."""
    quoting: Any = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    try:
        rows = [row for row in csv.reader(lines, delimiter=mark, quoting=quoting) if row]
    except csv.Error:
        rows = []
    if not rows:
        return 0, 0.0, 0.0
    widths = Counter(map(len, rows))
    expected = 0.0 if width is None else widths[width] / len(rows)
    usual, count = widths.most_common(1)[0]
    return sum(name in rows[0] for name in wanted), expected, count / len(rows) * (usual > 1)
