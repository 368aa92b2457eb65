"""Where the rows of a CSV end, told from bytes, so that a large file can be cut where `csv.reader` would.

A line end inside quotes is text. A quote opens a cell only at the cell's beginning, two quotes inside are one:
so a file has to be walked from its beginning, which regular expressions do at hundreds of MB/s. One rule is
ours: a cell whose quote is not closed within `LONGEST_CELL` bytes, which `csv.reader` refuses in any case, ends
with its line; a stray quote costs its line and not the rest of the file, or all lines as far as the next quote
where one comes within those bytes. All of it depends on bytes alone: wherever a file is cut, its rows are the same.
"""

import re
from collections.abc import Iterator
from typing import Final

LONGEST_CELL: Final = 600_000
"""Bytes: above the 131,072 characters that `csv.reader` takes, each of four bytes or a doubled quote."""


class RowEnds:
    r"""Of a CSV with such cells, in UTF-8 or an encoding of one byte a character.

    Args:
        delimiter: One byte.
        quotes: Whether double quotes set cells off; without them every line is a row.
        returns: Whether a bare CR ends a line, as it does in a CSV and not in JSON Lines.

    >>> list(RowEnds(b",").every(b'a,"b\nc"\nd,e\n', final=True))
    [8, 12]
    """

    def __init__(self, delimiter: bytes, *, quotes: bool = True, returns: bool = True) -> None:
        mark = re.escape(delimiter)
        ends = mark + rb"\r\n"
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
        cell = b'(?:%s[^%s]*+|[^%s"][^%s]*+|)' % (quoted, ends, ends, ends)
        self._quotes = quotes
        # At the end of a block nobody knows yet whether LF follows.
        self._line_end = re.compile(rb"\n|\r(?=[^\n])" if returns else rb"\n")
        self._whole_rows = re.compile(rb"(?:(?:%s[%s\r])*+%s\n)*+" % (cell, mark, cell))
        self._opening = re.compile(rb'(?:\A|(?<=[%s]))"' % ends)
        self._rest = re.compile(rb'[^"]*+(?:""[^"]*+)*+"(?!")')

    def last(self, block: bytes, *, final: bool = False) -> int:
        """Bytes of `block` that are whole rows; 0 where that is not known yet.

        Args:
            block: Begins with a row.
            final: Whether the file ends with it.
        """
        if final:
            return len(block)
        if (not self._quotes or b'"' not in block) and b"\n" in block:
            return block.rfind(b"\n") + 1
        if self._quotes and len(block) <= LONGEST_CELL:  # no cell in it can be longer
            found = self._whole_rows.match(block)
            if found is not None and found.end():
                return found.end()
        return max(self.every(block, final=False), default=0)

    def every(self, block: bytes, *, final: bool) -> Iterator[int]:
        """The end of each row of `block`, one after another; of the last only where it has a line end."""
        if not self._quotes:
            yield from self._line_ends(block, 0, len(block))
            return
        at = 0
        while opening := self._opening.search(block, at):
            yield from self._line_ends(block, at, opening.start())
            longest = opening.end() + LONGEST_CELL
            if closed := self._rest.match(block, opening.end(), longest):
                at = closed.end()
                continue
            line_end = self._line_end.search(block, opening.end())
            if line_end is None or (not final and len(block) < longest):
                return
            at = line_end.end()
            yield at
        yield from self._line_ends(block, at, len(block))

    def _line_ends(self, block: bytes, start: int, end: int) -> Iterator[int]:
        while (found := self._line_end.search(block, start)) and found.end() <= end:
            start = found.end()
            yield start
