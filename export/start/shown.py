"""Words from elsewhere, made safe to show on a terminal.

A file, a column's name, a tweet or a server's message may carry characters that set colours, move the
cursor, rename the window or turn the direction of writing, and may be of any length. Whatever a person is
to read goes through here; data (a CSV file, a field of JSON) is kept as it is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

LONGEST_MESSAGE: Final = 1000
"""Characters of a sentence at most: about what a server sends (1,024), some ten lines of a terminal."""

_LONGEST_NAME: Final = 60
"""Characters of one name among others."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, and needed: Persian is written with the first, families of emoji with the second."""


def shown(text: str, longest: int | None = LONGEST_MESSAGE) -> str:
    r"""The text in one line, with what a terminal would obey written out.

    Whitespace of any kind becomes one space. Control and format characters, half surrogates and code points
    without a character become their escape.

    >>> shown("two\nlines, \x1b[31mred, \u202eturned")
    'two lines, \\x1b[31mred, \\u202eturned'
    >>> shown("much too long", longest=8)
    'much to…'

    Args:
        text: Anything.
        longest: Characters of the result at most, its last then an ellipsis; `None` for no limit.
    """
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(char if _harmless(char) else _escape(char) for char in line)
    return line if longest is None or len(line) <= longest else f"{line[: longest - 1]}…"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names in a sentence, each made safe; of many the first ones, and how many more there are.

    >>> listed(["joy", "anger"]), listed(["a", "b", "c", "d"], most=2)
    ('joy, anger', 'a, b and 2 more')
    """
    some = ", ".join(shown(name, _LONGEST_NAME) for name in names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most:,} more"


def json_line(record: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    r"""A JSON object on one line: what a terminal would obey is an escape, which JSON reads back.

    >>> json_line({"text": "caf\u00e9 \x9b31m"})
    '{"text": "café \\u009b31m"}'

    Args:
        record: What `json.dumps` takes.
        ascii_only: Whether to escape everything beyond ASCII too.
    """
    line = json.dumps(record, ensure_ascii=ascii_only)
    if line.isprintable():
        return line
    # Outside its strings JSON is ASCII, so every such character stands where an escape may stand.
    return "".join(char if _harmless(char) else json.dumps(char)[1:-1] for char in line)


def _harmless(char: str) -> bool:
    return char.isprintable() or char in _JOINERS


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()
