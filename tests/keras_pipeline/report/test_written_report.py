"""A report to look at, which no tweet can break."""

import json
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_pipeline.report.drawn_names import LONGEST, drawn_names
from keras_pipeline.report.evaluation import Evaluation, compute_metrics
from keras_pipeline.report.pictures import confusion_matrix
from keras_pipeline.report.written_report import _as_code, _as_text, write_report

PICTURES = {"confusion_matrix", "class_balance", "text_lengths", "calibration", "learning_curves"}


def test_the_report_shows_pictures_and_mistakes(tiny_run):
    report = (tiny_run / "report.md").read_text()
    for name in PICTURES:
        assert f"(figures/{name}.png)" in report
        assert (tiny_run / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "| rows read | 66 |" in report
    assert "most confident mistakes" in report
    metrics = json.loads((tiny_run / "metrics.json").read_text())["test"]
    assert f"Accuracy **{metrics['accuracy']:.4f}**" in report


def test_a_tweet_cannot_break_the_reports_table():
    assert _as_code("a | b\n`c`") == "`a \\| b 'c'`"


def test_a_label_from_a_table_is_no_html_in_the_report():
    """Tables come from anywhere, and a report is opened in a browser."""
    hostile = "dropped: label '<img src=x onerror=y>|\x1b[31m'"
    assert _as_text([[hostile, 3]]) == [
        ["dropped: label '&lt;img src=x onerror=y&gt;\\|\\\\x1b\\[31m'", 3]
    ]


ODD = (
    "joy", "long " * 30, "🔥", "👨\u200d👩\u200d👧", "مرحبا", "<b>x</b>", "$a_b$ $5", "100%", "a|b", "[x](y)",
    "`c`", "你好", "*d*", "\x1b[31mred", "accuracy", "macro average", "United_States", "_e_", "class 11",
    "\\ {x} ^",
)  # fmt: skip


def evaluation_of(names, rows, seed=1):
    """Random answers, right more often than not."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, len(names), rows)
    probabilities = draw.dirichlet(np.full(len(names), 0.3), rows)
    probabilities[np.arange(rows), labels] += 0.3 * draw.random(rows)
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)
    texts = np.array([f"text {row}" for row in range(rows)], object)
    metrics = compute_metrics(labels, probabilities, names)
    return Evaluation(texts, labels, probabilities, tuple(names), metrics)


@pytest.mark.filterwarnings("error::UserWarning")  # matplotlib's, of a sign that its font lacks
@pytest.mark.parametrize("count", [2, 5, 20])
def test_names_of_any_characters_break_neither_pictures_nor_tables(count, tmp_path):
    """Formulas, markup, emoji, right-to-left and control characters: all are names, and shown as such."""
    names = ODD[-count:]
    evaluation = evaluation_of(names, 50 * count)
    write_report(tmp_path, evaluation, title="odd names")
    report = (tmp_path / "report.md").read_text()
    assert "\x1b" not in report
    assert "<b>" not in report
    for table in re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE):
        bars = [re.sub(r"\\.", "", line).count("|") for line in table.splitlines()]
        assert len(set(bars)) == 1, table
    assert all(name in evaluation.table() for name in ("macro average", names[-1]))


def test_what_pictures_show_otherwise_is_told_beside_them(tmp_path):
    write_report(tmp_path, evaluation_of(ODD, 900), title="odd names")
    report = (tmp_path / "report.md").read_text()
    assert "| fire | 🔥 |" in report
    assert "| class 11 (11) | 你好 |" in report
    assert "| class 4 | مرحبا |" in report


def test_a_report_of_a_thousand_classes_shows_the_worst(tmp_path):
    """And lists what is taken for what; metrics.json has all."""
    names = [f"topic {number}" for number in range(1000)]
    evaluation = evaluation_of(names, 8000)
    write_report(tmp_path, evaluation, title="many")
    report = (tmp_path / "report.md").read_text()
    assert "The 30 classes with the lowest F1, of 1,000; metrics.json has the others." in report
    assert "The largest confusions:" in report
    assert "top-3 accuracy **" in report
    assert len(report) < 10_000
    assert len(evaluation.table().splitlines()) < 70
    height, width = png_size(tmp_path / "figures" / "confusion_matrix.png")
    assert max(height, width) < 3000


def test_a_picture_grows_with_its_classes(tmp_path):
    """A count must be readable in every cell: 40 pixels and more."""
    sizes = {}
    for count in (3, 20):
        file = tmp_path / f"{count}.png"
        confusion_matrix(file, np.eye(count, dtype=int) * 1234, [f"name {n}" for n in range(count)])
        sizes[count] = png_size(file)
    assert min(sizes[20]) > 20 * 40 > max(sizes[3])


def png_size(file):
    return struct.unpack(">II", file.read_bytes()[16:24])


@given(st.lists(st.text(min_size=1), min_size=2, max_size=8, unique=True))
def test_no_two_classes_share_a_name_in_a_picture(names):
    drawn = drawn_names(names)
    assert all(len(name) <= 2 * LONGEST and len(name.splitlines()) <= 1 for name in drawn)
    assert len(set(drawn)) == len(names)


def test_a_long_label_is_no_html_where_the_report_tells_how_pictures_show_it(tmp_path):
    """Pictures cut it, and the table of what they show is Markdown, too."""
    names = ["<img src=x onerror=alert(1)>", "[click](javascript:alert(1))", "joy"]
    write_report(tmp_path, evaluation_of(names, 90), title="hostile names")
    report = (tmp_path / "report.md").read_text()
    assert "<img" not in report
    assert "| [click" not in report
