"""How far a long job is: a bar on a terminal, and plain lines now and then where nobody looks on."""

import time
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from typing import Self

_BAR_WIDTH: Final = 30
_REDRAW_S: Final = 0.1


class Progress:
    """A bar on a terminal; elsewhere nothing, or plain lines.

        with Progress(sys.stderr) as progress:
            progress.show(0.5, "1,000 rows")

    Args:
        out: Where to draw.
        line_every_s: Seconds between plain lines where `out` is no terminal; by default there are none.
    """

    def __init__(self, out: TextIO, line_every_s: float | None = None) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._every_s = _REDRAW_S if self._is_terminal else line_every_s
        self._drawn = 0.0 if self._is_terminal else time.monotonic()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_terminal:
            self._out.write("\n")

    def show(self, done: float | None, note: str) -> None:
        """Draw, if it is time to, and always at the end.

        Args:
            done: Part that is done, 0 to 1; `None` where nobody knows.
            note: A few words beside the bar.
        """
        now = time.monotonic()
        if self._every_s is None or (done != 1 and now - self._drawn < self._every_s):
            return
        self._drawn = now
        part = "   ?" if done is None else f"{done:>4.0%}"
        if self._is_terminal:
            filled = round(_BAR_WIDTH * (done or 0))
            self._out.write(f"\r[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {part}  {note}")
        else:
            self._out.write(f"{part.strip()}  {note}\n")
        self._out.flush()


def pace(done: float, rows: int, new_rows: int, seconds: float) -> str:
    """Rows, their rate and the time left, in words.

    >>> pace(0.25, 50_000, 40_000, 2.0)
    '50,000 rows, 20,000 a second, 0:06 left'

    Args:
        done: Part of this job that is done, 0 to 1.
        rows: That there are.
        new_rows: That this job has added, in `seconds`.
        seconds: Since it began.
    """
    rate = new_rows / max(seconds, 1e-9)
    words = f"{rows:,} rows, {rate:,.0f} a second"
    if not 0 < done < 1:
        return words
    left = round(seconds * (1 - done) / done)
    clock = f"{left // 60}:{left % 60:02}" if left < 3600 else f"{left / 3600:,.1f} hours"
    return f"{words}, {clock} left"
