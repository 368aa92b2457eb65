"""How a table is read: what its user knows of it, and nothing where that is found out."""

import csv
from dataclasses import dataclass
from typing import Any, Final

from export.tables.delimiters import find_delimiter, quotes_are_text

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Reading:
    """What was said of a CSV file.

    Attributes:
        text: The column that its header should have: it helps to find the delimiter.
        delimiter: One character; by default what parts the cells is found out.
        columns: Names of its columns, where it has no header.
        quotes: Whether double quotes set cells off.
        encoding: A Python codec; by default UTF-8, or UTF-16 where the file begins with its mark.
    """

    text: str = "text"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    quotes: bool = True
    encoding: str | None = None

    def decoding(self, start: bytes) -> dict[str, Any]:
        """Options of a text stream; bytes that are no UTF-8 are kept, others become U+FFFD.

        Args:
            start: The file's first bytes.
        """
        if self.encoding is None and start.startswith(_UTF_16_MARKS):
            return {"encoding": "utf-16", "errors": "replace"}
        if self.encoding in (None, "utf-8"):
            return {"encoding": "utf-8-sig", "errors": "surrogateescape"}
        return {"encoding": str(self.encoding), "errors": "replace"}

    def parsing(self, start: bytes, name: str) -> dict[str, Any]:
        """Options of `csv.reader`: delimiter and quoting, found out where nobody told.

        Args:
            start: The file's first bytes.
            name: Of the file.
        """
        text = start.decode(self.decoding(start)["encoding"], "replace")
        width = len(self.columns) or None
        wanted = () if width else (self.text,)
        mark = self.delimiter or find_delimiter(
            text, name, wanted=wanted, width=width, quotes=self.quotes
        )
        quotes = self.quotes and not (mark == "\t" and quotes_are_text(text, mark))
        return {
            "delimiter": mark,
            "quoting": csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        }
