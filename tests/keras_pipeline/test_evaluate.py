"""The command that makes a run's figures and report again, or those of any other table."""

import json

from keras_pipeline import evaluate


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
    assert "over 2 texts" in (output / "report.md").read_text()
    assert evaluate.main(options) == 2, "it never writes over a report"
    assert "`output` must be a new folder" in capsys.readouterr().err


def test_bad_arguments_get_one_sentence(tiny_run, tmp_path, capsys):
    assert evaluate.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        "error: `run` must be a run folder with a model.keras."
    )
    assert evaluate.main([str(tiny_run), "--data", "nowhere.csv"]) == 2
    assert "(no such file)" in capsys.readouterr().err
