"""Texts to click: where the default model is good, and where it is not.

Each was asked of the model that `make train` makes (2026-11-28: the first five right, the others wrong or not
known); what a person would say stands beside the answer, whatever a later model says.
"""

from typing import Final, NamedTuple

SENTIMENTS: Final = frozenset({"negative", "neutral", "positive"})
"""The classes that the examples speak of; a model with others has none."""


class Example(NamedTuple):
    """A text, what a person says of it, and what makes it easy or hard."""

    text: str
    right: str
    why: str


GOOD: Final = (
    Example("Best flight ever, the crew was so kind!", "positive", "praise in plain words"),
    Example("Still waiting on hold after two hours, this is ridiculous", "negative", "a complaint"),
    Example("@airline you lost my bag AGAIN!!! so angry", "negative", "names, capitals, marks"),
    Example("New phone comes out in March", "neutral", "a plain fact"),
    Example("The service was not good", "negative", "a negation"),
)
HARD: Final = (
    Example("Yeah right, best customer service ever", "negative", "irony"),
    Example("The film was not bad at all", "positive", "a negation turned round"),
    Example("I used to hate this phone, but now I love it", "positive", "then and now"),
    Example("killed it on stage tonight", "positive", "slang"),
    Example("أنا أحب هذا", "positive", "another language: nothing is known"),
)
_ALL: Final = {example.text: example for example in (*GOOD, *HARD)}


def example_of(text: str, labels: tuple[str, ...]) -> Example | None:
    """The example that a text is, of a model with these classes."""
    return _ALL.get(text) if set(labels) == SENTIMENTS else None
