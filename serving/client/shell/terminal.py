"""How the command line shows results: aligned and coloured to people, plain to programs."""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from export.start.shown import json_line, shown
from serving.client.codec import encode_text
from serving.client.results import Prediction

if TYPE_CHECKING:
    from typing import Self

_RESET: Final = "\x1b[0m"
_COLOURS: Final = {"negative": "\x1b[31m", "neutral": "\x1b[33m", "positive": "\x1b[32m"}
_BAR_WIDTH: Final = 30
_REDRAW_S: Final = 0.1


def write_results(
    out: TextIO, texts: Sequence[str], predictions: Iterable[Prediction], *, as_json: bool
) -> None:
    """Write one line a text: JSON objects, columns for a terminal, or tab-separated fields.

    Args:
        out: Where to.
        texts: The texts asked about.
        predictions: Their results, in the same order.
        as_json: Whether to write JSON.
    """
    for text, prediction in zip(texts, predictions, strict=True):
        if as_json:
            # As it was sent: a byte that is no UTF-8 went out as U+FFFD.
            record = {"text": encode_text(text).decode(), **prediction.to_dict()}
            line = json_line(record, ascii_only=not _is_utf8(out))
        elif out.isatty():
            line = _coloured(text, prediction, shutil.get_terminal_size().columns)
        else:
            line = f"{shown(prediction.label)}\t{prediction.score:.4f}\t{shown(text, None)}"
        put(out, line)


def put(out: TextIO, line: str) -> None:
    """Write a line; what the encoding of `out` has no character for becomes a question mark."""
    encoding = out.encoding or "utf-8"
    out.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def _coloured(text: str, prediction: Prediction, width: int) -> str:
    """Label and score in columns, then as much of the text as fits."""
    head = f"{shown(prediction.label):<8} {prediction.score:>6.1%}"
    if "NO_COLOR" not in os.environ:
        head = f"{_COLOURS.get(prediction.label, '')}{head}{_RESET}"
    return f"{head}  {shown(text, max(width - 18, 10))}"


def _is_utf8(out: TextIO) -> bool:
    return (out.encoding or "").lower().replace("-", "") == "utf8"


class Progress:
    """A bar on a terminal, nothing elsewhere.

        with Progress(sys.stderr) as progress:
            progress.show(0.5, "1,000 rows")

    Args:
        out: Where to draw.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = out.isatty()
        self._drawn = 0.0

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        if self._shown:
            self._out.write("\n")

    def show(self, done: float | None, note: str) -> None:
        """Draw, at most ten times a second and always at the end.

        Args:
            done: Part that is done, 0 to 1; `None` where nobody knows.
            note: A few words beside the bar.
        """
        now = time.monotonic()
        if not self._shown or (done != 1 and now - self._drawn < _REDRAW_S):
            return
        self._drawn = now
        filled = round(_BAR_WIDTH * (done or 0))
        part = "   ?" if done is None else f"{done:>4.0%}"
        self._out.write(f"\r[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {part}  {note}")
        self._out.flush()
