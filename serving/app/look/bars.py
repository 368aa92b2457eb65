"""A bar for every class."""

from collections.abc import Iterable, Sequence
from typing import Final

from serving.app.look.escaped import escaped

_LONGEST: Final = 80
FEW: Final = 12
"""Classes that are seen at once, and keep the model's order; more are sorted, and scrolled."""


def bars(
    rows: Iterable[tuple[str, float, str]],
    strong: Sequence[str] = (),
    *,
    caption: str = "",
    wide: bool = False,
) -> str:
    """Rows of a name, a bar and a number.

    Args:
        rows: Name, length from 0 to 1, and what stands at its end.
        strong: Names whose bars have the accent colour.
        caption: What the bars tell, for those who do not see them.
        wide: Whether names are long.
    """
    drawn = "".join(_bar(*row, strong=row[0] in strong) for row in rows)
    kind = "ts-bars ts-wide" if wide else "ts-bars"
    return f'<div class="{kind}" role="list" aria-label="{escaped(caption)}">{drawn}</div>'


def _bar(name: str, length: float, number: str, *, strong: bool) -> str:
    word = escaped(name, _LONGEST)
    kind = " ts-strong" if strong else ""
    width = f"{100 * min(max(length, 0.0), 1.0):.1f}%"
    return (
        f'<div class="ts-bar{kind}" role="listitem"><span class="ts-name" dir="auto" title="{word}">{word}</span>'
        f'<span class="ts-track"><span class="ts-fill" style="width:{width}"></span></span>'
        f'<span class="ts-number">{escaped(number)}</span></div>'
    )


def in_order(numbers: dict[str, float]) -> list[tuple[str, float]]:
    """Few classes as the model has them, so that none moves from answer to answer; many by their numbers."""
    if len(numbers) <= FEW:
        return list(numbers.items())
    return sorted(numbers.items(), key=lambda pair: -pair[1])
