"""Public tables: each by its official measure, this project and the peers on the same rows."""

import json

import pytest

from benchmarks.aims import AIMS
from benchmarks.measurements import tables as measurement
from benchmarks.options import parse_options
from benchmarks.peers.fast_text import NOT_INSTALLED, is_installed
from benchmarks.public import peers, training
from benchmarks.public.tables import NAMES, STANCES, TWEETEVAL, PublicTable, find_tables, with_means
from benchmarks.report import section_markdown
from benchmarks.shared.results import FASTTEXT, PRODUCT, TFIDF, find_row


def table_of(tmp_path, name, rows, header="text,label"):
    file = tmp_path / "val.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return PublicTable(name, file, file)


def test_irony_counts_the_class_irony_alone(tmp_path):
    table = table_of(tmp_path, "irony", ["a,irony", "b,irony", "c,not_irony", "d,not_irony"])
    assert table.score(["irony", "not_irony", "not_irony", "not_irony"]) == pytest.approx(
        {"irony": 200 / 3}
    )


def test_a_stance_is_the_mean_of_against_and_favor(tmp_path):
    """`none` counts where it was confused with them, not by itself."""
    table = table_of(tmp_path, "stance-climate", ["a,against", "b,favor", "c,none", "d,none"])
    assert table.score(["against", "favor", "none", "favor"]) == pytest.approx(
        {"stance-climate": 100 * (1 + 2 / 3) / 2}
    )


def test_others_count_every_class(tmp_path):
    table = table_of(tmp_path, "hate", ["a,hate", "b,not_hate"])
    assert table.score(["hate", "hate"]) == pytest.approx({"hate": 100 / 3})


def test_umsab_is_the_mean_of_its_languages_not_of_its_rows(tmp_path):
    rows = ["a,negative,hindi", "b,positive,hindi", "c,negative,french"]
    table = table_of(tmp_path, "umsab", rows, "text,label,language")
    scores = table.score(["negative", "positive", "positive"])
    assert scores == {"umsab french": 0.0, "umsab hindi": 100.0, "umsab": 50.0}


def test_means_are_told_where_all_their_tables_are():
    scores = {name: float(number) for number, name in enumerate(TWEETEVAL)}
    assert with_means(scores)["stance"] == 7.0
    assert with_means(scores)["mean of the ten"] == 4.5
    del scores[STANCES[0]]
    assert with_means(scores) == scores


def test_a_folder_that_lacks_a_part_is_refused(tmp_path, capsys):
    (tmp_path / "tweeteval").mkdir()
    (tmp_path / "tweeteval/hate-train.csv").write_text("text,label\n")
    arguments = [f"--tables={tmp_path}", "--only=hate", f"--output={tmp_path}/new"]
    assert training.main(arguments) == 2
    assert capsys.readouterr().err.endswith(
        f"Received: tables={tmp_path} (no {tmp_path}/tweeteval/hate-val.csv)\n"
    )
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [("--only=speed", "Received: 'speed'"), ("--epochs=0", "Received: epochs=0")],
)
def test_a_wrong_option_of_the_training_is_told(option, words, made_up_tables, tmp_path, capsys):
    arguments = [f"--tables={made_up_tables}", f"--output={tmp_path}/new", option]
    try:
        code = training.main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert words in capsys.readouterr().err


def test_the_measurement_needs_a_folder(made_up_tables, capsys):
    """A run that was asked for nothing is what it was before; one with tables measures them, too."""
    assert "tables" not in parse_options([]).only
    assert parse_options([f"--tables={made_up_tables}"]).only[-1] == "tables"
    with pytest.raises(SystemExit):
        parse_options(["--only=tables"])
    assert "tables needs --tables DIR" in capsys.readouterr().err


def test_every_aim_is_a_row_of_the_table():
    """A renamed row would be "not measured" for ever."""
    ours = {name: [60.0, 62.0] for name in NAMES}
    worse = {**{name: [58.0] for name in NAMES}, "irony": [61.0]}
    section = measurement.section_of({PRODUCT: ours, TFIDF: worse, FASTTEXT: worse})
    aims = [aim for aim in AIMS if aim.figure[0] == "tables"]
    assert len(aims) == 4
    for aim in aims:
        for who in (PRODUCT, aim.over or PRODUCT):
            assert find_row([section], *aim.figure, who), aim.what
    ahead = find_row([section], "tables", measurement.AHEAD, PRODUCT)
    assert ahead is not None
    assert ahead.value == 9  # irony is a draw
    text = section_markdown(section)
    assert f"| tables | {PRODUCT} | {TFIDF} | {FASTTEXT} | ahead of the best |" in text
    assert "| hate | 61.0 ± 1.4 | 58.0 | 58.0 | +3.0 |" in text
    assert "| irony | 61.0 ± 1.4 | 61.0 | 61.0 | +0.0 |" in text


def test_without_fast_text_nothing_is_ahead_of_both():
    scores = {name: [60.0] for name in NAMES}
    section = measurement.section_of({PRODUCT: scores, TFIDF: scores, FASTTEXT: {}})
    assert find_row([section], "tables", measurement.AHEAD, PRODUCT) is None
    assert f"- fastText: {NOT_INSTALLED}" in section_markdown(section)


def test_scikit_learn_learns_a_table_of_twenty_classes(made_up_tables):
    (table,) = find_tables(made_up_tables, ["emoji"])
    assert peers.tfidf(table) == {"emoji": 100.0}


@pytest.mark.skipif(not is_installed(), reason=NOT_INSTALLED)
def test_fast_text_answers_with_the_names_of_the_table(made_up_tables):
    (table,) = find_tables(made_up_tables, ["umsab"])
    assert peers.fast_text(table, 42).keys() == {"umsab arabic", "umsab english", "umsab"}


def test_tokens_are_those_of_every_script():
    assert peers.tokens("Ça va? Да!\n好") == "ça va ? да ! 好"


@pytest.mark.slow
def test_this_project_trains_on_a_table_with_any_setting(made_up_tables, tmp_path, capsys):
    """Real trainings, the official measure of each seed, and the run left to look at."""
    out = tmp_path / "new"
    code = training.main([
        f"--tables={made_up_tables}", "--only=emotion,umsab", "--seeds=2", f"--output={out}",
        "--epochs=2", "--lstm-units=4", "--embedding-dim=8",
    ])  # fmt: skip
    assert code == 0
    found = json.loads((out / "results.json").read_text())
    assert found.keys() == {"emotion", "umsab", "umsab arabic", "umsab english"}
    assert all(len(seeds) == 2 for seeds in found.values())
    assert json.loads((out / "emotion-43/config.json").read_text())["lstm_units"] == 4
    assert (out / "umsab-42/model.keras").is_file()
    assert "emotion, seed 43: " in capsys.readouterr().out
