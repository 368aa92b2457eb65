"""Asking versions the examination of their folder: a candidate beside the newest, or all of them anew."""

import shutil

import numpy as np
import pytest
from changed_models import inclined
from checked_versions import snapshot
from trained_runs import write_table

from export import __main__ as command
from export import examining
from export.examining import answer, examine
from export.graph.saved_model import write_saved_model
from export.run_record import LEARNED_FROM, write_hashes
from export.settings import Tolerances
from export.text_hashes import text_hashes
from export.versions.examination import read_examination, read_header

WORSE = 4
"""How much a copy of the English model is inclined to say negative: macro F1 0.7, not 0.96."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answered(english_folder):
    """The answers of version 1 to the examination of its folder, `[300, 3]`."""
    found = answer(english_folder / "1", read_examination(english_folder), None)
    assert not found.knows_learned
    return found.probabilities


class TestLearnedFrom:
    """A model that has seen the examination is not judged by what it has seen."""

    def verdict(self, base, answered, learned_from):
        examination = read_examination(base)
        candidate = answer(base / "1", examination, learned_from, answered=answered)
        return examine(base, candidate, examination, Tolerances())

    def seen(self, base, rows):
        """Hashes of the first rows, as a table may have had them."""
        texts = read_examination(base).texts[:rows]
        return text_hashes([f"@you {text.upper()}!!!" for text in texts])

    def test_rows_that_it_learned_from_are_left_out_and_counted(self, base, answered):
        verdict = self.verdict(base, answered, self.seen(base, 10))
        assert verdict.left_out == {"candidate": 10, "rival": 0, "either": 10}
        assert (verdict.metrics["rows"], verdict.comparison["rows"]) == (290, 290)
        assert verdict.refusals == ()
        assert verdict.lines()[0].startswith("Examined on 290 rows (10 left out, learned from): ")

    def test_more_than_a_twentieth_is_refused(self, base, answered):
        verdict = self.verdict(base, answered, self.seen(base, 16))
        assert verdict.refusals[0].endswith("Received: 16 learned from, 5.3%")

    def test_what_the_published_version_learned_from_is_left_out_too(self, base, answered):
        """Nobody can tell whether it knows those rows, or knows them by heart."""
        write_hashes(base / "1/assets.extra" / LEARNED_FROM, self.seen(base, 40))
        verdict = self.verdict(base, answered, np.zeros(0, np.int64))
        assert verdict.left_out == {"candidate": 0, "rival": 40, "either": 40}
        assert (verdict.metrics["rows"], verdict.comparison["rows"]) == (300, 260)

    def test_hashes_that_are_damaged_count_as_unknown(self, base, answered):
        (base / "1/assets.extra" / LEARNED_FROM).write_text("damaged")
        verdict = self.verdict(base, answered, np.zeros(0, np.int64))
        assert verdict.left_out["rival"] == 0


def test_a_newest_version_that_cannot_answer_is_no_free_pass(base, answered):
    """It may be this machine that is out of memory, and the version fine."""
    examination = read_examination(base)
    candidate = answer(base / "1", examination, None, answered=answered)
    (base / "1" / "saved_model.pb").write_bytes(b"damaged")
    (sentence,) = examine(base, candidate, examination, Tolerances()).refusals
    assert sentence.startswith("version 1, which serves now, to answer the examination. Received: ")


class TestAnother:
    """Setting another examination judges every version anew."""

    def test_a_table(self, english, base, tmp_path, capsys):
        write_saved_model(inclined(english, 0, WORSE), base / "2")
        table = write_table(tmp_path / "fresh.csv", "english", 400, seed=9)
        arguments = ["--examination", str(table), "--label-column", "sentiment", "--to", str(base)]
        assert command.main([*arguments, "--list"]) == 0
        shown = capsys.readouterr().out
        assert "Version 2: 400 rows, accuracy 0." in shown
        assert "Examination: 400 rows, fresh.csv, sha256" in shown
        second, first = (line.split() for line in shown.splitlines()[-2:])
        assert (second[0], second[4], first[4]) == ("2", "400", "400")
        assert float(first[6]) > float(second[6]) + 0.1, "macro F1 of the good and of the worse one"
        assert read_examination(base).chosen

    def test_the_test_part_of_a_run_in_a_folder_from_before(self, english_run, base, capsys):
        """Versions without an examination: nothing is published until there is one."""
        shutil.rmtree(base / ".examination")
        assert command.main([str(english_run), "--to", str(base)]) == 2
        assert "python -m export --examination runs/NAME --to" in capsys.readouterr().err
        assert command.main(["--examination", str(english_run), "--to", str(base), "--list"]) == 0
        shown = capsys.readouterr().out.splitlines()
        assert shown[1] == "Examination: 300 rows, test part of run english (english.csv)"
        assert shown[-1].split()[4] == "300"

    def test_before_the_first_version(self, tmp_path, capsys):
        base, table = tmp_path / "models", write_table(tmp_path / "t.csv", "english", 300, seed=9)
        arguments = ["--examination", str(table), "--label-column", "sentiment", "--to", str(base)]
        assert command.main([*arguments, "--list"]) == 0
        assert capsys.readouterr().out.endswith("\nNo version has been published yet.\n")
        found = read_examination(base)
        assert (found.source, found.label_names) == ("t.csv", ("negative", "neutral", "positive"))

    def test_one_with_too_few_rows_is_refused_but_by_force(self, base, tmp_path, capsys):
        table = write_table(tmp_path / "few.csv", "english", 100, seed=9)
        before = snapshot(base)
        arguments = ["--examination", str(table), "--label-column", "sentiment", "--to", str(base)]
        assert command.main(arguments) == 1
        assert "at least 200 rows" in capsys.readouterr().err
        assert snapshot(base) == before
        assert command.main([*arguments, "--force"]) == 0
        assert read_header(base).rows == 100

    def test_a_version_that_cannot_answer_is_named(self, english_run, base, capsys):
        shutil.copytree(base / "1", base / "2")
        (base / "2" / "saved_model.pb").write_bytes(b"damaged")
        (base / "2" / "assets.extra" / "model_card.json").write_text('{"other": 1}')
        assert command.main(["--examination", str(english_run), "--to", str(base), "--list"]) == 0
        *_, second, first = capsys.readouterr().out.splitlines()
        assert "not examined: " in second
        assert first.split()[4] == "300"

    def test_a_version_published_meanwhile_is_judged_too(
        self, english_run, english, base, monkeypatch
    ):
        """`--list` has a figure for each, whoever was first."""
        real, published = examining._figures, []

        def slow(version, examination):
            found = real(version, examination)
            if not published:
                published.append(True)
                write_saved_model(inclined(english, 0, WORSE), base / "2")
            return found

        monkeypatch.setattr(examining, "_figures", slow)
        assert command.main(["--examination", str(english_run), "--to", str(base)]) == 0
        assert len(read_header(base).figures) == 2
