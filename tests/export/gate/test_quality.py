"""Each reason against a version, provoked with answers made for it, and what is no reason."""

import numpy as np
import pytest

from export.errors import GateError
from export.gate.quality import Answers, judge, refuse
from export.gate.reasons import too_few
from export.settings import Tolerances

NAMES = ("negative", "neutral", "positive")
ROWS = 3000
LABELS = np.arange(ROWS) % 3


def answered(right, name="version 3", *, labels=LABELS, learned=(), wrong=1, seed=0):
    """Answers right in this share of each class's rows (one share, or one a class); `learned` are row numbers."""
    draw = np.random.default_rng(seed).random(len(labels))
    shares = np.broadcast_to(right, 3)[labels]
    chosen = np.where(draw < shares, labels, (labels + wrong) % 3)
    known = np.zeros(len(labels), bool)
    known[list(learned)] = True
    return Answers(name, np.eye(3)[chosen], known, knows_learned=True)


def verdict(candidate, rival=None, labels=LABELS, **tolerances):
    return judge(labels, NAMES, candidate, rival, Tolerances(**tolerances))


def received(found):
    """The one reason against it."""
    (sentence,) = found.refusals
    return sentence


def test_a_version_as_good_as_the_other_passes():
    found = verdict(answered(0.8), answered(0.8))
    assert found.refusals == ()
    assert found.comparison["difference"] == 0
    refuse(found.refusals)


def test_the_first_version_is_compared_with_nobody():
    found = verdict(answered(0.8))
    assert found.refusals == ()
    assert found.comparison is None


class TestWorse:
    """Than the version that serves now, on the same rows."""

    def test_by_more_than_the_tolerance(self):
        found = verdict(answered(0.76, seed=1), answered(0.80), macro_f1=0.01, recall=1)
        assert found.refusals[0] == (
            f"macro F1 of at least {found.comparison['rival_macro_f1']:.4f} - 0.01, that of version 3 on "
            f"the same 3,000 rows. Received: {found.comparison['macro_f1']:.4f}"
        )

    def test_within_the_tolerance_but_beyond_chance(self):
        """The same answers but for 40 rows that only the other had right."""
        chosen = answered(0.8).probabilities.argmax(axis=1)
        right = np.flatnonzero(chosen == LABELS)[:24]
        chosen[right] = (LABELS[right] + 1) % 3
        worse = Answers("the new version", np.eye(3)[chosen], np.zeros(ROWS, bool), True)
        found = verdict(worse, answered(0.8), macro_f1=0.05)
        assert "beyond chance, on the same 3,000 rows" in received(found)
        assert 0 > found.comparison["interval"][1] > -0.01

    def test_within_the_tolerance_and_within_chance(self):
        found = verdict(answered(0.799, seed=1), answered(0.80, seed=2), macro_f1=0.03)
        low, high = found.comparison["interval"]
        assert low < 0 < high
        assert found.refusals == ()

    def test_a_class_given_up_for_the_others(self):
        """Macro F1 is higher, and a third of all that is negative is missed."""
        found = verdict(answered([0.65, 0.95, 0.95], seed=1), answered(0.8), recall=0.05)
        assert found.comparison["difference"] > 0
        assert received(found).startswith("recall of `negative` at most 0.05 below the 0.78")

    def test_a_class_lower_within_the_second_tolerance(self):
        better = answered([0.77, 0.95, 0.95], seed=1)
        assert verdict(better, answered(0.8), recall=0.05).refusals == ()

    def test_of_twenty_classes_one_is_lower_by_chance(self):
        """Equally good answers, drawn thirty times: by each interval alone, a third would be refused."""
        refused = 0
        for seed in range(30):
            draw = np.random.default_rng(seed)
            labels = np.repeat(np.arange(20), 30)
            pair = [
                np.where(draw.random(600) < 0.65, labels, draw.integers(0, 20, 600)) for _ in "ab"
            ]
            new, old = (
                Answers(name, np.eye(20)[answer], np.zeros(600, bool), knows_learned=True)
                for name, answer in zip(("new", "version 1"), pair, strict=True)
            )
            found = judge(
                labels, [f"class {n}" for n in range(20)], new, old, Tolerances(macro_f1=1)
            )
            refused += any("recall of" in reason for reason in found.refusals)
        assert refused <= 6

    def test_of_twenty_classes_one_that_is_given_up_is_told(self):
        labels = np.repeat(np.arange(20), 30)
        known = np.zeros(600, bool)
        old = Answers("version 1", np.eye(20)[labels], known, knows_learned=True)
        given_up = np.where(labels == 7, 8, labels)
        new = Answers("new", np.eye(20)[given_up], known, knows_learned=True)
        names = [f"class {n}" for n in range(20)]
        found = judge(labels, names, new, old, Tolerances(macro_f1=1))
        assert "recall of `class 7`" in found.refusals[-1]
        assert found.refusals[-1].endswith("(95 % of all classes together)")

    def test_a_class_lower_by_chance(self):
        """Of 25 rows a tenth of the recall is nothing."""
        labels = np.array([0] * 25 + [1, 2] * 200)
        better = answered([0.7, 0.95, 0.95], labels=labels, seed=6)
        found = verdict(better, answered(0.8, labels=labels, seed=1), labels, recall=0.05)
        recall = found.comparison["recall"]["negative"]
        assert recall["rival"] - recall["here"] > 0.05
        assert recall["interval"][1] >= 0
        assert found.refusals == ()


