r"""JSON as RapidJSON's pretty writer lays it out, in bytes: texts need be no UTF-8, numbers are as short as they may be.

>>> decimals([0.25, 1.0, 0.1 + 0.2, 1e-7, float("nan")], np.float32)
[b'0.25', b'1.0', b'0.3', b'1e-07', b'NaN']
>>> quoted(b'a "b"\n')
b'"a \\"b\\"\\n"'
>>> lines(b"[]", [b"1", b"2"], 0)
b'[\n    1,\n    2\n]'
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

_INDENT: Final = b"    "

_ESCAPES: Final = {
    **{bytes([code]): b"\\u%04X" % code for code in range(0x20)},
    b'"': b'\\"', b"\\": b"\\\\", b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t",
}  # fmt: skip
_TO_ESCAPE: Final = re.compile(rb'["\\\x00-\x1f]')


def quoted(text: bytes) -> bytes:
    """A string of JSON; bytes that are no UTF-8 stay as they are."""
    return b'"%s"' % _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)


def decimals(values: Sequence[float], dtype: Any) -> list[bytes]:
    """Numbers with six digits, with nine (a double 17) where six are another number, and never as an integer.

    Args:
        values: numbers that the type holds exactly.
        dtype: `np.float32` or `np.float64`.
    """
    short = [f"{value:.6g}" for value in values]
    same = np.array([float(text) for text in short], dtype) == np.array(values, dtype)
    digits = 9 if dtype is np.float32 else 17
    return [
        _decimal(value, text if alike else f"{value:.{digits}g}")
        for value, text, alike in zip(values, short, same, strict=True)
    ]


def _decimal(value: float, text: str) -> bytes:
    if math.isnan(value):
        return b"NaN"
    if math.isinf(value):
        return b"Infinity" if value > 0 else b"-Infinity"
    return (text if "." in text or "e" in text else f"{text}.0").encode()


def line(level: int) -> bytes:
    """A line's end and the next one's indentation."""
    return b"\n" + _INDENT * level


def lines(brackets: bytes, items: Sequence[bytes], level: int) -> bytes:
    """Written items between brackets, each on a line of its own; `level` containers deep."""
    if not items:
        return brackets
    start = line(level + 1)
    return brackets[:1] + start + (b"," + start).join(items) + line(level) + brackets[1:]


def object_of(members: Mapping[str, bytes], level: int) -> bytes:
    """Written values by name."""
    return lines(
        b"{}", [b"%s: %s" % (quoted(k.encode()), text) for k, text in members.items()], level
    )


def error_body(message: str) -> bytes:
    """What a refusal says."""
    return object_of({"error": quoted(message.encode(errors="surrogateescape"))}, 0)


def shown(value: Any) -> str:
    """A value of a request as the real server repeats it in its messages."""
    return _shown(value, 0).decode(errors="surrogateescape")


def _shown(value: Any, level: int) -> bytes:
    if isinstance(value, dict):
        members = [
            b"%s: %s" % (quoted(name), _shown(one, level + 1)) for name, one in value.items()
        ]
        return lines(b"{}", members, level)
    if isinstance(value, list):
        return lines(b"[]", [_shown(one, level + 1) for one in value], level)
    if isinstance(value, bytes):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    return b"%d" % value if isinstance(value, int) else decimals([value], np.float64)[0]
