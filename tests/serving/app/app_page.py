"""The page as a test sees it: what is drawn, what can be clicked."""

import html
import re
import socket
from pathlib import Path

from streamlit.testing.v1 import AppTest
from waiting import wait_for

from serving.app import page

SCRIPT = Path(page.__file__)


def free_port():
    with socket.create_server(("localhost", 0)) as probe:
        return probe.getsockname()[1]


class Page:
    """One visitor's page; every method that does something draws it anew."""

    def __init__(self, **state):
        self.app = AppTest.from_file(str(SCRIPT), default_timeout=60)
        for key, value in state.items():
            self.app.session_state[key] = value
        self.draw()

    def draw(self):
        self.app.run()
        assert not self.app.exception, self.app.exception
        return self

    @property
    def html(self):
        """All that the page draws by itself, its style sheet apart."""
        return "\n".join(one.value for one in self.app.html if "<style>" not in one.value)

    @property
    def words(self):
        """The same as people read it."""
        return html.unescape(re.sub(r"<[^>]*>", " ", self.html))

    @property
    def errors(self):
        """Sentences on what went wrong."""
        return [html.unescape(one) for one in re.findall(r'role="alert">(.*?)<', self.html)]

    @property
    def cards(self):
        """The answers' cards."""
        return [one.value for one in self.app.html if "answer of" in one.value]

    @property
    def verdicts(self):
        return [
            html.unescape(found) for found in re.findall(r'class="ts-label"[^>]*>(.*?)<', self.html)
        ]

    def bars(self, card=0):
        """Name, width in percent and number of each bar of a card."""
        found = re.findall(
            r'title="(.*?)">.*?width:([\d.]+)%.*?ts-number">(.*?)<', self.cards[card]
        )
        return [
            (html.unescape(name), float(width), html.unescape(number))
            for name, width, number in found
        ]

    def type(self, text):
        self.app.text_area(key="text").set_value(text)
        return self.draw()

    def choose(self, label, value):
        """Of the selectbox with that label."""
        self.box(label).set_value(value)
        return self.draw()

    def box(self, label):
        return next(one for one in self.app.selectbox if one.label == label)

    def buttons(self):
        return [one.label for one in self.app.button]

    def click(self, label):
        next(one for one in self.app.button if one.label == label).click()
        return self.draw()

    def upload(self, content, name="in.csv"):
        self.app.file_uploader(key="table").set_value((name, content, "text/csv"))
        return self.draw()

    @property
    def job(self):
        return self.app.session_state["job"]

    def ask_table(self):
        """Ask about every row, and wait for the end."""
        self.click("Ask about every row")
        wait_for(lambda: not self.job.is_running(), 60)
        return self.draw()
