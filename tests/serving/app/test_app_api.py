"""Under "API": the lines for the text that was typed are carried out as they are, and give its answer."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.app.calls import Calls
from serving.app.served import NEWEST, Choice

ROOT = Path(__file__).parents[3]
TEXTS = (
    "I love it",
    'it\'s "quoted" $(touch hacked) `touch hacked` \\n %s & ; #',
    "two\nlines\r\nand\ttab",
    "café \N{GRINNING FACE} أنا أحب \u2028 \u202e",
    "@file -d --help",
)


def calls(server, choice=NEWEST):
    return Calls(server.address, int(server.rest_address.rpartition(":")[2]), "mood", choice)


def run(words, folder, **more):
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **more)
    assert ended.returncode == 0, ended.stderr
    assert not (folder / "hacked").exists()
    return ended.stdout


def label_of(text):
    return ("negative", "neutral", "positive")[len(text.encode()) % 3]


def test_the_lines_are_those_of_the_text(two_versions, page):
    shown = page(two_versions.address).type(TEXTS[1])
    assert [one.language for one in shown.app.code] == ["sh", "python", "js"]
    assert all("quoted" in one.value for one in shown.app.code)
    assert "Lines for the text that you typed" in shown.words
    shown.choose("Answered by", "stable")
    assert all("stable" in one.value for one in shown.app.code)


def test_without_a_text_they_are_a_sample(two_versions, page):
    shown = page(two_versions.address)
    assert all("I love it" in one.value for one in shown.app.code)
    assert "Lines for a sample" in shown.words


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("choice", [NEWEST, Choice(version=1), Choice(label="stable")], ids=str)
def test_curl(two_versions, tmp_path, text, choice):
    if shutil.which("curl") is None:
        pytest.skip("curl is not on the PATH")
    line = calls(two_versions, choice).curl(text)
    assert line.isascii()
    answer = json.loads(run(["sh", "-c", line], tmp_path))
    (found,) = answer["predictions"]
    assert found["label"] == label_of(text)
    assert found["score"] == pytest.approx(0.752 if choice == NEWEST else 0.751)


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_python_and_node(two_versions, tmp_path, text):
    script = calls(two_versions, Choice(version=1)).python(text)
    out = run([sys.executable, "-c", script], tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert out.startswith(f"{label_of(text)} 0.75")
    if shutil.which("node") is None:
        pytest.skip("node is not on the PATH")
    (tmp_path / "ask.mjs").write_text(calls(two_versions).node(text), encoding="utf-8")
    assert re.search(rf"label: '{label_of(text)}'", run(["node", "ask.mjs"], tmp_path))
