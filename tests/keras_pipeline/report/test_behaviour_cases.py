"""The cases are what they say: different, of the three classes, the same in every process, safe to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.behaviour import templates
from keras_pipeline.report.behaviour.cases import Rule, all_skills

SKILLS = pytest.mark.parametrize("skill", all_skills(), ids=lambda skill: skill.name)
ROOT = Path(__file__).parent.parent.parent.parent


@SKILLS
def test_every_skill_has_different_cases_enough_to_count_by(skill):
    assert 50 <= len(skill.cases) <= 300
    assert len(set(skill.cases)) == len(skill.cases)


@SKILLS
def test_a_case_says_what_its_rule_needs(skill):
    """And names no class but the three."""
    for case in skill.cases:
        assert set(case.expected) <= set(SENTIMENTS)
        assert (case.beside is not None) == (skill.rule is not Rule.ANSWER)
        assert case.text != case.beside
        if skill.rule is Rule.SAME:
            assert case.expected == ()
        elif skill.rule is Rule.NO_LESS:
            assert len(case.expected) == 1
        else:
            assert 0 < len(case.expected) < len(SENTIMENTS), "or nothing could fail"


@SKILLS
def test_sentences_are_whole_and_safe_to_show(skill):
    """They stand in reports and on terminals: no slot left, and no sign that Markdown or a terminal obeys.

    Links lead to domains that are kept free for examples.
    """
    for text in {text for case in skill.cases for text in (case.text, case.beside or "A")}:
        assert text.isprintable()
        assert text.isascii()
        assert not set(text) & set("{}<>|`*[]\\$~")
        assert text[0].isupper() or text[0].isdigit()
        assert "  " not in text
        assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeioAEIO]", text), text
        assert set(re.findall(r"//([^/]+)", text)) <= {"example.com", "www.example.org"}


def test_titles_and_names_are_different():
    skills = all_skills()
    assert len({skill.name for skill in skills}) == len({skill.title for skill in skills})
    assert len({skill.name for skill in skills}) == len(skills)


def test_no_sentence_must_have_two_answers():
    expected = {}
    for skill in all_skills():
        for case in skill.cases:
            if skill.rule is Rule.ANSWER:
                assert expected.setdefault(case.text, case.expected) == case.expected


def test_every_word_is_used_and_every_template_takes_some():
    """A list that no template names would be kept for nothing."""
    source = Path(templates.__file__).read_text()
    used = set(re.findall(r"\{(\w+)\}", source))
    assert used == set(templates.WORDS)
    assert all(len(set(words)) == len(words) for words in templates.WORDS.values())


def test_a_typo_is_two_neighbours_of_one_word():
    (typos,) = (skill for skill in all_skills() if skill.name == "typos")
    for case in typos.cases:
        places = [n for n, (a, b) in enumerate(zip(case.text, case.beside, strict=True)) if a != b]
        first, second = places
        assert second == first + 1
        assert case.text[first] + case.text[second] == case.beside[second] + case.beside[first]
        assert case.text[first - 1].isalpha(), "the first letter stays"


def test_another_process_asks_the_same():
    """Rates of two runs are compared: what is drawn hangs on no process's own hashing."""
    code = (
        "import hashlib;from keras_pipeline.report.behaviour.cases import all_skills;"
        "print(hashlib.sha256(repr(all_skills()).encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1
