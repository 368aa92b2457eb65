"""Made-up sentences: whom they are taught, that none is one that a model is judged by, and that they are whole."""

import re

import numpy as np
import pytest

from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.behaviour.cases import all_skills
from keras_pipeline.report.behaviour.templates import WORDS as JUDGED_BY
from keras_pipeline.table.lessons.lessons import are_taught, lessons
from keras_pipeline.table.lessons.templates import NEGATIVE, NEUTRAL, NOT_NEGATIVE, TEMPLATES
from keras_pipeline.table.lessons.words import WORDS

ENGLISH = np.array(["I like the lake", "so sad", "this is it", "see you there"], dtype=object)
SPANISH = np.array(["me gusta el lago", "que triste", "este es", "nos vemos"], dtype=object)


def plain(text):
    return re.sub(r"\W+", " ", text).strip().lower()


def test_no_sentence_is_one_that_a_model_is_judged_by():
    """Else the report would tell what was learned by heart."""
    taught = {plain(text) for text in lessons(80_000, seed=1)[0]}
    asked = {plain(case.text) for skill in all_skills() for case in skill.cases}
    assert len(taught) > 10_000
    assert not taught & asked


def test_what_opinions_are_about_is_different():
    assert not {plain(thing).split()[-1] for thing in WORDS["thing"]} & set(JUDGED_BY["thing"])


def test_one_thinks_and_several_think():
    """What is taught is English: "my sister think you are fine" is a sentence of nobody's."""
    wrong = re.compile(r"\{(?:who|one)\} (?:\{like\}|\{hate\}|think\b)|\{(?:who|they)\} thinks")
    assert not [text for texts in TEMPLATES.values() for text in texts if wrong.search(text)]


@pytest.mark.parametrize("rows", [0, 3, 50, 5_000])
def test_a_table_gets_as_many_as_it_can_bear(rows):
    texts, targets = lessons(rows, seed=1)
    assert targets.shape == (len(texts), 3)
    assert len(texts) <= rows / 4
    assert len(texts) >= rows / 4 * 0.9 - len(TEMPLATES)


def test_every_slot_is_filled_and_every_answer_is_there():
    texts, targets = lessons(5_000, seed=1)
    assert not [text for text in texts if re.search(r"[{}]|\ba (?:[aeio]|ugly|un)", text)]
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    assert {tuple(row) for row in targets} == {tuple(np.float32(answer)) for answer in TEMPLATES}
    assert NOT_NEGATIVE in TEMPLATES


def test_one_seed_gives_the_same_ones():
    assert lessons(500, seed=1)[0] == lessons(500, seed=1)[0] != lessons(500, seed=2)[0]


@pytest.mark.parametrize(
    ("texts", "names", "taught"),
    [
        (ENGLISH, SENTIMENTS, True),
        (SPANISH, SENTIMENTS, False),
        (ENGLISH, ("negative", "positive"), False),
        (ENGLISH, ("anger", "joy", "sadness"), False),
        (np.concatenate([ENGLISH, *[SPANISH] * 2]), SENTIMENTS, False),
    ],
    ids=["English", "Spanish", "two classes", "other classes", "several languages"],
)
def test_only_english_tables_of_the_three_sentiments_are_taught(texts, names, taught):
    assert are_taught(texts, names) is taught


def test_words_between_a_negation_and_what_it_negates_are_taught_of_praise_blame_and_facts():
    """Taught of praise alone, a model answered "negative" to every negated text with words between."""
    with_words_between = {
        answer for answer, texts in TEMPLATES.items() for text in texts if "{given}" in text
    }
    assert {NEGATIVE, NOT_NEGATIVE, NEUTRAL} == with_words_between