class TestWithoutARival:
    """What a first version must show."""

    @pytest.mark.parametrize("label", [0, 2])
    def test_always_the_same_answer(self, label):
        labels = np.array([label] * 400 + [0, 1, 2] * 50)
        always = Answers("", np.eye(3)[np.full(550, label)], np.zeros(550, bool), True)
        found = verdict(always, labels=labels)
        assert "of always answering `" + NAMES[label] in received(found)
        assert found.baseline["label"] == NAMES[label]
        assert found.baseline["accuracy"] == pytest.approx(450 / 550)

    def test_no_better_beyond_chance(self):
        """Guesses: macro F1 0.33, above the 0.17 of one answer on 3,000 rows, not to be told apart on 210."""
        guessing = np.random.default_rng(0).integers(0, 3, ROWS)
        many = Answers("", np.eye(3)[guessing], np.zeros(ROWS, bool), True)
        assert verdict(many).refusals == ()
        labels = np.array([0] * 160 + [1] * 25 + [2] * 25)
        few = Answers("", np.eye(3)[np.where(guessing[:210] == 1, 1, 0)], np.zeros(210, bool), True)
        assert "of always answering `negative`, beyond chance" in received(
            verdict(few, labels=labels)
        )

    def test_too_few_rows(self):
        labels = LABELS[:199]
        found = verdict(answered(0.9, labels=labels), labels=labels)
        assert received(found).endswith("fewer tell nothing. Received: 199")
        labels = LABELS[:201]
        assert verdict(answered(0.9, labels=labels), labels=labels).refusals == ()

    def test_too_few_rows_of_a_class(self):
        labels = np.array([0] * 300 + [1] * 19 + [2] * 20)
        found = verdict(answered(0.9, labels=labels), labels=labels)
        assert received(found).endswith("Received: 19 of `neutral`")
        assert too_few(labels, NAMES) == list(found.refusals)


class TestLearnedFrom:
    """Rows that either learned from say nothing of either."""

    def test_they_are_left_out_for_both_alike_and_counted(self):
        """Of 3,000 rows the one learned 100, the other 50 more, and each has its own right."""
        found = verdict(
            answered(0.8, learned=range(100)), answered(0.8, learned=range(50, 150), seed=0)
        )
        assert found.left_out == {"candidate": 100, "rival": 100, "either": 150}
        assert found.comparison["rows"] == 2850
        assert found.metrics["rows"] == 2900
        assert found.refusals == ()

    def test_a_model_that_knows_its_rows_by_heart_gains_nothing(self):
        """Right in all 140 rows that it learned from, 0.70 elsewhere; the other has 0.80 everywhere."""
        by_heart = answered(0.70, learned=range(140), seed=1)
        by_heart.probabilities[:140] = np.eye(3)[LABELS[:140]]
        found = verdict(by_heart, answered(0.80))
        assert found.comparison["rows"] == 2860
        assert "macro F1 of at least" in found.refusals[0]

    def test_more_than_a_twentieth_is_refused(self):
        assert verdict(answered(0.8, learned=range(150))).refusals == ()
        found = verdict(answered(0.8, learned=range(151)))
        assert received(found).endswith("Received: 151 learned from, 5.0%")

    def test_what_the_other_learned_from_is_not_held_against_the_new_one(self):
        assert verdict(answered(0.8), answered(0.8, learned=range(1000))).refusals == ()

    def test_too_few_rows_may_be_left(self):
        found = verdict(answered(0.8), answered(0.8, learned=range(2850)))
        assert received(found).endswith("Received: 150")

    def test_no_row_left_is_beyond_force(self):
        """There is nothing to judge by."""
        with pytest.raises(GateError, match="3,000 rows, all of them learned from"):
            verdict(answered(0.8), answered(0.8, learned=range(ROWS)))


class TestRefusal:
    """What is raised, and what the terminal shows."""

    def test_one_line_for_each_reason(self):
        found = verdict(answered(0.5, seed=1), answered(0.8))
        with pytest.raises(GateError) as told:
            refuse(found.refusals)
        first, *others = str(told.value).split("\n")
        assert first.startswith("check `quality` failed: expected macro F1 of at least 0.7957")
        assert "(--force overrules). Received: 0.5" in first
        assert len(others) == len(found.refusals) - 1 == 4
        assert all(line.startswith("  also: ") and ". Received: 0." in line for line in others)

    def test_the_terminal_has_both_with_their_intervals(self):
        one, other = verdict(answered(0.81, seed=1), answered(0.8)).lines()
        assert one.startswith("Examined on 3,000 rows (none of them learned from): accuracy 0.8")
        assert "always `negative` has 0.1667" in one
        assert other.startswith("On the 3,000 rows that neither learned from: macro F1 0.8")

    def test_an_older_run_is_told_as_unknown(self):
        old = Answers("", answered(0.8).probabilities, np.zeros(ROWS, bool), knows_learned=False)
        assert "(what it learned from is unknown, not checked)" in verdict(old).lines()[0]
