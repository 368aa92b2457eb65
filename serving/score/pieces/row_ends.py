"""Where the rows of a CSV end, told from bytes, so that a large file can be cut where `csv.reader` would.

A line end inside quotes is text. A quote opens a cell only at the cell's beginning, two quotes inside are one:
so a file has to be walked from its beginning, which regular expressions do at hundreds of MB/s. One rule is
ours: where a cell of several lines is none of `csv.reader`'s, for what closes it stands before more text, or
nothing does within `LONGEST_CELL` bytes, its row ends with the line of the quote that opens it. So a stray quote
costs its own line. Only where the next quote happens to close a cell, at the end of one that has no quotes or
before a text that begins with a delimiter or a line end, are the lines between read as one text. All of it
depends on bytes alone: wherever a file is cut, its rows are the same.
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
        string = rb'"[^"]*+(?:""[^"]*+)*+"'
        one_line = rb'"[^"\r\n]*+(?:""[^"\r\n]*+)*+"[^%s]*+' % ends
        cell = b'(?:%s(?=[%s])|%s|[^%s"][^%s]*+|)' % (string, ends, one_line, ends, ends)
        clean = b'(?:%s|[^%s"]*+)' % (string, ends)
        self._quotes = quotes
        # At the end of a block nobody knows yet whether LF follows.
        self._line_end = re.compile(rb"\n|\r(?=[^\n])" if returns else rb"\n")
        self._whole_rows = re.compile(rb"(?:(?:%s[%s\r])*+%s\n)*+" % (cell, mark, cell))
        self._opening = re.compile(rb'(?:\A|(?<=[%s]))"' % ends)
        self._rest = re.compile(rb'[^"]*+(?:""[^"]*+)*+"(?!")')
        self._ended = re.compile(rb"[%s]" % ends)
        row = rb"(?:%s%s)*+%s" % (clean, mark, clean)
        self._clean = re.compile(rb"(?:%s(?:\r\n?|\n))*+%s" % (row, row))

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
        if self._quotes:
            if end := self._well_formed(block, 0):
                return end
            behind_first = next(self.every(block, final=False), 0)  # which a stray quote may open
            if (end := self._well_formed(block, behind_first)) > len(block) // 2:
                return end
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
            closed = self._rest.match(block, opening.end(), longest)
            behind = len(block) if closed is None else closed.end()
            if not final and behind == len(block) < longest:
                return  # what follows is not known yet
            line_end = self._line_end.search(block, opening.end(), behind)
            if closed is not None and (line_end is None or self._closes(block, behind)):
                at = behind
                continue
            if line_end is None:
                return
            at = line_end.end()
            yield at
        yield from self._line_ends(block, at, len(block))

    def first_line(self, row: bytes) -> int:
        """Where the first line of a row ends."""
        found = self._line_end.search(row)
        return len(row) if found is None else found.end()

    def are_clean(self, rows: bytes) -> bool:
        r"""Whether all these lines are rows with every quote in its place.

        >>> [RowEnds(b",").are_clean(rows) for rows in (b'a,"b\nc"\nd', b'a",b')]
        [True, False]
        """
        return self._clean.fullmatch(rows) is not None

    def _well_formed(self, block: bytes, start: int) -> int:
        """Where the rows end that one expression finds; no cell of so many bytes can be too long."""
        found = self._whole_rows.match(block, start, start + LONGEST_CELL)
        return start if found is None else found.end()

    def _closes(self, block: bytes, behind: int) -> bool:
        return behind == len(block) or self._ended.match(block, behind) is not None

    def _line_ends(self, block: bytes, start: int, end: int) -> Iterator[int]:
        while (found := self._line_end.search(block, start)) and found.end() <= end:
            start = found.end()
            yield start
