"""The API: lines that ask for the very text that was typed, each copied by a click."""

from typing import Final

import streamlit as st

from serving.app.calls import Calls
from serving.app.look.escaped import escaped

_SAMPLE: Final = "I love it"


def draw_api(text: str, calls: Calls) -> None:
    """The tab."""
    about = (
        "the text that you typed"
        if text.strip()
        else "a sample: type a text under Try for lines of your own"
    )
    st.html(
        f'<p class="ts-small">Lines for {escaped(about)}. A button at the corner of each copies it.</p>'
    )
    asked = text if text.strip() else _SAMPLE
    for title, lines, language in (
        ("curl", calls.curl(asked), "sh"),
        ("Python, with the client of this project", calls.python(asked), "python"),
        ("Node.js 18 or newer", calls.node(asked), "js"),
    ):
        st.html(f'<p class="ts-caps">{escaped(title)}</p>')
        st.code(lines, language=language, wrap_lines=True)
