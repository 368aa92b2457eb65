"""float16 computes, float32 learns: small gradients survive, and a run goes on with the scale it had."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit import fitting
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.devices import make_reproducible
from keras_pipeline.table.training_rows import TextRows

WORDS = 50


def gradients(model, batch):
    """As Keras's training step takes them: the loss goes through the optimizer's `scale_loss`."""
    ids, targets, weights = batch
    with tf.GradientTape() as tape:
        loss = model.compute_loss(ids, targets, model(ids), weights)
        loss = model.optimizer.scale_loss(loss)
    taken = tape.gradient(loss, model.trainable_weights)
    return np.concatenate([tf.convert_to_tensor(gradient).numpy().ravel() for gradient in taken])


@pytest.fixture(scope="module")
def exact_and_mixed():
    """One classifier in float32 and in mixed precision, with the same weights, and a batch."""
    keras.utils.set_random_seed(1)
    config = TrainConfig.preset("notebook")
    exact = fitting._compiled(config, WORDS, averaged_steps=10.0)
    mixed = fitting._compiled(
        dataclasses.replace(config, mixed_precision=True), WORDS, averaged_steps=10.0
    )
    mixed.set_weights(exact.get_weights())
    draw = np.random.default_rng(0)
    ids = tf.constant(draw.integers(1, WORDS, (64, 12)))
    return exact, mixed, (ids, tf.one_hot(draw.integers(0, 3, 64), 3), tf.ones(64))


def test_no_gradient_vanishes(exact_and_mixed):
    """Unscaled, 6.4 % of this batch's entries did."""
    exact, mixed, batch = exact_and_mixed
    expected, given = gradients(exact, batch), gradients(mixed, batch)
    vanished = (expected != 0) & (given == 0)
    assert vanished.sum() / (expected != 0).sum() < 1e-4
    assert np.isfinite(given).all()


def test_a_step_that_overflows_is_left_out_and_the_scale_halved(exact_and_mixed):
    mixed = exact_and_mixed[1]
    optimizer = mixed.optimizer
    before, scale = mixed.get_weights(), float(optimizer.dynamic_scale)
    infinite = [tf.fill(weight.shape, np.inf) for weight in mixed.trainable_weights]
    optimizer.apply(infinite, mixed.trainable_weights)
    for weight, kept in zip(mixed.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert float(optimizer.dynamic_scale) == scale / 2
    optimizer.dynamic_scale.assign(scale)


@pytest.mark.slow
@pytest.mark.parametrize("averaged_epochs", [0.0, 2.0])
def test_a_resumed_run_ends_with_the_same_weights(averaged_epochs, tmp_path, monkeypatch):
    """With and without an average of the weights; the scale that it begins with is the one it had."""
    texts = np.array(["so good", "so bad", "well", "good good", "bad", "a day"] * 4, object)
    rows = TextRows(texts, np.eye(3, dtype=np.float32)[[2, 0, 1, 2, 0, 1] * 4], np.ones(24, "f4"))
    config = TrainConfig(
        embedding_dim=4, lstm_units=2, dense_units=4, batch_size=8, epochs=3, learning_rate=0.05,
        averaged_epochs=averaged_epochs, mixed_precision=True,
    )  # fmt: skip

    def trained(name):
        make_reproducible(1)
        fitted = fitting.fit(rows, rows, config, checkpoint=tmp_path / name)
        return fitted.model.classifier.get_weights()

    def crash(self, batch, logs=None):
        if len(self.history) == 1 and batch == 1:
            raise RuntimeError("power cut")

    scales = []

    def begin(self, logs=None):
        scale = self.model.optimizer.dynamic_scale
        scales.append(float(scale))
        if not self.history:
            scale.assign(2.0**10)  # another value than Keras's first

    monkeypatch.setattr(Checkpoint, "on_train_begin", begin)
    whole = trained("whole.npz")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "on_train_batch_end", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            trained("cut.npz")
    for weight, expected in zip(trained("cut.npz"), whole, strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert scales == [2.0**15, 2.0**15, 2.0**10]
