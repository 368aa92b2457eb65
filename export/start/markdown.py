"""Words from elsewhere inside Markdown: a name of a class or of a file is text there, whatever it looks like."""

import html
import re
from typing import Any, Final

from export.start.shown import shown

# An underscore within a word sets nothing off; elsewhere GitHub would read it, and formulas between dollars.
_SPECIAL: Final = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")


def markdown_text(text: Any, longest: int | None = None) -> str:
    r"""One line that is shown as it reads, in a table's cell too.

    >>> markdown_text("<b> a|b $5$ not_hate *\nnew")
    '&lt;b&gt; a\\|b \\$5\\$ not_hate \\* new'

    Args:
        text: Anything that has a text.
        longest: Characters shown at most; `None` for no limit.
    """
    line = shown(str(text), longest)
    return html.escape(_SPECIAL.sub(r"\\\g<0>", line), quote=False)
