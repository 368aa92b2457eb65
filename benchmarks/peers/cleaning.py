r"""The notebook's cleaning, in Python as the notebook had it.

"@anna LOOK http://x.co I`m here!!"  -> "look i m here!!"
"""

import re
from typing import Final

_URL: Final = re.compile(r"http\S+")
_MENTION: Final = re.compile(r"@[A-Za-z0-9_]+")
_FOREIGN: Final = re.compile(r"[^a-zA-Z\s!?]")
_SPACES: Final = re.compile(r"\s+")


def clean(text: str) -> str:
    """One raw tweet, cleaned.

    Example:
    >>> clean("@anna LOOK http://x.co I`m here!!")
    'look i m here!!'
    """
    text = _MENTION.sub(" ", _URL.sub(" ", text))
    return _SPACES.sub(" ", _FOREIGN.sub(" ", text).lower()).strip()
