"""Figures that a reader can check by hand, a report to look at, and the command that makes both again."""

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from keras_pipeline import evaluate
from keras_pipeline.evaluate import compute_metrics
from keras_pipeline.report.calibration import expected_calibration_error
from keras_pipeline.report.report import _as_code

PICTURES = {"confusion_matrix", "class_balance", "text_lengths", "calibration", "learning_curves"}


@pytest.fixture(scope="module")
def answers():
    generator = np.random.default_rng(1)
    return generator.integers(0, 3, 500), generator.dirichlet([1, 1, 1], 500).astype(np.float32)


def test_figures_by_hand():
    """Four tweets, one neutral taken for positive."""
    metrics = compute_metrics(np.array([0, 1, 1, 2]), np.eye(3)[[0, 1, 2, 2]])
    assert metrics["accuracy"] == 0.75
    assert metrics["confusion_matrix"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert metrics["per_class"]["neutral"] == pytest.approx(
        {"precision": 1, "recall": 0.5, "f1": 2 / 3, "rows": 2}
    )
    assert metrics["macro_f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert metrics["weighted_average"]["f1"] == pytest.approx((1 + 2 * 2 / 3 + 2 / 3) / 4)


def test_macro_f1_is_scikit_learns(answers):
    labels, probabilities = answers
    expected = f1_score(labels, probabilities.argmax(axis=1), average="macro")
    assert compute_metrics(labels, probabilities)["macro_f1"] == pytest.approx(expected)


def test_a_class_that_never_occurs_is_no_error():
    metrics = compute_metrics(np.array([0, 0]), np.eye(3)[[0, 1]])
    assert metrics["per_class"]["positive"]["rows"] == 0


def test_calibration_error_of_one_who_knows_and_one_who_boasts():
    labels = np.array([0] * 8 + [1] * 2)
    knows = np.tile([0.8, 0.1, 0.1], (10, 1))
    boasts = np.tile([1.0, 0.0, 0.0], (10, 1))
    assert expected_calibration_error(labels, knows) == pytest.approx(0)
    assert expected_calibration_error(labels, boasts) == pytest.approx(0.2)


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


def test_the_command_repeats_the_runs_own_figures(tiny_run, capsys):
    assert evaluate.main([str(tiny_run)]) == 0
    metrics = json.loads((tiny_run / "metrics.json").read_text())["test"]
    assert (
        f"accuracy {metrics['accuracy']:.4f}   macro F1 {metrics['macro_f1']:.4f}"
        in capsys.readouterr().out
    )


def test_the_command_takes_any_csv_and_writes_a_report(tiny_run, tmp_path, capsys):
    data = tmp_path / "mine.csv"
    data.write_text("body,mood\nI love it,positive\nso sad today,negative\n")
    columns = ["--text-column", "body", "--label-column", "mood"]
    output = tmp_path / "report"
    options = [str(tiny_run), "--data", str(data), *columns, "--output", str(output)]
    assert evaluate.main(options) == 0
    assert json.loads((output / "metrics.json").read_text())["rows"] == 2
    assert "over 2 tweets" in (output / "report.md").read_text()
    assert evaluate.main(options) == 2, "it never writes over a report"
    assert "`output` must be a new folder" in capsys.readouterr().err


def test_bad_arguments_get_one_sentence(tiny_run, tmp_path, capsys):
    assert evaluate.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        "error: `run` must be a run folder with a model.keras."
    )
    assert evaluate.main([str(tiny_run), "--data", "nowhere.csv"]) == 2
    assert "(no such file)" in capsys.readouterr().err
