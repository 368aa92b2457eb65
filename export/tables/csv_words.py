"""Words of a command line that tell how a CSV file is written; each command tells a wrong one in its own sentence."""

import codecs


class NoSuchWordError(ValueError):
    """A word says nothing of a CSV; the message is what it must be."""


def delimiter(word: str, *, ascii_only: bool = False) -> str:
    r"""What stands between cells, which is hard to type where it is a tab.

    Args:
        word: One character, or `tab`.
        ascii_only: Whether it must be told by one byte.

    Raises:
        NoSuchWordError: It is neither.

    >>> delimiter("tab"), delimiter(";")
    ('\t', ';')
    """
    char = "\t" if word in ("tab", "\\t") else word
    if len(char) != 1 or char in '"\r\n\0' or not (char.isascii() or not ascii_only):
        kind = "one ASCII character" if ascii_only else "one character"
        raise NoSuchWordError(f"{kind}, no quote and no line end, or tab")
    return char


def names(word: str) -> tuple[str, ...]:
    """The columns of files without a header row, in their order.

    Raises:
        NoSuchWordError: Two are alike.
    """
    found = tuple(name.strip() for name in word.split(","))
    if len(set(found)) < len(found):
        raise NoSuchWordError("different names")
    return found


def encoding(word: str) -> str:
    """Python's name of an encoding.

    Raises:
        NoSuchWordError: Python knows none of this name.
    """
    try:
        b"a".decode(word)
    except UnicodeError:
        pass  # an encoding of text, in which this byte alone is nothing
    except (LookupError, ValueError):
        raise NoSuchWordError("an encoding, such as utf-8, latin-1 or utf-16") from None
    return codecs.lookup(word).name
