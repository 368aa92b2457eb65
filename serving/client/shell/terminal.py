"""How the command line shows results: aligned and coloured to people, plain to programs."""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

from export.start.shown import json_line, shown
from export.start.utf8 import encode_text
from serving.client.results import Prediction

RESET: Final = "\x1b[0m"
COLOURS: Final = {"negative": "\x1b[31m", "neutral": "\x1b[33m", "positive": "\x1b[32m"}
_SHORTEST: Final = "negative"
"""What the column of labels is as wide as, at least."""
_LONGEST: Final = 24


def write_results(
    out: TextIO,
    texts: Sequence[str],
    predictions: Sequence[Prediction],
    *,
    as_json: bool,
    top: int | None = None,
) -> None:
    """Write one line a text: JSON objects, columns for a terminal, or tab-separated fields.

    Args:
        out: Where to.
        texts: The texts asked about.
        predictions: Their results, in the same order.
        as_json: Whether to write JSON.
        top: How many classes to tell, best first; by default one, and all in JSON.
    """
    width = column_width(predictions, top)
    for text, prediction in zip(texts, predictions, strict=True):
        if as_json:
            line = json_line(record(text, prediction, top), ascii_only=not is_utf8(out))
        elif out.isatty():
            columns = shutil.get_terminal_size().columns
            line = _coloured(text, prediction.best(top or 1), width, columns)
        else:
            line = "\t".join([*plain_fields(prediction.best(top or 1)), shown(text, None)])
        put(out, line)


def column_width(predictions: Sequence[Prediction], top: int | None) -> int:
    """Characters of the column of labels, so that every label fits, of a usual length."""
    labels = {label for one in predictions for label in one.best(top or 1)}
    return min(max(map(len, (*labels, _SHORTEST))), _LONGEST)


def record(text: str, prediction: Prediction, top: int | None) -> dict[str, Any]:
    """What the JSON object of a text holds."""
    fields = prediction.to_dict()
    if top is not None:
        fields["probabilities"] = prediction.best(top)
    # As it was sent: a byte that is no UTF-8 went out as U+FFFD.
    return {"text": encode_text(text).decode(), **fields}


def plain_fields(best: Mapping[str, float]) -> list[str]:
    """Labels and probabilities for a program."""
    return [f"{shown(label)}\t{number:.4f}" for label, number in best.items()]


def put(out: TextIO, line: str) -> None:
    """Write a line; what the encoding of `out` has no character for becomes a question mark."""
    encoding = out.encoding or "utf-8"
    out.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def _coloured(text: str, best: Mapping[str, float], width: int, columns: int) -> str:
    """Labels and scores in columns, then as much of the text as fits."""
    room = max(columns - (width + 10) * len(best), 10)
    return f"{coloured_cells(best, width)}  {shown(text, room)}"


def coloured_cells(best: Mapping[str, float], width: int) -> str:
    """Labels and probabilities in columns, the first in its colour."""
    cells = [f"{shown(label, width):<{width}} {number:>6.1%}" for label, number in best.items()]
    if "NO_COLOR" not in os.environ:
        cells[0] = f"{COLOURS.get(next(iter(best)), '')}{cells[0]}{RESET}"
    return "  ".join(cells)


def is_utf8(out: TextIO) -> bool:
    """Whether it can take every character."""
    return (out.encoding or "").lower().replace("-", "") == "utf8"
