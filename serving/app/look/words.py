"""A text's words, each coloured by what it does to a class: the accent where it speaks for it, grey where against."""

from collections.abc import Sequence
from typing import Final

from serving.app.look.escaped import escaped
from serving.client.results import WordEffect

_LONGEST: Final = 60
_MINUS: Final = "\N{MINUS SIGN}"
_LEAST_SCALE: Final = 0.2
"""Effects are drawn against the largest of the text, but not against a small one: noise is to look faint."""


def coloured_words(words: Sequence[WordEffect], label: str) -> str:
    """The words with the number of their effect below; the others' numbers in each one's title.

    Args:
        words: Of one text, in order: how much a class's probability falls when the word is left out.
        label: The class whose effects are drawn.
    """
    scale = max([_LEAST_SCALE, *(abs(word.effects.get(label, 0.0)) for word in words)])
    drawn = "".join(_word(word, label, scale) for word in words)
    return (
        f'<div class="ts-words" dir="auto" aria-label="effects on {escaped(label)}">{drawn}</div>'
    )


def _word(word: WordEffect, label: str, scale: float) -> str:
    effect = word.effects.get(label, 0.0)
    kind = "ts-for" if effect > 0 else "ts-against"
    unknown = "" if word.known else " ts-unknown"
    every = ", ".join(f"{name} {signed(number)}" for name, number in word.effects.items())
    title = escaped(every if word.known else f"unknown to the model; {every}", 1000)
    share = f"{100 * abs(effect) / scale:.0f}%"
    return (
        f'<span class="ts-word {kind}{unknown}" style="--w:{share}" title="{title}">'
        f"<b>{escaped(word.text, _LONGEST)}</b><i>{signed(effect)}</i></span>"
    )


def signed(number: float) -> str:
    r"""An effect with its sign, in hundredths.

    >>> signed(0.123), signed(0.001), signed(-0.5) == "\N{MINUS SIGN}.50"
    ('+.12', '0', True)
    """
    rounded = round(number, 2)
    if not rounded:
        return "0"
    return f"{'+' if rounded > 0 else _MINUS}{abs(rounded):.2f}".replace("0.", ".")
