"""Real models, published as an operator would: what reaches production, and what does not."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from changed_models import inclined
from checked_versions import leftovers, names, snapshot
from trained_runs import ASK_NOBODY, NO_SERVER, split_of

from export import __main__ as command
from export.errors import ExportError, GateError
from export.exporter import export_model, publish_written, write_version
from export.gate.figures import figures
from export.gate.gate import CHECKS
from export.graph.saved_model import write_saved_model
from export.run_record import LEARNED_FROM, read_run, weights_sha256
from export.versions.examination import read_examination
from keras_pipeline.labels import SENTIMENTS

ROOT = Path(__file__).parents[2]
WORSE, WORST = 4, 5
"""How much a copy of the English model is inclined to say negative: macro F1 0.7 and 0.3, not 0.96."""


@pytest.fixture(scope="module")
def written(english_folder, tmp_path_factory):
    """Of a model and its run: where it lies as a version that has passed the gate, and what the gate found.

    Each is written once; the examination of `base`, which is that of `english_folder`, has been put to it.
    """
    asked, known = read_examination(english_folder), {}

    def write(model, run):
        if (key := (weights_sha256(model), run)) not in known:
            directory = tmp_path_factory.mktemp("written") / "version"
            report = write_version(
                model, directory, asked=asked, servers=NO_SERVER, **about_of(run)
            )
            known[key] = directory, report
        return (*known[key], asked)

    return write


@pytest.fixture
def publish(written):
    """Publish a model, as training does with what it wrote."""

    def publish(model, run, base, **options):
        directory, report, asked = written(model, run)
        return publish_written(
            directory, model, base, report=report, asked=asked, **about_of(run), **options
        )

    return publish


def about_of(run):
    return {"split": split_of(run), "run": read_run(run)}


def card_of(version):
    return json.loads((version / "assets.extra" / "model_card.json").read_text())


def run_of(run, model, folder):
    """A copy of a run that holds another model."""
    shutil.copytree(run, folder)
    model.save(folder / "model.keras")
    return folder


@pytest.mark.slow
class TestFirstVersion:
    """It brings the examination of its folder."""

    def test_the_test_part_of_its_run_is_the_examination(self, english_run, english_folder):
        found, split = read_examination(english_folder), split_of(english_run)
        assert found.texts.tolist() == split.texts.tolist()
        assert found.labels.tolist() == split.labels.tolist()
        assert found.label_names == SENTIMENTS
        assert found.source == "test part of run english (english.csv)"
        assert not found.chosen

    def test_its_card_has_every_figure_from_its_own_answers(
        self, english_run, english, english_folder
    ):
        split, card = split_of(english_run), card_of(english_folder / "1")
        expected = figures(split.labels, english.predict(split.texts, verbose=0), SENTIMENTS)
        assert card["metrics"] == {
            **expected,
            "calibration_error": pytest.approx(expected["calibration_error"], abs=1e-5),
        }
        assert card["examination"]["sha256"] == read_examination(english_folder).sha256
        assert card["examination"]["left_out"] == {"candidate": 0, "rival": 0, "either": 0}
        assert card["baseline"]["label"] == "negative"
        assert card["baseline"]["accuracy"] == pytest.approx((split.labels == 0).mean())
        assert card["comparison"] is None
        assert card["gate"]["checks"] == [*CHECKS[:-1], "quality"]
        assert card["gate"]["overruled"] == []
        assert set(card["rows"]) == {"train", "validation", "test"}
        text = (english_folder / "1/assets.extra/model_card.md").read_text()
        assert "| macro F1 of always answering negative | 0.17" in text

    def test_what_it_learned_from_lies_beside_its_card(self, english_run, english_folder):
        kept = np.load(english_folder / "1/assets.extra" / LEARNED_FROM)
        assert (kept == np.load(english_run / LEARNED_FROM)).all()
        assert card_of(english_folder / "1")["learned_from"] == len(kept)


@pytest.mark.slow
class TestRefused:
    """What went live unasked, before."""

    def test_a_model_of_another_table(self, spanish_run, base, capsys):
        """Good on its own rows; on those of the folder it knows no word."""
        before = snapshot(base)
        assert command.main([str(spanish_run), "--to", str(base), *ASK_NOBODY]) == 1
        told = capsys.readouterr().err
        assert "check `quality` failed: expected macro F1 above the 0.17" in told
        assert (
            "of always answering `negative`, beyond chance (--force overrules). Received: 0."
            in told
        )
        assert "also: macro F1 of at least 0.96" in told
        assert "that of version 1 on the same 300 rows. Received: 0." in told
        assert snapshot(base) == before

    def test_a_model_of_66_rows_over_a_good_one(self, tiny_run, base, capsys):
        before = snapshot(base)
        assert command.main([str(tiny_run), "--to", str(base), *ASK_NOBODY]) == 1
        assert "that of version 1 on the same 300 rows" in capsys.readouterr().err
        assert snapshot(base) == before

    def test_a_model_of_66_rows_in_a_folder_of_its_own(self, tiny_run, tmp_path, capsys):
        """14 rows tell nothing: not that it is good, and not of any later one either."""
        assert command.main([str(tiny_run), "--to", str(tmp_path / "models"), *ASK_NOBODY]) == 1
        told = capsys.readouterr().err
        assert "expected an examination of at least 200 rows" in told
        assert "Received: 14\n" in told
        assert "at least 20 rows of each class" in told
        assert not snapshot(tmp_path)

    def test_a_worse_model_of_the_same_table_and_force_says_so(
        self, english_run, english, base, publish, capsys
    ):
        worse = inclined(english, 0, WORSE)
        with pytest.raises(GateError, match="check `quality` failed"):
            publish(worse, english_run, base)
        assert names(base) == [".examination", "1"]
        second, report = publish(worse, english_run, base, force=True)
        assert report.forced
        assert "quality" not in report.checks
        card = card_of(second)
        assert card["gate"]["forced"]
        assert card["gate"]["overruled"] == list(report.overruled)
        text = (second / "assets.extra/model_card.md").read_text()
        assert "**Published by force. The quality check had refused it:**" in text
        assert f"- expected {report.overruled[0]}" in text
        assert command.main(["--list", str(base)]) == 0
        assert (
            capsys.readouterr().out.splitlines()[2].endswith("  forced, other weights than its run")
        )

    def test_force_overrules_no_other_check(self, english_run, english, base, monkeypatch):
        monkeypatch.setattr("export.exporter.write_warmup", lambda *_, **__: None)
        before = snapshot(base)
        with pytest.raises(GateError) as caught:
            export_model(english, base, force=True, servers=NO_SERVER, **about_of(english_run))
        assert caught.value.check != "quality"
        assert snapshot(base) == before

    def test_a_folder_of_other_labels(self, english_run, english, base, publish):
        """In one sentence, and not by force either."""
        header = base / ".examination" / "examination.json"
        header.write_text(header.read_text().replace("neutral", "bored"))
        rows = next((base / ".examination").glob("*.jsonl"))
        content = rows.read_text().replace('"neutral"', '"bored"')
        rows.write_text(content)
        _retitle(base, rows)
        with pytest.raises(
            ExportError, match=r"has the model's labels, negative, neutral, positive.*bored"
        ):
            publish(english, english_run, base, force=True)

    def test_a_run_from_before_is_told_as_unknown(
        self, english_run, english, base, tmp_path, publish
    ):
        """What it learned from was not kept then; a rollback's copy counts as the version it is."""
        run = run_of(english_run, english, tmp_path / "old")
        (run / LEARNED_FROM).unlink()
        path, report = publish(english, run, base)
        assert "(what it learned from is unknown, not checked)" in report.summary()
        assert card_of(path)["learned_from"] is None
        text = (path / "assets.extra/model_card.md").read_text()
        assert "| rows left out, for the model learned from them | unknown, not checked |" in text
        assert not (path / "assets.extra" / LEARNED_FROM).exists()


