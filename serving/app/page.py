"""The script that Streamlit runs at every click; `serving.app.parts` draws what stands under each heading."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import streamlit as st

from serving.app.calls import Calls
from serving.app.look.escaped import escaped, sentence
from serving.app.look.style import STYLE
from serving.app.look.theme import ICON
from serving.app.options import AppOptions, parse_options
from serving.app.parts.about import draw_model
from serving.app.parts.api import draw_api
from serving.app.parts.tables import draw_table
from serving.app.parts.trying import TEXT, Scene, draw_settings, draw_text
from serving.app.served import Look, Served, told
from serving.client.errors import ServingError

_LOOK_S = 3.0


@st.cache_resource(show_spinner=False)
def _served(address: str, model_name: str) -> Served:
    """One for all who look at the page, and for all their clicks."""
    return Served(address, model_name)


def main() -> None:
    """Draw the page."""
    options = parse_options()
    title = options.model_name.replace("_", " ").capitalize()
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide")
    st.html(STYLE)
    served = _served(options.address, options.model_name)
    look = _draw_head(title, served, options)
    trying, table, model, api = st.tabs(["Try", "Table", "Model", "API"])
    with trying:
        left, right = st.columns([7, 3], gap="large")
        with right:
            choice, threshold = draw_settings(look, _labels(look))
        with left:
            draw_text(Scene(served, look, threshold, options.corrections), choice)
    with table:
        draw_table(choice, threshold, served)
    with model:
        if look is not None:
            draw_model(look, options.base_path, options.runs)
    with api:
        calls = Calls(options.address, options.rest_api_port, options.model_name, choice)
        draw_api(st.session_state.get(TEXT) or "", calls)
    st.fragment(_watch, run_every=_LOOK_S)(served, look.version if look else None)


def _labels(look: Look | None) -> tuple[str, ...]:
    """The class names; while the server is away those it had."""
    if look is not None:
        st.session_state["labels"] = look.labels
    return st.session_state.get("labels", ())


def _draw_head(title: str, served: Served, options: AppOptions) -> Look | None:
    look, error = None, ""
    try:
        look = served.look(options.labels)
    except ServingError as failed:
        error = told(failed)
    state, dot = _state(look, served), "ts-dot ts-on" if look else "ts-dot"
    st.html(
        f'<header class="ts-head"><h1>{escaped(title, 80)}</h1>'
        f'<p class="ts-state"><span class="{dot}"></span>{escaped(state)}</p></header>'
    )
    if error:
        st.html(sentence(error, "error"))
    return look


def _state(look: Look | None, served: Served) -> str:
    """One line: which version answers, and whether it has just come."""
    if look is None:
        return f"Nobody answers at {served.address}; this page looks again by itself"
    before = st.session_state.setdefault("version", look.version)
    if before != look.version:
        st.session_state["before"] = before
        st.session_state["version"] = look.version
    told_before = st.session_state.get("before")
    swapped = f", in place of version {told_before}" if told_before is not None else ""
    return f"Version {look.version} answers at {served.address}{swapped}"


def _watch(served: Served, version: int | None) -> None:
    """Look now and then; draw the page anew where another version has come, or the server gone or back."""
    if served.version() != version:
        st.rerun()


if __name__ == "__main__":
    main()
