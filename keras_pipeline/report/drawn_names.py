"""Names of classes as a picture can show them.

Matplotlib's own font has Latin, Greek, Cyrillic and a few more; it has no emoji, no Han, no Devanagari, and what is
written from right to left it would set in the wrong order. Such a name is told in words, or by its number.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

from matplotlib import font_manager

from export.start.shown import shown

LONGEST: Final = 24
"""Characters of a name in a picture."""

_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_INVISIBLE: Final = frozenset("\u200d\ufe0e\ufe0f")
"""Joiner and selectors of how an emoji looks."""


def drawn_names(names: Sequence[str]) -> list[str]:
    """Each name in one short line of characters that can be drawn, different from all others.

    Example:
    >>> drawn_names(["joy", "🔥", "你好"])
    ['joy', 'fire', 'class 2']
    """
    drawn = [_drawn(name, number) for number, name in enumerate(names)]
    taken = {name: drawn.count(name) for name in set(drawn)}
    return [
        name if taken[name] == 1 else f"{shown(name, LONGEST - 6)} ({number})"
        for number, name in enumerate(drawn)
    ]


def _drawn(name: str, number: int) -> str:
    line = shown(name, LONGEST)
    if all(map(_can_be_drawn, line)):
        return line
    signs = [sign for sign in name if sign not in _INVISIBLE]
    spoken = unicodedata.name(signs[0], "").lower() if len(signs) == 1 else ""
    return shown(spoken, LONGEST) if spoken else f"class {number}"


def _can_be_drawn(sign: str) -> bool:
    return ord(sign) in _glyphs() and unicodedata.bidirectional(sign) not in _RIGHT_TO_LEFT


@cache
def _glyphs() -> frozenset[int]:
    """Code points of the font that pictures are written in."""
    path = font_manager.findfont(font_manager.FontProperties())
    return frozenset(font_manager.get_font(path).get_charmap())
