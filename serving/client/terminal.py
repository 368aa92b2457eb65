"""How the command line shows results: aligned and coloured to people, plain to programs."""

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

from serving.client.results import Prediction

if TYPE_CHECKING:
    from typing_extensions import Self

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
            line = json.dumps(
                {"text": text, **prediction.to_dict()}, ensure_ascii=not _is_utf8(out)
            )
        elif out.isatty():
            line = _coloured(text, prediction, shutil.get_terminal_size().columns)
        else:
            line = f"{prediction.label}\t{prediction.score:.4f}\t{_one_line(text)}"
        out.write(line + "\n")


def _coloured(text: str, prediction: Prediction, width: int) -> str:
    """Label and score in columns, then as much of the text as fits."""
    head = f"{prediction.label:<8} {prediction.score:>6.1%}"
    if "NO_COLOR" not in os.environ:
        head = f"{_COLOURS.get(prediction.label, '')}{head}{_RESET}"
    space = max(width - 18, 10)
    line = _one_line(text)
    return f"{head}  {line if len(line) <= space else line[: space - 1] + '…'}"


def _one_line(text: str) -> str:
    r"""The text without what would break a line or a column, or move the cursor.

    >>> _one_line("two\nlines")
    'two lines'
    """
    spaced = " ".join(text.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in spaced)


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._out.write("\n")

    def show(self, done: float, note: str) -> None:
        """Draw, at most ten times a second and always at the end.

        Args:
            done: Part that is done, 0 to 1.
            note: A few words beside the bar.
        """
        now = time.monotonic()
        if not self._shown or (done < 1 and now - self._drawn < _REDRAW_S):
            return
        self._drawn = now
        filled = round(_BAR_WIDTH * done)
        self._out.write(f"\r[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done:>4.0%}  {note}")
        self._out.flush()
