"""A real browser on the real command: types, reads bars, uploads a table, downloads it, takes screenshots."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import labelled_model
import pytest
from app_page import free_port
from browser import Browser, find_browser
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from waiting import wait_for

from serving.client import SentimentClient
from serving.client.errors import ServerUnavailableError
from serving.server.model_versions import ModelConfig

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NAME = "tweet_sentiment"
ARABIC = "أنا أحب هذا"


class Command:
    """`python -m serving.app` as a process.

    Attributes:
        url: Of the page.
        address: Of the server.
    """

    def __init__(self, folder, *words, address=None, model_name=NAME):
        port = free_port()
        self.address = address or f"localhost:{free_port()}"
        self.url = f"http://localhost:{port}"
        self.log = folder / "log"
        given = [f"--address={self.address}", f"--rest-api-port={free_port()}", f"--port={port}"]
        given += [f"--model-name={model_name}", "--no-browser", *map(str, words)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serving.app", *given],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
                stdout=log,
                stderr=log,
            )
        wait_for(
            lambda: "The page:" in self.log.read_text() or self.process.poll() is not None, 120
        )
        assert self.process.poll() is None, self.log.read_text()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def command(tiny_run, tmp_path_factory):
    """The page, and the server that the command starts for it."""
    find_browser()
    folder = tmp_path_factory.mktemp("app")
    words = [f"--model-base-path={tiny_run / 'exported'}", f"--runs={tiny_run.parent}"]
    running = Command(folder, *words)
    yield running
    running.stop()


@pytest.fixture
def pictures(tmp_path):
    """Where screenshots go; `SCREENSHOTS` names a folder that outlasts the test."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def browser(request, tmp_path):
    """A function that opens a window on an address."""

    def opened(url, **settings):
        window = Browser(tmp_path, **settings)
        request.addfinalizer(window.close)
        window.open(url)
        return window

    return opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_text_gets_its_bars_and_its_words_and_nothing_jumps(command, browser, pictures, dark):
    window = browser(command.url, dark=dark)
    places = ("textarea", ".ts-card", ".ts-bars", ".stSlider")
    before = window.places(*places)
    window.type("I love my dinner")
    window.wait(lambda: window.all(".ts-word"))
    assert window.places(*places) == before
    with SentimentClient(command.address) as client:
        (wanted,) = client.predict(["I love my dinner"])
    for name, number, width in window.bars():
        assert width == pytest.approx(wanted.probabilities[name], abs=0.02)
        assert number.endswith("%")
    assert [one.text.split("\n")[0] for one in window.all(".ts-word")][:2] == ["i", "love"]
    ground = window.script(
        "return getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    )
    assert ground == ("rgb(20, 20, 28)" if dark else "rgb(251, 251, 253)")
    assert window.picture(pictures / f"try-{'dark' if dark else 'light'}.png") > 20_000
    assert window.asked_elsewhere() == []
    for tab in ("Table", "Model", "API"):
        window.tab(tab)
        window.picture(pictures / f"{tab.lower()}-{'dark' if dark else 'light'}.png")


def test_right_to_left_and_long_words_stay_in_the_page(command, browser, pictures):
    window = browser(command.url, size=(420, 900))
    window.type(ARABIC)
    window.wait(lambda: ARABIC in window.script("return document.querySelector('textarea').value"))
    style = "return getComputedStyle(document.querySelector('textarea'))"
    assert window.script(f"{style}.unicodeBidi") == "plaintext"
    window.wait(lambda: window.all(".ts-word"))
    assert (
        window.script("return getComputedStyle(document.querySelector('.ts-words')).direction")
        == "rtl"
    )
    window.picture(pictures / "right-to-left.png")
    window.type("w" * 3000)
    window.wait(lambda: window.all(".ts-word"))
    width = window.script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    window.picture(pictures / "long.png")


def test_a_table_goes_up_and_comes_back(command, browser, pictures, tmp_path):
    cells = ["I love it", "<b>bold</b>", "=1+1", ARABIC] * 500
    with (tmp_path / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "tweet"), *enumerate(cells)])
    window = browser(command.url)
    window.tab("Table")
    (upload,) = window.all('input[type="file"]')
    upload.send_keys(str(tmp_path / "mine.csv"))
    window.wait(lambda: "no column text" in window.driver.find_element(By.TAG_NAME, "body").text)
    box = window.wait(
        lambda: window.shown('.stSelectbox input[aria-label*="Column with the texts"]')
    )[0]
    box.send_keys("tweet", Keys.ENTER)
    window.click("Ask about every row")
    # The first moment at which it can be clicked: what is drawn there is not drawn anew.
    window.click("Download the table with its answers")
    answers = tmp_path / "answers.csv"
    wait_for(answers.exists, 60)
    with answers.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["tweet"] for row in rows] == cells
    assert {row["label"] for row in rows} <= {"negative", "neutral", "positive"}
    window.picture(pictures / "answered-table.png")


