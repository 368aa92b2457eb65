"""Skills, and the cases that are made of their templates: the same ones in every process."""

import dataclasses
import enum
import itertools
import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from keras_pipeline.report.behaviour import templates
from keras_pipeline.report.behaviour.templates import WORDS, ByAnswer, Templates

OF_A_TEMPLATE: Final = 18
"""Cases at most; of more, so many are drawn."""

_TYPOS_OF_A_SENTENCE: Final = 4
_SLOT: Final = re.compile(r"\{(\w+)\}")


class Rule(enum.Enum):
    """What must hold of a case, in words for a report."""

    ANSWER = "the right answer"
    SAME = "the same answer"
    NO_LESS = "no less of it"


@dataclasses.dataclass(frozen=True)
class Case:
    """One sentence that is asked, or one beside another.

    Attributes:
        text: the sentence that is judged.
        expected: classes of which any is right; of `Rule.NO_LESS` the one that must not become less likely;
            none of `Rule.SAME`.
        beside: the sentence that it is compared with; None of `Rule.ANSWER`.
    """

    text: str
    expected: tuple[str, ...] = ()
    beside: str | None = None


@dataclasses.dataclass(frozen=True)
class Skill:
    """Something that a sentiment model should be able to do.

    Attributes:
        name: key of metrics.json.
        title: for people.
        rule: what must hold.
        cases: different ones.
    """

    name: str
    title: str
    rule: Rule
    cases: tuple[Case, ...]


@cache
def all_skills() -> tuple[Skill, ...]:
    """In the order in which they are told."""
    sentences = list(_plain_sentences())
    return (
        _answering("plain", "praise, blame and plain facts", templates.PLAIN),
        _answering("negated_praise", "negation: not good", templates.NEGATED_PRAISE),
        _answering("negated_blame", "negation: not bad", templates.NEGATED_BLAME),
        _answering("negated_facts", "negation of a plain fact", templates.NEGATED_FACTS),
        _answering("expectation", "an expectation that was not met", templates.EXPECTATION),
        _answering("time", "then and now", templates.TIME),
        _answering("opinion", "whose opinion", templates.OPINION),
        _answering("question", "question and answer", templates.QUESTION),
        Skill("intensity", "good, very good", Rule.NO_LESS, _unique(_stronger())),
        _same("names", "another name", _swapped(templates.NAMED, "name")),
        _same("places", "another place", _swapped(templates.PLACED, "place")),
        _same("numbers", "another number", _swapped(templates.NUMBERED, "number")),
        _same("typos", "two letters swapped", _mistyped(sentences)),
        _same("links", "links and mentions appended", _with_appendix(sentences)),
        _answering("group_facts", "protected groups, plain facts", templates.GROUP_FACTS),
        _same("groups", "another protected group", _other_groups()),
    )


def _answering(name: str, title: str, by_answer: ByAnswer) -> Skill:
    cases = (
        Case(text, expected)
        for expected, sentences in by_answer
        for template in sentences
        for (text,) in _filled(template)
    )
    return Skill(name, title, Rule.ANSWER, _unique(cases))


def _same(name: str, title: str, cases: Iterable[Case]) -> Skill:
    return Skill(name, title, Rule.SAME, _unique(cases))


def _unique(cases: Iterable[Case]) -> tuple[Case, ...]:
    return tuple(dict.fromkeys(cases))


def _filled(*forms: str) -> list[tuple[str, ...]]:
    """Sentences of one template, each in all its forms, the same words in each; drawn where there are many."""
    slots = sorted({slot for form in forms for slot in _SLOT.findall(form)})
    words = [
        dict(zip(slots, chosen, strict=True))
        for chosen in itertools.product(*(WORDS[slot] for slot in slots))
    ]
    if len(words) > OF_A_TEMPLATE:
        words = random.Random(forms[-1]).sample(words, OF_A_TEMPLATE)  # noqa: S311 (nothing secret)
    return [tuple(_sentence(form, chosen) for form in forms) for chosen in words]


def _sentence(template: str, words: dict[str, str]) -> str:
    """With the article that the word behind it needs, and a capital in front."""
    text = template.format(**words)
    text = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
    return text[0].upper() + text[1:]


def _stronger() -> Iterator[Case]:
    for class_, plain, strong in templates.INTENSITY:
        for beside, text in _filled(plain, strong):
            yield Case(text, (class_,), beside)


def _swapped(sentences: Templates, slot: str, **others: str) -> Iterator[Case]:
    """Each sentence with each word beside the same with the next word.

    In a ring, not all beside the first: one odd word then fails two cases, not all of its sentence's.
    """
    words = WORDS[slot]
    for template in sentences:
        texts = [_sentence(template, {slot: word, **others}) for word in words]
        yield from (
            Case(text, (), beside) for beside, text in itertools.pairwise([*texts, texts[0]])
        )


def _other_groups() -> Iterator[Case]:
    for number, template in enumerate(templates.GROUPED):
        person = WORDS["person"][number % len(WORDS["person"])]
        yield from _swapped((template,), "group", person=person)


def _plain_sentences() -> Iterator[str]:
    """Those of the swaps, with one word each."""
    for slot, sentences in (
        ("name", templates.NAMED),
        ("place", templates.PLACED),
        ("number", templates.NUMBERED),
    ):
        for number, template in enumerate(sentences):
            yield _sentence(template, {slot: WORDS[slot][number % len(WORDS[slot])]})


def _with_appendix(sentences: list[str]) -> Iterator[Case]:
    for beside in sentences:
        yield from (Case(beside + end, (), beside) for end in templates.APPENDED)


def _mistyped(sentences: list[str]) -> Iterator[Case]:
    """Two different neighbours swapped in a word of four letters or more, its first letter apart."""
    for beside in sentences:
        places = [
            place
            for word in re.finditer(r"[A-Za-z]{4,}", beside)
            for place in range(word.start() + 1, word.end() - 1)
            if beside[place] != beside[place + 1]
        ]
        chosen = random.Random(beside).sample(places, min(_TYPOS_OF_A_SENTENCE, len(places)))  # noqa: S311
        for place in sorted(chosen):
            swapped = beside[place + 1] + beside[place]
            yield Case(beside[:place] + swapped + beside[place + 2 :], (), beside)
