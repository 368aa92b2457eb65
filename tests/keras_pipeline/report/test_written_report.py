"""A report to look at, which no tweet can break."""

import json

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