@pytest.mark.slow
class TestWriteVersion:
    """The artefact in a run's own folder: through every check but quality, and nobody is answered by it."""

    def test_it_is_whole_and_has_passed(self, english_run, english, tmp_path):
        directory = tmp_path / "saved_model"
        report = write_version(english, directory, servers=NO_SERVER, **about_of(english_run))
        assert report.checks == CHECKS[:-1]
        assert report.verdict is None
        assert names(tmp_path) == ["saved_model"]
        card = card_of(directory)
        assert card["metrics"] == card["test_part"] == report.metrics
        assert "examination" not in card
        with pytest.raises(ExportError, match="nothing is written over"):
            write_version(english, directory, **about_of(english_run))

    def test_a_few_rows_are_enough(self, tiny_run, tiny_model, test_split, tmp_path):
        """It is publication that needs to know how good it is."""
        write_version(tiny_model, tmp_path / "x", servers=NO_SERVER, **about_of(tiny_run))

    def test_a_check_that_fails_leaves_nothing(self, english_run, english, tmp_path, monkeypatch):
        monkeypatch.setattr("export.exporter.write_warmup", lambda *_, **__: None)
        with pytest.raises(GateError):
            write_version(english, tmp_path / "x", servers=NO_SERVER, **about_of(english_run))
        assert not names(tmp_path)

    def test_killed_it_leaves_nothing_that_looks_whole(self, english_run, english, tmp_path):
        """By SIGKILL, once the graph is written and the gate is at work; then once more, to the end."""
        directory = tmp_path / "saved_model"
        program = (
            "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[3])\n"
            "from trained_runs import split_of; from keras_pipeline import load_model\n"
            "from export.exporter import write_version; from export.run_record import read_run\n"
            "run = Path(sys.argv[1])\n"
            "write_version(load_model(run), Path(sys.argv[2]), split=split_of(run), run=read_run(run), servers=('none',))\n"
        )
        arguments = [sys.executable, "-c", program, str(english_run), str(directory), str(Path(__file__).parent)]  # fmt: skip
        with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            wait_for(lambda: list(tmp_path.glob(".staging-*/version/saved_model.pb")), process)
            process.send_signal(signal.SIGKILL)
        assert not directory.exists()
        assert len(names(tmp_path)) == 1
        write_version(english, directory, servers=NO_SERVER, **about_of(english_run))
        assert names(tmp_path) == ["saved_model"]


