"""Several devices learn what one learns, whatever does not divide by their number."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.fit.replicas import even_batch
from keras_pipeline.numeric.accuracy import Accuracy

TRAIN = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.devices import choose_strategy, make_reproducible
from keras_pipeline.fit.fitting import fit
from keras_pipeline.table.training_rows import TextRows

replicas, folder, settings = int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
is_cut = sys.argv[4] == "cut"
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 4)


def rows(count, seed):
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 3, count)
    words = [[f"w{n}" for n in draw.integers(0, 30, draw.integers(1, 9))] for _ in labels]
    texts = [" ".join([*w, ("bad", "so", "good")[n]]) for w, n in zip(words, labels)]
    weights = draw.uniform(0.5, 1.5, count).astype(np.float32)
    return TextRows(np.array(texts, object), np.eye(3, dtype=np.float32)[labels], weights)


def trained(name):
    # 129 = 2 * 64 + 1: no batch divides by 3, and the last one has fewer rows than there are devices.
    config = TrainConfig(
        embedding_dim=4, lstm_units=4, dense_units=4, batch_size=64, epochs=3, learning_rate=0.02,
        dropout=0.0, spatial_dropout=0.0, word_dropout=0.0, **settings,
    )
    make_reproducible(1)
    strategy = choose_strategy([f"CPU:{number}" for number in range(replicas)])
    fitted = fit(rows(129, 0), rows(65, 1), config, checkpoint=folder / name, strategy=strategy)
    weights = np.concatenate([w.ravel() for w in fitted.model.classifier.get_weights()])
    figures = ("val_loss", "accuracy", "val_accuracy")
    return weights, [[epoch[name] for name in figures] for epoch in fitted.history]


def crash(self, batch, logs=None):
    if len(self.history) == 1 and batch == 1:
        raise RuntimeError("power cut")


weights, history = trained("whole.npz")
np.save(folder / "whole.npy", weights)
(folder / "history.json").write_text(json.dumps(history))
if not is_cut:
    sys.exit()
Checkpoint.on_train_batch_end = crash
try:
    trained("cut.npz")
except RuntimeError:
    del Checkpoint.on_train_batch_end
resumed, _ = trained("cut.npz")
np.save(folder / "resumed.npy", resumed)
"""

RESUMED = 3
"""Devices of the run that is cut off and goes on: no batch divides by them."""


def train(replicas, folder, settings, *, cut=False):
    """Weights and figures of a run; with `cut`, the weights of one cut off and resumed lie beside them."""
    folder.mkdir()
    how = (str(replicas), str(folder), json.dumps(settings), "cut" if cut else "whole")
    subprocess.run([sys.executable, "-c", TRAIN, *how], check=True)
    return np.load(folder / "whole.npy"), json.loads((folder / "history.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("several", "settings"),
    [((2, 3, 4), {}), ((3,), {"mixed_precision": True})],
    ids=["float32", "mixed"],
)
def test_several_devices_give_the_numbers_of_one(several, settings, tmp_path):
    """129 rows in batches of 64, 65 to validate: weights and figures, and those of a run that three resume."""
    expected, figures = train(1, tmp_path / "1", settings)
    # In float16, sums over other parts round otherwise.
    tolerance = 5e-3 if settings else 1e-5
    for replicas in several:
        folder = tmp_path / str(replicas)
        whole, history = train(replicas, folder, settings, cut=replicas == RESUMED)
        np.testing.assert_allclose(whole, expected, atol=tolerance)
        if replicas == RESUMED:
            resumed = np.load(folder / "resumed.npy")
            np.testing.assert_allclose(resumed, whole, atol=tolerance)
        np.testing.assert_allclose(history, figures, atol=10 * tolerance)


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
@pytest.mark.parametrize("rows", [1, 5, 12])
def test_added_rows_change_no_mean(rows, replicas):
    """Each device's rows have one number, and the mean of the devices' means is that of the batch."""
    draw = np.random.default_rng(rows)
    losses, weights = draw.random(rows), draw.random(rows)
    batch = (tf.ones([rows, 3], tf.int64), tf.ones([rows, 2]), tf.constant(weights, tf.float32))
    ids, targets, evened = (part.numpy() for part in even_batch(batch, replicas))
    assert len(ids) == len(targets) == len(evened) == -(-rows // replicas) * replicas
    assert (ids > 0).all(), "cuDNN refuses a row of padding only"
    shares = np.split(np.pad(losses, (0, len(evened) - rows)) * evened, replicas)
    assert np.mean([share.mean() for share in shares]) == pytest.approx((losses * weights).mean())


def test_added_rows_do_not_count_as_right_answers():
    """An answer of the first class would be right for a row without a target; soft targets count as one."""
    accuracy = Accuracy()
    targets = tf.constant([[0.2, 0.7, 0.1], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    accuracy.update_state(targets, tf.constant([[0.1, 0.8, 0.1], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    assert float(accuracy.result()) == pytest.approx(0.5)
    assert accuracy.name == "accuracy"
