"""What `--list` prints: figures that can be compared, and whatever else an operator must know."""

import json

import numpy as np
import pytest
from checked_versions import rows

from export.versions.examination import FOLDER, Examination, store
from export.versions.listing import MODEL_CARD, identity
from export.versions.version_table import folder_table

METRICS = {
    "rows": 5494,
    "accuracy": 0.71234,
    "macro_f1": 0.7,
    "macro_f1_interval": [0.6877, 0.7123],
}


@pytest.fixture
def make_version(tmp_path):
    """Make a version of one file, and a card of these entries."""

    def make(name, **card):
        path = tmp_path / name / MODEL_CARD
        path.parent.mkdir(parents=True)
        tmp_path.joinpath(name, "saved_model.pb").write_bytes(bytes(9_400_000))
        path.write_text(json.dumps({"date": "2025-11-22T12:00:00Z", **card}))
        return tmp_path / name

    return make


def test_columns_are_aligned(make_version, tmp_path):
    store(tmp_path, rows("tweets.csv"), {})
    examined = {"sha256": rows("tweets.csv").sha256}
    for number in ("9", "10"):
        make_version(
            number, metrics=METRICS, data={"path": "tweets.csv"}, examination=examined, n=number
        )
    title, *lines = folder_table(tmp_path).splitlines()
    assert title.startswith(
        f"Examination: 60 rows, tweets.csv, sha256 {examined['sha256'][:12]}, set 20"
    )
    assert lines == [
        "version        date (UTC)  data         rows  accuracy  macro F1     95 % interval  size (MB)  notes",
        "     10  2025-11-22 12:00  tweets.csv  5,494    0.7123    0.7000  0.6877 to 0.7123        9.4",
        "      9  2025-11-22 12:00  tweets.csv  5,494    0.7123    0.7000  0.6877 to 0.7123        9.4",
    ]


def test_figures_on_other_rows_are_not_shown_beside_these(make_version, tmp_path):
    """They would look as if they could be compared."""
    store(tmp_path, rows("new", chosen=True), {})
    make_version("1", metrics=METRICS, examination={"sha256": rows("old").sha256})
    line = folder_table(tmp_path).splitlines()[-1]
    assert line.endswith("not examined")
    assert "0.71" not in line


def test_figures_of_versions_judged_anew(make_version, tmp_path):
    version = make_version("1", metrics=METRICS, examination={"sha256": "of old rows"})
    store(tmp_path, rows("new", chosen=True), {identity(version): {**METRICS, "accuracy": 0.5}})
    assert "0.5000" in folder_table(tmp_path).splitlines()[-1]


def test_a_version_that_could_not_be_judged_anew_says_why(make_version, tmp_path):
    figures = {identity(make_version("1")): {"problem": "not examined: the process died"}}
    store(tmp_path, rows("new", chosen=True), figures)
    assert folder_table(tmp_path).endswith("not examined: the process died")


def test_without_an_examination_the_cards_speak(make_version, tmp_path):
    make_version("1", metrics=METRICS)
    title, _, line = folder_table(tmp_path).splitlines()
    assert title == "No examination: figures are each version's own, on rows of its own."
    assert "0.7123" in line


def test_notes_tell_a_rollback_and_a_forced_publication(make_version, tmp_path):
    make_version("1", gate={"forced": False})
    for number in ("2", "3"):
        make_version(number, gate={"forced": True})
    *_, third, second, first = folder_table(tmp_path).splitlines()
    assert third.endswith("= version 2, forced")
    assert second.endswith("      9.4  forced")
    assert first.endswith("9.4")


def test_what_is_broken_is_named_and_hides_nothing(make_version, tmp_path):
    make_version("1", metrics=METRICS)
    make_version("2").joinpath(MODEL_CARD).write_text('{"metrics": {"accuracy": 1e400}}')
    make_version("3", metrics={"accuracy": "high", "macro_f1": True, "macro_f1_interval": [1]})
    tmp_path.joinpath("4").symlink_to("4")
    *_, fourth, third, second, first = folder_table(tmp_path).splitlines()
    assert fourth.endswith("cannot be read: Too many levels of symbolic links")
    assert third.split()[3:] == ["-", "-", "-", "-", "-", "9.4"]
    assert "model_card.json is damaged" in second
    assert "0.7123" in first


def test_a_damaged_examination_hides_no_version(make_version, tmp_path):
    store(tmp_path, rows("tweets.csv", chosen=True), {})
    tmp_path.joinpath(FOLDER, "examination.json").write_text("{")
    make_version("1", metrics=METRICS)
    title, _, line = folder_table(tmp_path).splitlines()
    assert title.startswith("No examination: the examination in")
    assert "set it again, or another" in title
    assert line.split()[0] == "1"


def test_an_empty_folder_is_told_in_a_sentence(tmp_path):
    assert folder_table(tmp_path).endswith("\nNo version has been published yet.")
    assert folder_table(tmp_path / "missing").endswith("\nNo version has been published yet.")


def test_a_name_from_a_file_cannot_reach_the_terminal(make_version, tmp_path):
    """A table's name may hold an escape sequence, a line end or a mark that turns the text around."""
    hostile = Examination(np.array(["a"], object), np.array([0]), ("x",), "\x1b]0;owned\x07\u202e.csv", True)  # fmt: skip
    store(tmp_path, hostile, {})
    make_version("1", data={"path": "\x1b[2J\ntweets.csv"})
    shown = folder_table(tmp_path)
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert len(shown.splitlines()) == 3
