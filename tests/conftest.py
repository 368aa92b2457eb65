"""One tiny trained run for every test that needs a model: 66 hand-written tweets, small layers."""

import signal
from pathlib import Path

import pytest
from made_once import made_once
from shared_process import SharedProcess

from export.__main__ import main as export_main
from export.gate import fresh_process
from keras_pipeline import SentimentModel, load_model, train

SAMPLE = Path(__file__).parent.parent / "data" / "sample.csv"
TINY = (
    "--data", str(SAMPLE), "--embedding-dim", "8", "--lstm-units", "4", "--dense-units", "8",
    "--batch-size", "8", "--vocabulary-size", "500", "--epochs", "2", "--embeddings", "none",
)  # fmt: skip


RUN_ALONE = fresh_process.run_alone

# Of a shell's background job Ctrl-C is ignored, and so it would be by every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def shared_process(tmp_path_factory):
    """What asks a version by TensorFlow alone, for every gate in this process of tests."""
    process = SharedProcess(tmp_path_factory.mktemp("process") / "errors.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fresh_process, "run_alone", process.run_alone)
        yield process
    process.close()


@pytest.fixture
def own_process(monkeypatch):
    """Gates start a process of their own, as they do for users."""
    monkeypatch.setattr(fresh_process, "run_alone", RUN_ALONE)


@pytest.fixture(scope="session")
def sample_csv() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def tiny_options() -> tuple[str, ...]:
    """Command line options of a training run that takes seconds."""
    return TINY


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> Path:
    """The folder of a finished run; it is published in `exported` inside it.

    By force: the 14 rows of its test part are too few to judge anything by. No server is asked, which takes
    seconds: tests/export/gate/test_server_check.py asks.
    """

    def make(folder):
        run = folder / "run"
        assert train.main([*TINY, "--output", str(run), "--server", "none"]) == 0
        to = ("--to", str(run / "exported"))
        assert export_main([str(run), *to, "--force", "--server", "none"]) == 0

    return made_once(tmp_path_factory, "tiny", make) / "run"


@pytest.fixture(scope="session")
def tiny_model(tiny_run) -> SentimentModel:
    return load_model(tiny_run)
