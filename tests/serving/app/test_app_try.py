"""Under "Try": bars, comparison, the threshold, examples, and one sentence where something is not so."""

import re

import labelled_model
import pytest
from app_page import free_port
from waiting import wait_for

from serving.app.look.words import signed
from serving.app.parts.examples import GOOD, HARD
from serving.client import SentimentClient
from serving.server.model_versions import ModelConfig

LABELS = ("negative", "neutral", "positive")
QUESTION = "What each word does to the probability of"
OTHERS = ("joy", "anger", "fear", "shame")


@pytest.fixture
def base(tmp_path):
    """A folder with version 1, for a server of the test's own."""
    folder = tmp_path / "models" / "mood"
    folder.mkdir(parents=True)
    labelled_model.publish(folder, 1, LABELS)
    return folder


def serve(base, start, port=0):
    return start(base, config=ModelConfig("mood", base), port=port)


def test_before_there_is_a_text_every_class_has_its_place(two_versions, page):
    """Nothing jumps when the answer comes: the card, its bars and its lines are there already."""
    shown = page(two_versions.address)
    assert [(name, width) for name, width, _ in shown.bars()] == [(name, 0) for name in LABELS]
    assert "Type a text, or take an example" in shown.words
    assert "Version 2 answers" in shown.words
    answered = page(two_versions.address).type("bb")
    for part in ('role="listitem"', "<p", "<div"):
        assert shown.cards[0].count(part) == answered.cards[0].count(part)


def test_every_class_has_a_bar(two_versions, page):
    shown = page(two_versions.address).type("kb")
    assert shown.verdicts == ["positive"]
    assert shown.bars() == [
        ("negative", 12.4, "12 %"),
        ("neutral", 12.4, "12 %"),
        ("positive", 75.2, "75 %"),
    ]


def test_two_versions_stand_side_by_side(two_versions, page):
    shown = page(two_versions.address)
    assert shown.box("Answered by").options == [
        "the newest version", "stable", "canary", "version 2", "version 1",
    ]  # fmt: skip
    shown.type("kb")
    stable, canary = (
        one for one in shown.box("Compare with").options if one in ("stable", "canary")
    )
    shown.choose("Answered by", stable)
    shown.choose("Compare with", canary)
    assert [card.count('role="listitem"') for card in shown.cards] == [3, 3]
    assert [shown.bars(card)[2][1] for card in (0, 1)] == [75.1, 75.2]


def test_a_label_that_is_typed_and_not_known_is_one_sentence(two_versions, page):
    """AppTest cannot type a new word into a box; the browser's test does."""
    shown = page(two_versions.address, text="kb", choice="blue")
    (sentence,) = shown.errors
    assert 'refused the request to version "blue" of model "mood"' in sentence
    assert page(two_versions.address, text="kb", choice="stable").verdicts == ["positive"]


def test_below_the_threshold_the_answer_is_unsure(two_versions, page):
    shown = page(two_versions.address).type("kb")
    shown.app.slider(key="threshold").set_value(0.8)
    shown.draw()
    assert shown.verdicts == ["unsure"]
    assert "Most likely positive, 75 %: below 80 %" in shown.words
    assert shown.bars()[2] == ("positive", 75.2, "75 %")


def test_a_text_of_which_nothing_is_known_gets_an_honest_word(two_versions, page):
    shown = page(two_versions.address)
    assert "None of its words are known to the model" in shown.type("zxqv blorf").words
    assert "50 % of its words are known" in shown.type("known blorf").words


@pytest.mark.slow
def test_examples_are_clicked_and_a_persons_word_stands_beside(two_versions, page):
    shown = page(two_versions.address)
    for example in (*GOOD, *HARD):
        shown.click(example.text)
        assert shown.app.text_area(key="text").value == example.text
        card = shown.cards[0]
        assert f"A person would say {example.right}" in card or "None of its words" in card
    assert f"({HARD[0].why})" in shown.click(HARD[0].text).words or "None of" in shown.words


def test_a_model_with_other_classes_has_no_examples_of_sentiment(base, start, page):
    labelled_model.publish(base, 2, OTHERS)
    running = serve(base, start)
    shown = page(running.address).type("kb")
    assert GOOD[0].text not in shown.buttons()
    assert [name for name, *_ in shown.bars()] == list(OTHERS)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1000])
