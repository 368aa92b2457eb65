"""The check `speed`: a budget of one tweet's time and of size, held by real answers; nothing without it."""

import json

import numpy as np
import pytest
from trained_runs import ASK_NOBODY, NO_SERVER, split_of

from export import __main__ as command
from export.budget import Budget, budget_of
from export.errors import GateError, UnknownArtefactError, UnknownBudgetError
from export.exporter import write_version
from export.gate.speed import check_size, check_speed, timed_texts
from export.run_record import read_run
from export.settings import ONNX, Artefact
from keras_pipeline import train
from keras_pipeline.run_files import Intent
from keras_pipeline.run_folder import RunFolder


@pytest.mark.parametrize(
    ("words", "p50_s", "size_bytes"),
    [
        ("p50=2ms,size=20MB", 2e-3, 20e6),
        ("size=1.5gb", None, 1.5e9),
        (" P50 = 500 us ", 5e-4, None),
        ("size=512kB,p50=0.001s", 1e-3, 512e3),
    ],
)
def test_either_may_be_limited(words, p50_s, size_bytes):
    assert budget_of(words) == Budget(words, p50_s, size_bytes)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "2ms",
        "p50=2",
        "p50=2MB",
        "size=3ms",
        "p50=0ms",
        "p50=-1ms",
        "p50=nanms",
        "p50=1e3ms",
        "p50=1ms,p50=2ms",
        "p50=1ms,",
        "p99=1ms",
        "p50=1ms size=2MB",
        "p50=0.0000000001ms",
    ],
)
def test_what_is_no_budget_gets_one_sentence(words):
    with pytest.raises(UnknownBudgetError) as caught:
        budget_of(words)
    assert str(caught.value).endswith(f"such as p50=2ms,size=20MB. Received: require_speed={words}")
    assert caught.value.exit_code == 2


def test_a_median_over_the_budget_is_refused_with_its_figures(tmp_path):
    """By the median: one slow answer of three, a page that was swapped out, refuses nothing."""
    answers = {"seconds": np.array([1e-3, 1.5e-3, 9.0]), "threads": np.array([2, 0])}
    speed = check_speed(tmp_path, budget_of("p50=1.5ms"), answers)
    assert (speed.p50_s, speed.calls) == (1.5e-3, 3)
    with pytest.raises(GateError) as caught:
        check_speed(tmp_path, budget_of("p50=1.4ms"), answers)
    assert caught.value.check == "speed"
    assert caught.value.expected == "one tweet answered within 1.4 ms in the median"
    assert caught.value.received.startswith(
        "1.5 ms (median of 3 answers in process, one at a time, "
    )
    assert "TensorFlow's threads 2 within an op and " in caught.value.received


def test_files_over_the_budget_are_refused_before_anything_is_started(tmp_path):
    tmp_path.joinpath("variables").mkdir()
    tmp_path.joinpath("variables", "data").write_bytes(bytes(2_000_001))
    check_size(tmp_path, budget_of("size=2.1MB"))
    check_size(tmp_path, budget_of("p50=1us"))
    with pytest.raises(GateError, match=r"at most 2 MB together. Received: 2 MB, 2,000,001 bytes"):
        check_size(tmp_path, budget_of("size=2MB"))


def test_texts_to_time_come_from_all_over_the_test_part():
    texts = np.array([f"tweet {number}" for number in range(5_000)], object)
    assert timed_texts(texts, budget_of("size=1MB")) == []
    assert timed_texts(texts, None) == []
    asked = timed_texts(texts, budget_of("p50=1s"))
    assert (len(asked), asked[1]) == (1_000, "tweet 5")
    assert timed_texts(texts[:7], budget_of("p50=1s")) == texts[:7].tolist()


@pytest.mark.slow
def test_what_is_not_timed_takes_no_budget(tiny_run, tiny_model, test_split, tmp_path):
    about = {"split": test_split, "run": read_run(tiny_run), "budget": budget_of("p50=1s")}
    with pytest.raises(UnknownArtefactError, match="`budget` needs a SavedModel"):
        write_version(tiny_model, tmp_path / "v", artefact=Artefact(file_format=ONNX), **about)


def test_training_keeps_it_and_refuses_it_where_nothing_is_exported(tiny_options, tmp_path, capsys):
    options = [*tiny_options, "--require-speed", "p50=1us", "--output", str(tmp_path / "run")]
    assert train.main([*options, "--no-export"]) == 2
    assert "`require_speed` needs an export." in capsys.readouterr().err
    assert train.main(["--resume", "--require-speed", "p50=1us"]) == 2
    assert "leave out other options. Received: require_speed" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("own_process")
class TestRealVersions:
    """Measured in the fresh process of `reload`, where the gate has nothing else to do."""

    def test_a_version_within_its_budget_tells_what_was_measured(
        self, tiny_run, tiny_model, test_split, tmp_path
    ):
        path = tmp_path / "version"
        about = {"split": test_split, "run": read_run(tiny_run), "servers": NO_SERVER}
        report = write_version(tiny_model, path, budget=budget_of("p50=9s,size=9GB"), **about)
        assert "speed" in report.checks
        assert report.speed.calls >= 30
        assert 0 < report.speed.p50_s < 9
        (line,) = (line for line in report.summary().split("\n") if line.startswith("Speed: "))
        assert line.startswith("Speed: one tweet, p50, ")
        assert line.endswith(" MB; asked for p50=9s,size=9GB")
        card = json.loads((path / "assets.extra/model_card.json").read_text())
        told = card["gate"]["speed"]
        assert told["p50_s"] == report.speed.p50_s
        assert told["size_bytes"] == card["size_bytes"], "one size, whoever tells it"
        people = (path / "assets.extra/model_card.md").read_text()
        assert "| speed asked for | p50=9s,size=9GB |" in people
        assert f"(median of {report.speed.calls:,} answers in process, one at a time, " in people

    def test_one_over_its_budget_is_beyond_force(self, english_run, base, capsys):
        arguments = [str(english_run), "--to", str(base), *ASK_NOBODY, "--force"]
        assert command.main([*arguments, "--require-speed", "p50=1us"]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: check `speed` failed: expected one tweet answered within ")
        assert error.count("\n") == 1
        assert command.main([*arguments, "--require-speed", "size=1kB"]) == 1
        assert "expected files of at most 0.001 MB together. Received: " in capsys.readouterr().err
        assert [path.name for path in base.iterdir() if path.name.isdigit()] == ["1"]

    def test_without_a_budget_nothing_is_measured(self, english_folder):
        card = json.loads((english_folder / "1/assets.extra/model_card.json").read_text())
        assert "speed" not in card["gate"]
        assert "speed" not in card["gate"]["checks"]

    def test_a_resumed_run_is_held_to_what_it_was_asked(self, english_run, tmp_path, capsys):
        """Trained, and ended before its export; going on it is refused, and the run itself stays."""
        run = RunFolder(english_run)
        intent = Intent(servers=NO_SERVER, require_speed="size=1kB")
        with RunFolder.create(tmp_path / "run", run.config(), run.source(), intent) as again:
            for name in ("model.keras", "metrics.json", "learned_from.npy"):
                (again.path / name).write_bytes((run.path / name).read_bytes())
            again.checkpoint.touch()
        assert len(split_of(again.path).texts)
        assert train.main(["--resume", "--output", str(again.path)]) == 1
        error = capsys.readouterr().err
        assert "expected files of at most 0.001 MB together" in error
        assert "The run itself is saved in " in error
        assert not again.saved_model.exists()
