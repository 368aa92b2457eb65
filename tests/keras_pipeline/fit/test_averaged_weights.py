"""The weights that are validated, kept and saved: a moving average of those after each step."""

import keras
import numpy as np
import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit import fitting
from keras_pipeline.fit.averaged_adam import OLDEST_SHARE, optimizer_of
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.devices import make_reproducible
from keras_pipeline.fit.sizes import LEAST_AVERAGED_STEPS
from keras_pipeline.table.training_rows import TextRows

ROWS = TextRows(
    np.array(["so good", "so bad", "well", "good good", "bad", "a day"] * 4, object),
    np.eye(3, dtype=np.float32)[[2, 0, 1, 2, 0, 1] * 4],
    np.ones(24, np.float32),
)
STEPS = 3


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """A function that trains with these settings; it gives what came of it, and the weights after each step."""

    def fit(**settings):
        steps = []

        def on_train_batch_end(self, batch, logs=None):
            steps.append(self.model.get_weights())

        monkeypatch.setattr(Checkpoint, "on_train_batch_end", on_train_batch_end)
        config = TrainConfig(
            embedding_dim=4,
            lstm_units=2,
            dense_units=4,
            batch_size=8,
            learning_rate=0.05,
            least_epoch_steps=1,
            word_scores=False,  # weights that no step changes
            **settings,
        )
        make_reproducible(config.seed)
        return fitting.fit(ROWS, ROWS, config, checkpoint=tmp_path / "checkpoint.npz"), steps

    return fit


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("epochs", [1, 2])
def test_what_is_kept_is_the_moving_average(fitted, epochs, early_stopping):
    """Momentum 1 - 1/n for an average over n steps, 40 where the epochs are short; less for the first ones.

    Words' vectors, the first of the weights, have a rarer one: test_averaging_adam.py.
    """
    trained, steps = fitted(epochs=epochs, averaged_epochs=2.0, early_stopping=early_stopping)
    assert len(steps) == epochs * STEPS
    average = steps[0]
    for step, weights in enumerate(steps[1:], start=1):
        momentum = min(1 - 1 / LEAST_AVERAGED_STEPS, step / (step + OLDEST_SHARE))
        average = [momentum * a + (1 - momentum) * w for a, w in zip(average, weights, strict=True)]
    kept = trained.model.classifier.get_weights()
    for ours, expected in zip(kept[1:], average[1:], strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_without_averaging_the_last_step_counts(fitted):
    """And Keras's own Adam makes the steps, as in the notebook."""
    config = TrainConfig.preset("notebook")
    assert type(optimizer_of(config, 0.0, scaled_loss=False)) is keras.optimizers.Adam
    trained, steps = fitted(epochs=1, averaged_epochs=0.0, embedding_rate=1.0)
    for kept, expected in zip(trained.model.classifier.get_weights(), steps[-1], strict=True):
        np.testing.assert_array_equal(kept, expected)


def test_the_validation_loss_is_that_of_the_averages(fitted):
    """Early stopping judges what it would keep."""
    trained, _ = fitted(epochs=1, averaged_epochs=2.0)
    answers = trained.model.predict(ROWS.texts, verbose=0)
    loss = -np.log(answers[ROWS.targets == 1]).mean()
    assert trained.history[-1]["val_loss"] == pytest.approx(loss, abs=1e-5)