@pytest.mark.slow
class TestPublishWritten:
    """What training wrote is what it publishes: the same bytes, and no second gate."""

    def test_the_files_are_those_that_passed(
        self, english_run, english, base, tmp_path, shared_process
    ):
        about = about_of(english_run)
        asked = read_examination(base)
        directory = tmp_path / "saved_model"
        before = shared_process.asked
        report = write_version(english, directory, asked=asked, servers=NO_SERVER, **about)
        assert shared_process.asked - before == 1
        path, published = publish_written(
            directory, english, base, report=report, asked=asked, **about
        )
        assert shared_process.asked - before == 2, "the gate's, and the one that asks version 1"
        assert published.checks == (*CHECKS[:-1], "quality")
        written, copied = files_of(directory), files_of(path)
        assert written == copied
        assert card_of(path)["examination"]["sha256"] == asked.sha256
        assert "examination" not in card_of(directory)

    def test_an_examination_that_came_meanwhile_is_asked_anew(
        self, english_run, english, base, written
    ):
        """None is told to be the one that it has answered along the way."""
        about = about_of(english_run)
        directory, report, _ = written(english, english_run)
        path, _ = publish_written(directory, english, base, report=report, **about)
        assert card_of(path)["examination"]["sha256"] == read_examination(base).sha256

    def test_a_copy_that_differs_is_refused(self, english_run, english, base, written, monkeypatch):
        """A disk that gives back other bytes than it was given."""
        about = about_of(english_run)
        directory, report, _ = written(english, english_run)
        before = snapshot(base)
        monkeypatch.setattr(
            "export.versions.disk.shutil.copyfile", lambda _, to: to.write_bytes(b"other")
        )
        with pytest.raises(ExportError, match="Input/output error"):
            publish_written(directory, english, base, report=report, **about)
        assert snapshot(base) == before


