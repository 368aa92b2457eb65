"""Ask a model every case, and count how many of each skill fail."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.behaviour.cases import Case, Rule, Skill, all_skills
from keras_pipeline.report.coverage import measure_coverage
from keras_pipeline.table.printed import Cells, text_table
from keras_pipeline.table.stored_texts import text_batches

TOLERANCE: Final = 0.1
"""By so much the probability of a class may fall where there is more of it: as CheckList has it."""

MOST_UNKNOWN: Final = 0.5
"""Share of the sentences' tokens; a vocabulary that lacks more is one of another language, or too small to be judged."""

EXAMPLES: Final = 3

Array = np.ndarray[Any, Any]
Ask = Callable[[list[str]], Array]
"""Texts in, `[texts, classes] float` out."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """One case that failed: what was asked, what had to come, what the model said."""

    text: str
    must_be: str
    said: str


@dataclasses.dataclass(frozen=True)
class Counted:
    """One skill of a model.

    Attributes:
        skill: which, with its cases.
        failures: cases that failed.
        examples: a few of them, spread over the templates.
    """

    skill: Skill
    failures: int
    examples: tuple[Failure, ...]

    @property
    def share(self) -> float:
        """Of the cases that fail."""
        return self.failures / len(self.skill.cases)


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """Failures by skill.

    Attributes:
        counted: one a skill, in the order of `all_skills`.
        unknown: share of the sentences' tokens that the model's vocabulary lacks.
    """

    counted: tuple[Counted, ...]
    unknown: float

    @property
    def mean(self) -> float:
        """Mean of the skills' shares, each skill as heavy as any other."""
        return float(np.mean([found.share for found in self.counted]))

    def sentence(self) -> str:
        """The mean, and what is worst."""
        worst = max(self.counted, key=lambda found: found.share)
        return (
            f"Of English sentences made for {len(self.counted)} skills {self.mean:.1%} fail in the mean, "
            f"most of `{worst.skill.title}` ({worst.share:.0%})"
        )

    def rows(self) -> Cells:
        """Skill, what must hold, cases, share that fails."""
        return [
            [
                found.skill.title,
                found.skill.rule.value,
                len(found.skill.cases),
                f"{found.share:.1%}",
            ]
            for found in self.counted
        ]

    def table(self) -> str:
        """For the terminal."""
        header = ["behaviour", "must be", "cases", "failures"]
        mean = ["mean of the skills", "", "", f"{self.mean:.1%}"]
        return text_table(header, [*self.rows(), mean])

    def rates(self) -> dict[str, Any]:
        """For metrics.json."""
        return {
            "mean_failures": self.mean,
            "unknown_tokens": self.unknown,
            "skills": {
                found.skill.name: {
                    "title": found.skill.title,
                    "cases": len(found.skill.cases),
                    "failures": found.share,
                }
                for found in self.counted
            },
        }


def measure_behaviour(model: Any) -> Behaviour | None:
    """Ask a trained model.

    Args:
        model: as `keras_pipeline.model.SentimentModel`.

    Returns:
        None where it cannot be judged: its classes are others than negative, neutral and positive, or its
        vocabulary lacks more than half of what it would be asked.
    """
    if sorted(model.labels) != sorted(SENTIMENTS):
        return None
    unknown = measure_coverage(model, np.array(_texts(), object)).unknown
    if unknown > MOST_UNKNOWN:
        return None

    def ask(texts: list[str]) -> Array:
        answers: Array = model.predict(text_batches(np.array(texts, object), 512), verbose=0)
        return answers

    return Behaviour(count_failures(ask, model.labels), unknown)


def count_failures(ask: Ask, labels: Sequence[str]) -> tuple[Counted, ...]:
    """Whoever answers: every different text is asked once.

    Args:
        ask: answers in the order of `labels`.
        labels: negative, neutral and positive, in any order.
    """
    texts = _texts()
    answers = dict(zip(texts, ask(texts), strict=True))
    return tuple(_counted(skill, answers, tuple(labels)) for skill in all_skills())


def _texts() -> list[str]:
    every = (
        text for skill in all_skills() for case in skill.cases for text in (case.text, case.beside)
    )
    return [text for text in dict.fromkeys(every) if text is not None]


def _counted(skill: Skill, answers: dict[str, Array], labels: tuple[str, ...]) -> Counted:
    failed = list(_failed(skill, answers, labels))
    some = np.linspace(0, len(failed) - 1, min(EXAMPLES, len(failed))).round().astype(int)
    return Counted(skill, len(failed), tuple(failed[number] for number in some))


def _failed(skill: Skill, answers: dict[str, Array], labels: tuple[str, ...]) -> Iterator[Failure]:
    for case in skill.cases:
        must_be = _JUDGES[skill.rule](case, answers, labels)
        if must_be is not None:
            yield Failure(case.text, must_be, _said(answers[case.text], labels))


def _said(answer: Array, labels: tuple[str, ...]) -> str:
    return f"{labels[answer.argmax()]} {answer.max():.2f}"


def _wrong(case: Case, answers: dict[str, Array], labels: tuple[str, ...]) -> str | None:
    """What had to be said, where it was not; so the other two."""
    answer = labels[answers[case.text].argmax()]
    return None if answer in case.expected else " or ".join(case.expected)


def _changed(case: Case, answers: dict[str, Array], labels: tuple[str, ...]) -> str | None:
    assert case.beside is not None
    before = answers[case.beside]
    if answers[case.text].argmax() == before.argmax():
        return None
    return f"{_said(before, labels)}, as: {case.beside}"


def _less(case: Case, answers: dict[str, Array], labels: tuple[str, ...]) -> str | None:
    assert case.beside is not None
    (class_,) = case.expected
    column = labels.index(class_)
    before, after = float(answers[case.beside][column]), float(answers[case.text][column])
    if after >= before - TOLERANCE:
        return None
    return f"{class_} {before:.2f}, not {after:.2f}, as: {case.beside}"


_JUDGES: Final = {Rule.ANSWER: _wrong, Rule.SAME: _changed, Rule.NO_LESS: _less}
