"""Try: a text, its answer, its words; another version beside it; and "this is wrong"."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from serving.app.corrections import add_correction
from serving.app.look.escaped import escaped, sentence
from serving.app.look.words import coloured_words
from serving.app.parts.answer import answer_card, empty_card
from serving.app.parts.examples import GOOD, HARD, SENTIMENTS, Example, example_of
from serving.app.parts.shown_errors import sentences
from serving.app.served import NEWEST, Choice, Look, Served
from serving.client.results import Prediction

TEXT: Final = "text"
"""Key of the text in the session's state."""
_NOBODY: Final = "nobody"
_QUESTION: Final = "What each word does to the probability of"
_NO_WORDS: Final = "This version does not tell what its words do: it has no signature explain."


@dataclass(frozen=True)
class Scene:
    """What every answer on the page has in common.

    Attributes:
        served: Whom to ask.
        look: What the server told; `None` where it is away.
        threshold: Below it an answer is "unsure".
        corrections: The file for what people correct.
    """

    served: Served
    look: Look | None
    threshold: float
    corrections: Path


def draw_text(scene: Scene, choice: Choice) -> None:
    """The text and what is said of it."""
    text = st.text_area(
        "Text",
        key=TEXT,
        height=116,
        placeholder="Type or paste a text, then press Ctrl+Enter",
        label_visibility="collapsed",
    )
    other = st.session_state.get("other") or _NOBODY
    asked = [choice] if other == _NOBODY else [choice, _as_choice(other)]
    for number, (column, one) in enumerate(zip(st.columns(len(asked)), asked, strict=True)):
        with column, sentences():
            _draw_answer(number, text or "", one, scene)


def draw_settings(look: Look | None, labels: Sequence[str]) -> tuple[Choice, float]:
    """Who is asked, beside whom, and from where on an answer counts.

    Returns:
        The version that is asked, and the threshold.
    """
    choices = list(look.choices) if look else [NEWEST]
    choice = st.selectbox(
        "Answered by",
        _with_kept(choices, "choice"),
        format_func=str,
        key="choice",
        help="A label that the server gives to a version may be typed.",
        accept_new_options=True,
    )
    st.selectbox(
        "Compare with",
        [_NOBODY, *_with_kept(choices, "other")],
        format_func=str,
        key="other",
        accept_new_options=True,
    )
    threshold = st.slider("Unsure below", 0.0, 1.0, 0.5, 0.05, key="threshold")
    if set(labels) == SENTIMENTS:
        _draw_examples("What it is good at", GOOD, "good")
        _draw_examples("Where it goes wrong", HARD, "hard")
    return _as_choice(choice), threshold


def _as_choice(chosen: Choice | str | None) -> Choice:
    """A label that was typed is a word."""
    if isinstance(chosen, str):
        return Choice(label=chosen)
    return chosen or NEWEST


def _with_kept(choices: list[Choice], key: str) -> list[Choice]:
    """A version that has gone stays chosen, and says so, until another is chosen."""
    kept = st.session_state.get(key)
    return [*choices, *([kept] if isinstance(kept, Choice) and kept not in choices else [])]


def _draw_examples(title: str, examples: Sequence[Example], key: str) -> None:
    st.html(f'<p class="ts-caps">{escaped(title)}</p>')
    with st.container(gap=None):
        for number, example in enumerate(examples):
            st.button(
                example.text,
                key=f"example-{key}-{number}",
                help=f"{example.why}; a person says {example.right}",
                type="tertiary",
                on_click=_take,
                args=(example.text,),
            )


def _take(text: str) -> None:
    st.session_state[TEXT] = text


def _draw_answer(number: int, text: str, choice: Choice, scene: Scene) -> None:
    labels = scene.look.labels if scene.look else ()
    asked = _named(choice, scene.look)
    if not text.strip():
        st.html(empty_card(labels, asked))
        return
    answer = scene.served.answer(text, choice)
    st.html(
        answer_card(answer, asked, scene.threshold, example_of(text, tuple(answer.probabilities)))
    )
    _draw_words(number, text, choice, answer, scene.served)
    with st.popover("This is wrong", key=f"wrong-{number}"), sentences():
        _draw_correction(number, text, answer, asked, scene.corrections)


def _named(choice: Choice, look: Look | None) -> str:
    return f"version {look.version}, the newest" if look and choice == NEWEST else str(choice)


def _draw_words(number: int, text: str, choice: Choice, answer: Prediction, served: Served) -> None:
    words = served.words(text, choice)
    if words is None:
        st.html(sentence(_NO_WORDS))
        return
    names = list(answer.probabilities)
    question, box = st.columns([3, 2], vertical_alignment="center")
    question.html(f'<p class="ts-small ts-question">{escaped(_QUESTION)}</p>')
    label = box.selectbox(
        _QUESTION,
        names,
        index=names.index(answer.label),
        # Another text begins with its own answer's class; a model with others has them.
        key=f"word-label-{number}-{hash((text, tuple(names), answer.label))}",
        label_visibility="collapsed",
    )
    st.html(coloured_words(words, label))


def _draw_correction(number: int, text: str, answer: Prediction, asked: str, path: Path) -> None:
    others = [name for name in answer.probabilities if name != answer.label]
    right = st.selectbox(
        "It should be", others, index=None, placeholder="Choose", key=f"right-{number}"
    )
    if (
        st.button(
            "Keep this correction", key=f"keep-{number}", type="primary", disabled=right is None
        )
        and right
    ):
        count = add_correction(path, text, right, answer, asked)
        rows = "1 correction" if count == 1 else f"{count:,} corrections"
        st.html(sentence(f"Kept: {rows} in {path}. A training reads them by:"))
        st.code(
            f"python -m keras_pipeline.train --data {shlex.quote(str(path))}",
            language="sh",
            wrap_lines=True,
        )