@pytest.mark.slow
class TestWeights:
    """A model that was trained further is not the one that its run tells of."""

    def test_a_version_of_the_runs_own_says_nothing(self, english_run, english_folder):
        card, run = card_of(english_folder / "1"), read_run(english_run)
        assert card["weights_sha256"] == run.weights_sha256
        assert "weights_differ_from_run" not in card

    def test_other_weights_are_told_on_card_and_list(
        self, english_run, english, base, publish, capsys
    ):
        further = inclined(english, 0, 1e-4)
        path, _ = publish(further, english_run, base)
        card = card_of(path)
        assert card["weights_differ_from_run"]
        assert card["weights_sha256"] == weights_sha256(further)
        text = (path / "assets.extra/model_card.md").read_text()
        assert "**These are not the weights that the run ended with" in text
        assert command.main(["--list", str(base)]) == 0
        assert "other weights than its run" in capsys.readouterr().out.splitlines()[2]


@pytest.mark.slow
class TestAtOnce:
    """Two exports of different quality, real processes, both judged before either is published."""

    @pytest.mark.parametrize("first", ["better", "worse"])
    def test_the_worse_never_goes_over_the_better(
        self, first, english_run, english, base, tmp_path
    ):
        """Both were compared with version 2, and are better; under the lock the second is compared again."""
        write_saved_model(inclined(english, 0, WORST), base / "2")
        models = {"better": english, "worse": inclined(english, 0, WORSE)}
        runs = {name: run_of(english_run, m, tmp_path / name) for name, m in models.items()}
        order = [first, *(set(runs) - {first})]
        started = {}
        for name in order:
            started[name] = export_process(runs[name], base)
            wait_for(
                lambda: len(list(base.glob(".staging-*/version/saved_model.pb"))) == len(started),
                started[name],
            )
        with held(base):
            for process in started.values():
                wait_for(lambda process=process: waits_for_a_lock(process), process)
        ends = {name: process.communicate(timeout=300) for name, process in started.items()}
        codes = {name: process.returncode for name, process in started.items()}
        assert codes["better"] == 0, ends["better"]
        newest = max(
            (path for path in base.iterdir() if path.name.isdigit()), key=lambda p: int(p.name)
        )
        assert card_of(newest)["run"] == "better"
        if codes["worse"] == 0:
            assert newest.name == "4", "published before the better one, over version 2"
        else:
            assert "that of version 3 on the same 300 rows" in ends["worse"][1]
        assert not leftovers(base)

    def test_two_first_versions_are_judged_on_one_examination(
        self, english_run, spanish_run, tmp_path
    ):
        """Each saw an empty folder, and brought rows of its own."""
        base = tmp_path / "models"
        base.mkdir()
        started = [export_process(run, base) for run in (english_run, spanish_run)]
        for process in started:
            wait_for(
                lambda: len(list(base.glob(".staging-*/version/saved_model.pb"))) == 2, process
            )
        with held(base):
            for process in started:
                wait_for(lambda process=process: waits_for_a_lock(process), process)
        told = [process.communicate(timeout=300)[1] for process in started]
        codes = sorted(process.returncode for process in started)
        assert codes[0] == 0, told
        assert codes == [0, 1], "the second knows no word of the first one's examination"
        assert sum("that of version 1 on the same" in words for words in told) == 1
        assert names(base) == [".examination", "1"]


def files_of(directory):
    """Its bytes by name, without the cards, which tell when and where."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.stem != "model_card"
    }


def export_process(run, base):
    """`python -m export`, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "export", str(run), "--to", str(base), *ASK_NOBODY],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held(base):
    """The folder's lock, so that nobody publishes meanwhile."""
    descriptor = os.open(base, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def waits_for_a_lock(process):
    """Whether the system says so."""
    return any(
        line.split()[1] == "->" and line.split()[5] == str(process.pid)
        for line in Path("/proc/locks").read_text().splitlines()
    )


def wait_for(condition, process):
    """Until the condition holds; fails where the process ends before."""
    deadline = time.monotonic() + 240
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _retitle(base, rows):
    """Name changed rows by their own checksum."""
    import hashlib

    checksum = hashlib.sha256(rows.read_bytes()).hexdigest()
    header = base / ".examination" / "examination.json"
    header.write_text(header.read_text().replace(rows.stem, checksum))
    rows.rename(rows.with_name(f"{checksum}.jsonl"))
