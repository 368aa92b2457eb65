"""One answer as a card: the verdict, a bar for every class, and what is to be said of it."""

from collections.abc import Sequence

from serving.app.look.bars import bars, in_order
from serving.app.look.escaped import escaped, percent
from serving.app.parts.examples import Example
from serving.client.results import Prediction

_NOTHING_KNOWN = "None of its words are known to the model: the answer tells nothing of this text"


def answer_card(answer: Prediction, asked: str, threshold: float, example: Example | None) -> str:
    """The card.

    Args:
        answer: What a version said.
        asked: The version in words.
        threshold: Below it the answer is "unsure".
        example: What a person would say, if that is known.
    """
    unsure = answer.score < threshold
    if unsure:
        word, share = "unsure", ""
        under = f"Most likely {answer.label}, {percent(answer.score)}: below {percent(threshold)}"
    else:
        word, share, under = answer.label, percent(answer.score), _known(answer)
    if answer.known == 0:
        under = _NOTHING_KNOWN
    elif example:
        under = f"A person would say {example.right} ({example.why})"
    rows = [
        (name, number, percent(number)) for name, number in in_order(dict(answer.probabilities))
    ]
    return _card(asked, word, share, under, bars(rows, [answer.label], caption="probabilities"))


def empty_card(labels: Sequence[str], asked: str) -> str:
    """The card before there is a text: as high as one with an answer, so that nothing jumps."""
    rows = [(name, 0.0, "") for name in labels]
    return _card(
        asked,
        "\N{MIDDLE DOT}\N{MIDDLE DOT}\N{MIDDLE DOT}",
        "",
        "Type a text, or take an example",
        bars(rows),
    )


def _card(asked: str, word: str, share: str, under: str, drawn: str) -> str:
    return (
        f'<section class="ts-card" aria-label="answer of {escaped(asked)}">'
        f'<div class="ts-by"><span>{escaped(asked)}</span></div>'
        f'<div class="ts-verdict"><span class="ts-label" dir="auto">{escaped(word, 120)}</span>'
        f'<span class="ts-share">{escaped(share)}</span></div>'
        f'<p class="ts-under" dir="auto">{escaped(under)}</p>{drawn}</section>'
    )


def _known(answer: Prediction) -> str:
    return (
        ""
        if answer.known is None
        else f"{percent(answer.known)} of its words are known to the model"
    )