def test_of_many_classes_every_one_has_its_bar_the_likeliest_first(base, start, page, count):
    labelled_model.publish(base, 2, [f"class {number}" for number in range(count)])
    shown = page(serve(base, start).address).type("k" * 77)
    bars = shown.bars()
    assert len(bars) == count
    assert bars[0][0] == "class 77" == shown.verdicts[0]


@pytest.mark.slow
def test_right_to_left_and_long_texts_keep_their_direction_and_width(two_versions, page):
    """`dir="auto"` lets the browser decide by the text; see the browser's test for what is seen."""
    for text in ("أنا أحب هذا", "שלום", "x" * 20_000, "word " * 5_000):
        shown = page(two_versions.address).type(text)
        assert shown.verdicts[0] in LABELS
        assert 'class="ts-label" dir="auto"' in shown.html


@pytest.mark.slow
class TestAServerThatGoes:
    """One sentence, what was typed stays, and the page goes on by itself once it is back."""

    def test_and_comes_back(self, base, start, page):
        port = free_port()
        running = serve(base, start, port)
        shown = page(running.address).type("kb")
        running.stop()
        shown.draw()
        assert "Nobody answers at" in shown.words
        assert "No server answers at" in shown.words
        assert shown.app.text_area(key="text").value == "kb"
        serve(base, start, port)
        assert shown.draw().verdicts == ["positive"]

    def test_it_was_never_there(self, page):
        shown = page(f"localhost:{free_port()}").type("kb")
        assert "No server answers at" in shown.words
        assert not shown.verdicts

    def test_a_server_without_the_model_tells_its_name(self, two_versions, page):
        shown = page(two_versions.address, model_name="humour")
        assert 'serves no model "humour"' in shown.words
        assert "--status" not in shown.words


def test_a_version_that_is_swapped_in_is_told(base, start, page):
    running = serve(base, start)
    shown = page(running.address).type("kbb")
    assert "Version 1 answers" in shown.words
    labelled_model.publish(base, 2, OTHERS)
    wait_for(lambda: running.registry.serving()["mood"] == 2)
    shown.draw()
    assert "Version 2 answers" in shown.words
    assert "in place of version 1" in shown.words
    assert [name for name, *_ in shown.bars()] == list(OTHERS)


@pytest.mark.slow
def test_a_version_that_was_chosen_and_has_gone_says_so(base, start, page):
    labelled_model.publish(base, 2, LABELS)
    running = start(base, config=ModelConfig("mood", base, newest=1))
    shown = page(running.address).type("kb").choose("Answered by", "version 2")
    labelled_model.publish(base, 3, LABELS)
    wait_for(lambda: running.registry.serving()["mood"] == 3)
    wait_for(lambda: "serves no version 2" in shown.draw().words)
    assert shown.choose("Answered by", "the newest version").verdicts == ["positive"]


def test_the_page_looks_now_and_then(two_versions):
    """What its clock calls: nothing while all is as it was."""
    from serving.app.served import Served

    served = Served(two_versions.address, "mood")
    assert served.version() == 2
    assert Served(f"localhost:{free_port()}", "mood").version() is None


def test_a_model_without_reasons_says_so(two_versions, page):
    assert "it has no signature explain" in page(two_versions.address).type("kb").words


class TestWords:
    """Each is coloured by what the probability loses without it, as the served model itself tells."""

    def test_they_stand_with_their_numbers(self, exported_address, page):
        with SentimentClient(exported_address) as client:
            (told,) = client.explain(["I love my dinner zxqv"])
        shown = page(exported_address, model_name="tweet_sentiment").type("I love my dinner zxqv")
        drawn = re.findall(r"<b>(.*?)</b><i>(.*?)</i>", shown.html)
        label = told.prediction.label
        assert drawn == [(one.text, signed(one.effects[label])) for one in told.words]
        assert "unknown to the model; negative" in shown.html

    def test_of_another_class_when_it_is_chosen(self, exported_address, page):
        shown = page(exported_address, model_name="tweet_sentiment").type("I love my dinner")
        box = shown.box(QUESTION)
        other = next(name for name in box.options if name != box.value)
        assert f"effects on {other}" in shown.choose(QUESTION, other).html

    def test_a_text_without_words(self, exported_address, page):
        assert page(exported_address, model_name="tweet_sentiment").type("%").verdicts
