"""The model: figures, card and pictures of the version that serves; its versions and where they stand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import streamlit as st

from serving.app.card import Card, read_card
from serving.app.look.bars import bars
from serving.app.look.escaped import escaped, percent, sentence
from serving.app.parts.shown_errors import sentences
from serving.app.served import Look
from serving.client.results import VersionStatus

_MOST: Final = 30
"""Classes and skills that are drawn; the card has all."""


def draw_model(look: Look, base: Path, runs: Path) -> None:
    """The tab."""
    card = None
    with sentences():
        card = read_card(base, look.version, runs)
        if card is None:
            st.html(
                sentence(
                    f"No card of version {look.version} is at hand in {base}: --model-base-path names the folder."
                )
            )
    if card is not None:
        _draw_figures(card)
    _title("Versions")
    st.html(_versions(look.versions, base, runs))
    if card is not None:
        _draw_rest(card)


def _draw_figures(card: Card) -> None:
    _title("Figures")
    tiles = "".join(
        f"<div class='ts-tile'><b>{number}</b><span>{name}</span></div>"
        for number, name in _tiles(card)
    )
    st.html(f'<div class="ts-tiles">{tiles}</div>')
    left, right = st.columns(2, gap="large")
    classes = sorted(_shares(card, "metrics", "per_class", "f1"), key=lambda pair: pair[1])[:_MOST]
    if classes:
        with left:
            _title("F1 of each class")
            st.html(
                bars(
                    [(name, share, f"{share:.3f}") for name, share in classes],
                    [name for name, _ in classes],
                )
            )
    skills = sorted(_skills(card), key=lambda pair: -pair[1])[:_MOST]
    if skills:
        with right:
            _title("Sentences made for one skill: how many fail")
            st.html(bars([(name, share, percent(share)) for name, share in skills], wide=True))


def _tiles(card: Card) -> Iterator[tuple[str, str]]:
    for name, title in (
        ("macro_f1", "macro F1"),
        ("accuracy", "accuracy"),
        ("calibration_error", "calibration error"),
    ):
        number = card.number("metrics", name)
        if number is not None:
            yield f"{number:.3f}", title
    for path, title in (
        (("metrics", "rows"), "rows it was judged on"),
        (("rows", "train"), "rows it learned from"),
    ):
        rows = card.number(*path)
        if rows is not None:
            yield f"{rows:,.0f}", title


def _shares(card: Card, *path: str) -> list[tuple[str, float]]:
    *names, last = path
    rows = card.rows(*names).items()
    return [
        (name, float(row[last])) for name, row in rows if isinstance(row.get(last), int | float)
    ]


def _skills(card: Card) -> list[tuple[str, float]]:
    rows = card.rows("behaviour", "skills").values()
    return [
        (str(row.get("title")), float(row["failures"]))
        for row in rows
        if isinstance(row.get("failures"), int | float)
    ]


def _draw_rest(card: Card) -> None:
    if card.pictures:
        _title("Pictures of the run")
        for number, column in enumerate(st.columns(2)):
            for picture in card.pictures[number::2]:
                column.image(str(picture), width="stretch", alt=picture.stem.replace("_", " "))
    if card.words:
        with st.expander("The whole card"):
            # Written by the exporter, which escapes the names in it; HTML stays text.
            st.markdown(card.words)


def _versions(versions: tuple[VersionStatus, ...], base: Path, runs: Path) -> str:
    rows = "".join(_version(one, base, runs) for one in versions)
    return (
        '<table class="ts-table"><thead><tr><th>version</th><th>state</th><th>published</th><th>macro F1</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _version(one: VersionStatus, base: Path, runs: Path) -> str:
    try:
        card = read_card(base, one.version, runs)
    except (OSError, ValueError):
        card = None
    date = card.part("date") if card else None
    f1 = card.number("metrics", "macro_f1") if card else None
    state = f"{one.state.name}: {one.error}" if one.error else one.state.name
    cells = (
        str(one.version),
        state,
        str(date or "")[:16].replace("T", " "),
        "" if f1 is None else f"{f1:.4f}",
    )
    return f"<tr>{''.join(f'<td>{escaped(cell, 500)}</td>' for cell in cells)}</tr>"


def _title(words: str) -> None:
    st.html(f'<p class="ts-caps" style="margin-top:1.2rem">{escaped(words)}</p>')
