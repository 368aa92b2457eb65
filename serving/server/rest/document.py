r"""JSON as RapidJSON reads it, in bytes: texts need be no UTF-8, and what is wrong is told with its offset.

Python's parser wants text and gives the last of two equal keys; the real server's takes any bytes, gives the first, and
allows what follows the document, NaN and Infinity. 512 texts of 100 characters take 1 ms here.

    >>> parse(b'{"a": [1, "caf\\u00e9", NaN], "a": 2}')
    {b'a': [1, b'caf\xc3\xa9', nan]}

Strings are bytes, and so are keys; numbers are `int`, or `float` where they have a point, an exponent or too many digits.
"""

import math
import re
from typing import Any, Final

from serving.server.rest.pretty import shown
from serving.server.status import invalid

Json = Any
"""`None`, `bool`, `int`, `float`, `bytes`, a list, or a dict by bytes."""

MAX_DEPTH: Final = 64
"""The real server has no bound and dies at 20,000; a tensor has 32 dimensions at most here."""

_SPACE: Final = re.compile(rb"[ \t\n\r]*")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS: Final = re.compile(rb"[0-9]+")
_INTEGER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)")
_NOT_FINITE: Final = re.compile(rb"(-?)(?:NaN|Inf(?:inity)?)(?!inity)")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPED: Final = {
    ord(name): value
    for name, value in zip('"\\/bfnrt', (b'"', b"\\", b"/", b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True)
}  # fmt: skip
_LITERALS: Final = {ord("n"): (b"null", None), ord("t"): (b"true", True), ord("f"): (b"false", False)}  # fmt: skip
_MARK: Final = b"\xef\xbb\xbf"
_INT64: Final = range(-(2**63), 2**64)


def parse(document: bytes) -> dict[bytes, Json]:
    """The object that a request's body holds.

    Raises:
        StatusError: INVALID_ARGUMENT, it is no JSON, no object, or nested deeper than 64 levels.
    """
    if not document:
        raise invalid("JSON Parse error: The document is empty")
    reader = _Reader(document, len(_MARK) if document.startswith(_MARK) else 0)
    value = reader.document()
    if not isinstance(value, dict):
        raise invalid(f"JSON Value: {shown(value)} Is not object")
    return value


class _Reader:
    """Reads one document from its start; `_at` is where it stands."""

    def __init__(self, document: bytes, start: int) -> None:
        self._text = document
        self._at = start

    def document(self) -> Json:
        self._skip_space()
        if self._at == len(self._text):
            raise self._error("The document is empty.")
        return self._value(1)

    def _error(self, message: str, at: int | None = None) -> Exception:
        return invalid(f"JSON Parse error: {message} at offset: {self._at if at is None else at}")

    def _peek(self) -> int:
        """The next byte; 0 at the end, as RapidJSON's streams have it."""
        return self._text[self._at] if self._at < len(self._text) else 0

    def _take(self, byte: int) -> bool:
        taken = self._peek() == byte
        self._at += taken
        return taken

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None, "it matches nothing too"
        self._at = found.end()

    def _value(self, depth: int) -> Json:
        if depth > MAX_DEPTH:
            raise self._error(f"Nested deeper than the {MAX_DEPTH} levels that this server takes.")
        first = self._peek()
        if first == ord('"'):
            return self._string()
        if first == ord("["):
            return self._array(depth)
        if first == ord("{"):
            return self._object(depth)
        return self._literal(*_LITERALS[first]) if first in _LITERALS else self._number()

    def _literal(self, word: bytes, value: bool | None) -> bool | None:
        for byte in word:
            if not self._take(byte):
                raise self._error("Invalid value.")
        return value

    def _array(self, depth: int) -> list[Json]:
        self._at += 1
        self._skip_space()
        items: list[Json] = []
        if self._take(ord("]")):
            return items
        while True:
            items.append(self._value(depth + 1))
            self._skip_space()
            if self._take(ord("]")):
                return items
            if not self._take(ord(",")):
                raise self._error("Missing a comma or ] after an array element.")
            self._skip_space()

    def _object(self, depth: int) -> dict[bytes, Json]:
        self._at += 1
        self._skip_space()
        members: dict[bytes, Json] = {}
        if self._take(ord("}")):
            return members
        while True:
            name = self._name()
            value = self._value(depth + 1)
            members.setdefault(name, value)
            self._skip_space()
            if self._take(ord("}")):
                return members
            if not self._take(ord(",")):
                raise self._error("Missing a comma or } after an object member.")
            self._skip_space()

    def _name(self) -> bytes:
        if self._peek() != ord('"'):
            raise self._error("Missing a name for object member.")
        name = self._string()
        self._skip_space()
        if not self._take(ord(":")):
            raise self._error("Missing a colon after a name of object member.")
        self._skip_space()
        return name

    def _string(self) -> bytes:
        self._at += 1
        parts: list[bytes] = []
        while True:
            found = _PLAIN.match(self._text, self._at)
            assert found is not None, "it matches nothing too"
            self._at = found.end()
            parts.append(found[0])
            following = self._peek()
            if following == ord('"'):
                self._at += 1
                return b"".join(parts)
            if following != ord("\\"):
                raise self._broken_string(following)
            parts.append(self._escape())

    def _broken_string(self, byte: int) -> Exception:
        if not byte:
            return self._error("Missing a closing quotation mark in string.")
        return self._error("Invalid escape character in string.", self._at - 1)

    def _escape(self) -> bytes:
        start = self._at
        self._at += 1
        kind = self._peek()
        self._at += 1
        if kind in _ESCAPED:
            return _ESCAPED[kind]
        if kind != ord("u"):
            raise self._error("Invalid escape character in string.", start)
        point = self._four_digits(start)
        if 0xD800 <= point <= 0xDBFF:
            point = self._pair(point, start)
        return chr(point).encode(errors="surrogatepass")

    def _pair(self, high: int, start: int) -> int:
        if self._text[self._at : self._at + 2] == b"\\u":
            self._at += 2
            low = self._four_digits(start)
            if 0xDC00 <= low <= 0xDFFF:
                return 0x10000 + ((high - 0xD800) << 10) + low - 0xDC00
        raise self._error("The surrogate pair in string is invalid.", start)

    def _four_digits(self, start: int) -> int:
        found = _HEX.match(self._text, self._at)
        if found is None:
            raise self._error("Incorrect hex digit after \\u escape in string.", start)
        self._at = found.end()
        return int(found[0], 16)

    def _number(self) -> int | float:
        start = self._at
        if special := _NOT_FINITE.match(self._text, start):
            self._at = special.end()
            return math.copysign(
                math.nan if b"N" in special[0] else math.inf, -1 if special[1] else 1
            )
        found = _INTEGER.match(self._text, start)
        if found is None:
            self._at += self._peek() == ord("-")
            raise self._error("Invalid value.")
        self._at = found.end()
        fraction = self._fraction()
        exponent = self._exponent()
        if not (fraction or exponent) and len(found[0]) <= 20 and int(found[0]) in _INT64:
            return int(found[0])
        value = float(self._text[start : self._at])
        if math.isinf(value):
            raise self._error("Number too big to be stored in double.", start)
        return value

    def _fraction(self) -> bool:
        if not self._take(ord(".")):
            return False
        self._digits("Miss fraction part in number.")
        return True

    def _exponent(self) -> bool:
        if not (self._take(ord("e")) or self._take(ord("E"))):
            return False
        _ = self._take(ord("+")) or self._take(ord("-"))
        self._digits("Miss exponent in number.")
        return True

    def _digits(self, missing: str) -> None:
        found = _DIGITS.match(self._text, self._at)
        if found is None:
            raise self._error(missing)
        self._at = found.end()
