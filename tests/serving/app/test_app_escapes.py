"""Nobody's words become HTML or Markdown: labels of a model, cells and names of a table, a server's sentences."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import labelled_model
import pytest
from app_page import SCRIPT

from export.signatures import CARD_ASSET
from serving.app.look.words import coloured_words
from serving.client.results import WordEffect
from serving.server.model_versions import ModelConfig

SCRIPTS = "<script>alert(1)</script>"
HOSTILE = (
    f'"><img src=x onerror="alert(1)">{SCRIPTS}',
    "![x](http://evil.test/x.png) :red[**b**]",
    "</span></div><style>body{display:none}</style>&amp;\u202e",
)
ALLOWED = {
    "header",
    "h1",
    "p",
    "span",
    "section",
    "div",
    "b",
    "i",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
ATTRIBUTES = {"class", "style", "title", "dir", "role", "aria-label", "aria-valuenow"}


class Seen(HTMLParser):
    """The tags and attributes of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.styles = set(), set(), set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.styles |= {value for name, value in attrs if name == "style"}


def check(shown):
    """Only our own tags; what may read Markdown holds none of the words."""
    seen = Seen(shown.html)
    assert seen.tags <= ALLOWED
    assert seen.attributes <= ATTRIBUTES
    assert all(
        re.fullmatch(r"(width|--w):[\d.]+%|margin[\w-]*:[\w. ]+", style) for style in seen.styles
    )
    for element in (
        *shown.app.markdown,
        *shown.app.caption,
        *shown.app.button,
        *shown.app.expander,
    ):
        assert "evil.test" not in f"{getattr(element, 'value', '')} {getattr(element, 'label', '')}"
    # Streamlit's own boxes read Markdown.
    boxes = (shown.app.error, shown.app.info, shown.app.warning, shown.app.success, shown.app.toast)
    assert not any(boxes)


@pytest.fixture
def hostile(tmp_path, start):
    """A server with a model whose labels are HTML and Markdown, and whose card is of the same kind."""
    base = tmp_path / "models" / "mood"
    base.mkdir(parents=True)
    folder = labelled_model.publish(base, 1, HOSTILE)
    card = folder / CARD_ASSET
    card.parent.mkdir()
    classes = {name: {"f1": 0.5} for name in HOSTILE}
    facts = {"date": SCRIPTS, "run": "../..", "metrics": {"macro_f1": 0.5, "per_class": classes}}
    facts["behaviour"] = {"skills": {"a": {"title": SCRIPTS, "failures": 0.5}}}
    card.write_text(json.dumps(facts))
    card.with_suffix(".md").write_text(SCRIPTS)
    return start(base, config=ModelConfig("mood", base))


def test_labels_and_a_card(hostile, page):
    shown = page(hostile.address).type("kb")
    assert shown.verdicts[0].startswith(HOSTILE[2][:20])
    assert [name[:15] for name, *_ in shown.bars()] == [label[:15] for label in HOSTILE]
    check(shown)
    (words,) = [one for one in shown.app.markdown if SCRIPTS in one.value]
    assert not words.allow_html


def test_a_table(hostile, page):
    out = io.StringIO()
    csv.writer(out).writerows([(HOSTILE[0], HOSTILE[1]), ("kb", "kbb"), HOSTILE[:2]])
    shown = page(hostile.address).upload(out.getvalue().encode(), f"{HOSTILE[1][:20]}<b>.csv")
    check(shown)
    shown.choose("Column with the texts", HOSTILE[1]).ask_table()
    assert shown.job.rows == 2
    check(shown)


@pytest.mark.slow
def test_the_words_of_a_refusal(hostile, page):
    shown = page(hostile.address, text="kb", choice=HOSTILE[0])
    assert "alert(1)" in shown.words
    check(shown)


def test_the_words_of_a_text():
    words = [WordEffect(text, known=False, effects=dict.fromkeys(HOSTILE, 0.5)) for text in HOSTILE]
    seen = Seen(coloured_words(words, HOSTILE[0]))
    assert seen.tags == {"div", "span", "b", "i"}
    assert seen.attributes <= ATTRIBUTES


def test_nothing_on_the_page_may_be_html_but_what_is_escaped():
    """Streamlit's own way to let HTML through is used nowhere."""
    sources = [file.read_text(encoding="utf-8") for file in SCRIPT.parent.rglob("*.py")]
    assert not [one for one in sources if "unsafe_allow" in one]
