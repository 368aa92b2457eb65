"""Who answers rightly fails nothing, who always says the same fails what needs an answer; the report tells it."""

import json

import numpy as np
import pytest

from export.__main__ import main as export_main
from keras_pipeline import SentimentModel, evaluate, train
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.layers import ExpressiveTweetCleaner, build_vectorizer
from keras_pipeline.numeric.classifier import build_classifier
from keras_pipeline.report.behaviour.cases import Case, Rule, Skill, all_skills
from keras_pipeline.report.behaviour.check import (
    EXAMPLES,
    Behaviour,
    _counted,
    count_failures,
    measure_behaviour,
)
from keras_pipeline.report.evaluation import Evaluation, compute_metrics
from keras_pipeline.report.written_report import write_report

ONE_HOT = dict(zip(SENTIMENTS, np.eye(3), strict=True))


def oracle(labels):
    """Answers as the cases have it: their class where one is named, else neutral."""
    named = {
        text: case.expected[0]
        for skill in all_skills()
        for case in skill.cases
        if case.expected
        for text in (case.text, case.beside)
    }
    columns = [SENTIMENTS.index(label) for label in labels]
    return lambda texts: np.stack([ONE_HOT[named.get(text, "neutral")][columns] for text in texts])


@pytest.mark.parametrize("labels", [SENTIMENTS, SENTIMENTS[::-1]])
def test_a_perfect_oracle_fails_nothing(labels):
    """Whatever the order of its classes."""
    counted = count_failures(oracle(labels), labels)
    assert len(counted) == len(all_skills())
    assert all(found.failures == 0 and found.examples == () for found in counted)


@pytest.mark.parametrize("always", SENTIMENTS)
def test_a_constant_answer_fails_what_needs_another(always):
    """And never what must only stay as it is."""
    counted = count_failures(lambda texts: np.stack([ONE_HOT[always]] * len(texts)), SENTIMENTS)
    for found in counted:
        if found.skill.rule is Rule.ANSWER:
            wrong = sum(always not in case.expected for case in found.skill.cases)
            assert found.failures == wrong
            assert len(found.examples) == min(EXAMPLES, wrong)
        else:
            assert found.failures == 0
    assert sum(found.failures for found in counted) > 500


def test_an_answer_that_changes_fails_every_invariance():
    """Each text gets another answer than the one before it."""
    found = count_failures(lambda texts: np.eye(3)[np.arange(len(texts)) % 3], SENTIMENTS)
    rates = {one.skill.name: one.share for one in found}
    for name in ("names", "places", "numbers", "groups", "links", "typos"):
        assert rates[name] > 0.5


def test_more_of_it_may_be_a_little_less_likely():
    """By a tenth: a fall of more is a failure, and told with both numbers."""
    case = Case("so good", ("positive",), "good")
    skill = Skill("more", "more", Rule.NO_LESS, (case,))
    answers = {"good": np.array([0.1, 0.0, 0.9]), "so good": np.array([0.1, 0.05, 0.85])}
    assert _counted(skill, answers, SENTIMENTS).failures == 0
    answers["so good"] = np.array([0.1, 0.2, 0.7])
    found = _counted(skill, answers, SENTIMENTS)
    assert found.share == 1
    assert found.examples[0].must_be == "positive 0.90, not 0.70, as: good"
    assert found.examples[0].said == "positive 0.70"


def test_the_report_shows_rates_and_some_that_fail(tmp_path):
    """Of answers drawn at random, so that every skill has failures."""
    draw = np.random.default_rng(1)
    counted = count_failures(lambda texts: draw.dirichlet(np.ones(3), len(texts)), SENTIMENTS)
    behaviour = Behaviour(counted, unknown=0.04)
    probabilities = np.eye(3, dtype=np.float32)
    metrics = compute_metrics(np.arange(3), probabilities, SENTIMENTS)
    texts = np.array(["a", "b", "c"], object)
    evaluation = Evaluation(texts, np.arange(3), probabilities, SENTIMENTS, metrics)
    write_report(tmp_path, evaluation, title="behaviour", behaviour=behaviour)
    section = section_of(tmp_path)
    assert "are English; the vocabulary does not know" in section
    assert (tmp_path / "figures" / "behaviour.png").read_bytes().startswith(b"\x89PNG")
    told = [found.share for found in behaviour.counted]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[-1].strip(" |") for row in rows[: len(told)]] == [
        f"{share:.1%}" for share in told
    ]
    for found in behaviour.counted:
        assert all(f"`{failure.text}`" in section for failure in found.examples)
    json.dumps(behaviour.rates())


def section_of(folder):
    report = (folder / "report.md").read_text()
    return report.partition("## Behaviour\n")[2].partition("\n## ")[0]


def test_other_classes_are_not_judged():
    """They are looked at before the model is asked anything."""
    cleaner, vectorizer = ExpressiveTweetCleaner(), build_vectorizer(vocabulary_size=9)
    adapt_vectorizer(vectorizer, cleaner, np.array(["so good"], object))
    labels = ("anger", "joy", "sadness")
    classifier = build_classifier(TrainConfig(vocabulary_size=9, lstm_units=2, labels=labels))
    assert measure_behaviour(SentimentModel(cleaner, vectorizer, classifier, labels=labels)) is None


def test_too_few_known_words_are_not_judged(tiny_run):
    """Labels do not tell a language: English sentences that are mostly unknown words would measure nothing.

    The 66 tweets of the tiny run have less than half of the cases' words.
    """
    assert json.loads((tiny_run / "metrics.json").read_text())["behaviour"] is None
    assert "Behaviour" not in (tiny_run / "report.md").read_text()
    card = json.loads((tiny_run / "exported/1/assets.extra/model_card.json").read_text())
    assert "behaviour" not in card


@pytest.mark.slow
def test_a_run_tells_its_behaviour(tmp_path, tiny_options, capsys):
    """In report, metrics, and on the card of its version; `evaluate` finds the same rates again."""
    table, run, to = tmp_path / "table.csv", tmp_path / "run", tmp_path / "models"
    rows = [
        f'"{case.text}",{(case.expected or SENTIMENTS[number % 3 :])[0]}'
        for skill in all_skills()
        for number, case in enumerate(skill.cases[::3])
    ]
    table.write_text("\n".join(["text,label", *rows]))
    # The last of two --data, and of two --epochs, is taken.
    options = [*tiny_options, "--data", str(table), "--epochs", "1", "--no-export"]
    assert train.main([*options, "--output", str(run)]) == 0
    assert "sentences made for 16 skills" in capsys.readouterr().out
    rates = json.loads((run / "metrics.json").read_text())["behaviour"]
    assert list(rates["skills"]) == [skill.name for skill in all_skills()]
    assert 0 < rates["mean_failures"] < 1
    assert f" {rates['mean_failures']:.1%} fail in the mean" in section_of(run)
    assert evaluate.main([str(run), "--output", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "metrics.json").read_text())["behaviour"]
    assert again == rates
    assert "mean of the skills" in capsys.readouterr().out
    assert export_main([str(run), "--to", str(to), "--force", "--server", "none"]) == 0
    assert json.loads((to / "1/assets.extra/model_card.json").read_text())["behaviour"] == rates
    text = (to / "1/assets.extra/model_card.md").read_text()
    assert f"| mean of the skills | {rates['mean_failures']:.1%} |" in text