def test_a_label_is_typed_and_the_page_says_that_there_is_none(command, browser):
    window = browser(command.url)
    window.type("I love it")
    (box,) = window.shown('.stSelectbox input[aria-label*="Answered by"]')
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys("blue", Keys.ENTER)
    window.wait(lambda: [one for one in window.shown(".ts-error") if '"blue"' in one.text])


def test_the_lines_are_copied_by_a_click(command, browser):
    window = browser(command.url)
    window.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    window.type("it's me")
    window.wait(lambda: window.all(".ts-word"))
    window.tab("API")
    window.wait(lambda: window.shown('.stCode button[aria-label="Copy to clipboard"]'))[0].click()
    text = window.driver.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, error => done(String(error)))"
    )
    assert text.startswith("curl -d ")
    assert "it\\u0027s me" in text


def test_labels_that_are_html_are_text(browser, start, tmp_path):
    """No script runs, no picture is fetched, no tag of theirs is in the page."""
    find_browser()
    hostile = (
        '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
        "![x](http://evil.test/x.png) [y](http://evil.test) :red[z]",
        "</span></section><style>.ts-card{display:none}</style>",
    )
    base = tmp_path / "mood"
    base.mkdir()
    labelled_model.publish(base, 1, hostile)
    server = start(base, config=ModelConfig("mood", base))
    running = Command(tmp_path, address=server.address, model_name="mood")
    try:
        window = browser(running.url)
        window.type("kb")
        window.wait(lambda: window.bars()[0][1])
        window.click("This is wrong")
        window.wait(lambda: window.shown('.stSelectbox input[aria-label*="It should be"]'))[
            0
        ].click()
        window.wait(lambda: window.shown('[role="option"]'))
        assert [name[:12] for name, *_ in window.bars()] == [label[:12] for label in hostile]
        assert window.script("return window.hacked") is None
        assert (
            window.script(
                "return document.querySelectorAll('.ts-card img, .ts-card script, .ts-card a').length"
            )
            == 0
        )
        assert (
            window.script(
                "return document.querySelectorAll('a[href*=evil], img[src*=evil]').length"
            )
            == 0
        )
        assert window.asked_elsewhere() == []
        assert window.shown(".ts-card")
    finally:
        running.stop()


def test_the_server_goes_and_comes_and_the_page_heals_by_itself(
    browser, start, saved_models, tmp_path
):
    """Nobody reloads it, and what was typed is still there."""
    base = tmp_path / "tiny"
    saved_models.publish(3, base)
    port = free_port()
    server = start(base, port=port)
    running = Command(tmp_path, address=server.address, model_name="tiny")
    try:
        window = browser(running.url)
        window.type("kb")
        window.wait(lambda: window.bars()[0][1])
        server.stop()
        window.wait(lambda: "Nobody answers" in window.all(".ts-state")[0].text)
        start(base, port=port)
        window.wait(lambda: "Version 3 answers" in window.all(".ts-state")[0].text)
        window.wait(lambda: window.bars()[0][1])
    finally:
        running.stop()


def test_what_it_started_ends_with_it(tiny_run, tmp_path):
    running = Command(tmp_path, f"--model-base-path={tiny_run / 'exported'}")
    with SentimentClient(running.address) as client:
        assert client.predict(["I love it"])
    assert running.stop(signal.SIGINT) == 0
    with SentimentClient(running.address) as client, pytest.raises(ServerUnavailableError):
        client.status(timeout_s=2)
    assert not (tmp_path / ".streamlit").exists()
