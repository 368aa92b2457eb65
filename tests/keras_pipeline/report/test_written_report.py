"""A report to look at, which no tweet can break."""

import json

import numpy as np

from keras_pipeline.report.pictures import class_balance, confusion_matrix
from keras_pipeline.report.written_report import _as_code, _as_text

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


def test_labels_of_any_name_are_drawn(tmp_path):
    """Dollars begin a formula in matplotlib, which fails where it is none; and long ones leave no room."""
    names = ("$\\frac$", "a" * 5_000, "a\nb")
    confusion_matrix(tmp_path / "matrix.png", np.eye(3), names)
    class_balance(tmp_path / "balance.png", np.arange(3), names)
    assert (tmp_path / "matrix.png").stat().st_size > 1_000
