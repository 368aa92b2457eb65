"""A loss that is no number ends the run in one sentence; what was good before is kept."""

import numpy as np
import pytest

from keras_pipeline import train
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.divergence import StopOnDivergence
from keras_pipeline.fit.fitting import fit
from keras_pipeline.table.training_rows import TextRows

TEXTS = np.array(["so good", "so bad", "well", "good good", "bad", "a day"] * 4, object)
ROWS = TextRows(TEXTS, np.eye(3, dtype=np.float32)[[2, 0, 1, 2, 0, 1] * 4], np.ones(24, "f4"))
TINY = {"embedding_dim": 4, "lstm_units": 2, "dense_units": 4, "batch_size": 8}


def test_a_learning_rate_far_too_large(tmp_path):
    config = TrainConfig(**TINY, learning_rate=1e30)
    with pytest.raises(UserError) as caught:
        fit(ROWS, ROWS, config, checkpoint=tmp_path / "checkpoint.npz")
    assert str(caught.value) == (
        "Training diverged in epoch 1: loss must be a finite number; begin a new run with a smaller "
        "--learning-rate. Received: loss=nan"
    )
    assert not list(tmp_path.iterdir()), "nothing of it is kept"


def test_the_command_ends_with_code_2_and_one_line(tiny_options, tmp_path, capsys):
    """No model, no figures, nothing published."""
    run = tmp_path / "run"
    options = [*tiny_options, "--learning-rate", "1e30", "--publish", str(tmp_path / "models")]
    assert train.main([*options, "--output", str(run)]) == 2
    assert capsys.readouterr().err.startswith("error: Training diverged in epoch 1: loss must be")
    assert not (tmp_path / "models").exists()
    assert not {path.name for path in run.iterdir()} & {"model.keras", "metrics.json"}


def test_the_last_good_epoch_is_kept(tmp_path, monkeypatch):
    """Weights that go wrong in the second epoch: the checkpoint is still that of the first."""

    def poison(self, epoch, logs=None):
        if epoch == 1:
            self.model.layers[-1].bias.assign([np.nan] * 3)

    monkeypatch.setattr(Checkpoint, "on_epoch_begin", poison)
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(UserError, match=r"diverged in epoch 2: loss must be .* Received: loss=nan"):
        fit(ROWS, ROWS, TrainConfig(**TINY), checkpoint=path)
    with np.load(path) as saved:
        assert '"epoch": 1' in str(saved["state"])
        assert '"epoch": 2' not in str(saved["state"])
        assert all(np.isfinite(saved[name]).all() for name in saved if name.startswith("variable"))


def test_a_validation_loss_counts_too():
    stop = StopOnDivergence("--teacher-learning-rate")
    stop.on_epoch_end(4, {"loss": 1.0, "val_loss": 1.0})
    with pytest.raises(
        UserError, match=r"diverged in epoch 5: val_loss .* smaller --teacher-learn"
    ):
        stop.on_epoch_end(4, {"loss": 1.0, "val_loss": float("inf")})
