"""How the command line shows why: each word in the colour of what it does to the answer, numbers to programs."""

import os
from collections.abc import Sequence
from typing import Final, TextIO

from export.start.shown import json_line, shown
from serving.client.results import Explanation, WordEffect
from serving.client.shell.terminal import (
    COLOURS,
    RESET,
    coloured_cells,
    column_width,
    is_utf8,
    plain_fields,
    put,
    record,
)

_FOR: Final = COLOURS["positive"]
"""Of words that speak for a class which has no colour of its own."""
_AGAINST: Final = "\x1b[34m"
"""No class has it, so a word that speaks against the answer is seen whatever the answer is."""
_BOLD: Final = "\x1b[1m"
_UNDERLINED: Final = "\x1b[4m"
_STRONG: Final = 0.1
_NOTHING: Final = 0.01
"""Of probability: smaller effects get no colour."""


def write_reasons(
    out: TextIO,
    texts: Sequence[str],
    explanations: Sequence[Explanation],
    *,
    as_json: bool,
    top: int | None = None,
) -> None:
    """Write one line a text, as `write_results`, with what each word does to the answered class.

    JSON objects have it for every class. A terminal gets the words that the model reads, in the answered class's
    colour where they speak for it, blue where against, bold from 0.1 on; words that it does not know are underlined.
    Elsewhere each word is a field with its effect behind it.

    Args:
        out: Where to.
        texts: The texts asked about.
        explanations: Their results, in the same order.
        as_json: Whether to write JSON.
        top: How many classes to tell, best first; by default one, and all in JSON.
    """
    width = column_width([found.prediction for found in explanations], top)
    for text, found in zip(texts, explanations, strict=True):
        best = found.prediction.best(top or 1)
        if as_json:
            fields = {**record(text, found.prediction, top), "words": found.to_dict()["words"]}
            line = json_line(fields, ascii_only=not is_utf8(out))
        elif out.isatty():
            line = f"{coloured_cells(best, width)}  {_told(found)}"
        else:
            line = "\t".join([*plain_fields(best), *(_plain(word, found) for word in found.words)])
        put(out, line)


def _told(found: Explanation) -> str:
    tell = _plain if "NO_COLOR" in os.environ else _coloured
    return ("  " if tell is _plain else " ").join(tell(word, found) for word in found.words)


def _plain(word: WordEffect, found: Explanation) -> str:
    return f"{shown(word.text, None)} {word.effects[found.prediction.label]:+.4f}"


def _coloured(word: WordEffect, found: Explanation) -> str:
    label = found.prediction.label
    effect = word.effects[label]
    style = "" if word.known else _UNDERLINED
    if abs(effect) >= _NOTHING:
        style += COLOURS.get(label, _FOR) if effect > 0 else _AGAINST
    if abs(effect) >= _STRONG:
        style += _BOLD
    text = shown(word.text, None)
    return f"{style}{text}{RESET}" if style else text
