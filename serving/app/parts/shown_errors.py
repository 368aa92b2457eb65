"""What goes wrong is one sentence where it went wrong; the rest of the page goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from serving.app.look.escaped import sentence
from serving.app.served import told
from serving.client.errors import ServingError


@contextmanager
def sentences() -> Iterator[None]:
    """Errors of a server, a file or an input become a sentence on the page."""
    try:
        yield
    except (ServingError, OSError, ValueError) as error:
        st.html(sentence(told(error), "error"))
