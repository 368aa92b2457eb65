"""Words from elsewhere inside our own HTML: a label, a text and a server's sentence are text there."""

import html
from typing import Literal

from export.start.shown import shown


def escaped(text: str, longest: int | None = None) -> str:
    """One line of text that may stand between tags and in a quoted attribute.

    >>> escaped('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'

    Args:
        text: Anything.
        longest: Characters shown at most; `None` for no limit.
    """
    return html.escape(shown(text, longest))


def sentence(text: str, kind: Literal["note", "error"] = "note") -> str:
    """One sentence in a box; Streamlit's own boxes would read it as Markdown.

    >>> sentence("5 * 5")
    '<p class="ts-box ts-note" dir="auto">5 * 5</p>'
    """
    role = ' role="alert"' if kind == "error" else ""
    return f'<p class="ts-box ts-{kind}" dir="auto"{role}>{escaped(text)}</p>'


def percent(share: float) -> str:
    """A share as people read it: never 100 % or 0 % where something is left.

    >>> [percent(share) for share in (0.9312, 0.99996, 1.0, 0.00001, 0.0)]
    ['93 %', '> 99 %', '100 %', '< 1 %', '0 %']
    """
    if 0.995 <= share < 1:
        return "> 99 %"
    return "< 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")
