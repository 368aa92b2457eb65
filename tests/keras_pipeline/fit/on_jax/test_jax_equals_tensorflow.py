"""What trains on JAX, on one device or four, is what trains on TensorFlow: answers, gradients, weights after some steps."""

import dataclasses
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit import fitting
from keras_pipeline.fit.on_jax.exchange import Exchange, IdRows
from keras_pipeline.fit.on_jax.padded_batches import PaddedBatches
from keras_pipeline.fit.on_jax.process import environment

SCRIPT = Path(__file__).with_name("steps_on_jax.py")
WORDS = 50
CONFIG = TrainConfig(
    embedding_dim=12,
    lstm_units=8,
    dense_units=6,
    batch_size=10,
    spatial_dropout=0.0,
    dropout=0.0,
    sequence_length=16,
    # Rounding differs by so many steps of Adam as they are long: the bounds below are of this rate.
    learning_rate=0.002,
)

pytestmark = pytest.mark.slow


def on_jax(folder, given, devices):
    """What the script finds on so many simulated devices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", f"--xla_force_host_platform_device_count={devices}")
        variables = environment(Exchange(folder / "jax"))
    made = folder / f"made_{devices}.npz"
    command = [sys.executable, SCRIPT, given, made]
    subprocess.run(command, env={**os.environ, **variables}, check=True, timeout=300)
    return dict(np.load(made))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """TensorFlow's numbers, JAX's on one device, JAX's on four."""
    folder = tmp_path_factory.mktemp("steps")
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 17, 86).astype(np.int32)  # in each epoch one batch lacks four rows
    targets = np.eye(3, dtype="float32")[draw.integers(0, 3, 86)]
    rows = IdRows(
        draw.integers(1, WORDS, lengths.sum()),
        lengths,
        targets,
        draw.uniform(0.5, 2, 86).astype("float32"),
    )
    # Each row stands there once, so that R-Drop finds neighbours that disagree: readings do not, without dropout.
    once = dataclasses.replace(CONFIG, r_drop=0.0)
    batches = itertools.islice(PaddedBatches(rows, once, devices=4).training(), 40)
    classifier = fitting._compiled(CONFIG, WORDS, averaged_steps=20.0)
    given = {"config": str(dataclasses.asdict(CONFIG)), "words": WORDS}
    given |= {f"weight_{n}": weights for n, weights in enumerate(classifier.get_weights())}
    here = {}
    for number, (ids, target, weights) in enumerate(batches):
        given |= {
            f"ids_{number}": ids,
            f"targets_{number}": target,
            f"weights_{number}": weights,
        }
        if not number:
            here["answers"] = classifier.predict_on_batch(ids.astype("int64"))
        if number < 10:
            classifier.train_on_batch(ids.astype("int64"), target, weights)
    values = [*classifier.weights, *classifier.optimizer._model_variables_moving_average]
    here |= {f"after_10_{n}": np.asarray(value) for n, value in enumerate(values)}
    np.savez(folder / "given.npz", **given)
    return here, *(on_jax(folder, folder / "given.npz", devices) for devices in (1, 4))


def largest_difference(ours, theirs, kind):
    names = [name for name in theirs if name.startswith(kind)]
    assert names
    return max(np.abs(ours[name] - theirs[name]).max() for name in names)


def test_answers_are_those_of_tensorflow(found):
    tensorflow, jax, _ = found
    assert largest_difference(jax, tensorflow, "answers") < 1e-6


def test_weights_and_their_averages_after_ten_steps_are_those_of_tensorflow(found):
    """Same first weights, same batches, no dropout; later rounding grows by itself."""
    tensorflow, jax, _ = found
    assert largest_difference(jax, tensorflow, "after_10") < 1e-5


def test_four_devices_train_what_one_does(found):
    """Also where a batch had to be filled up."""
    _, one, four = found
    assert largest_difference(four, one, "answers") < 1e-6
    assert largest_difference(four, one, "after_40") < 1e-6


def test_gradients_are_those_of_kerass_layer(found):
    _, jax, _ = found
    kerass = {n: value for n, value in jax.items() if n.startswith("Bidirectional")}
    assert len(kerass) == 7, "two directions' three weights, and the inputs"
    for name, value in kerass.items():
        np.testing.assert_allclose(jax[f"Jax{name}"], value, atol=1e-6)


def test_gradients_are_summed_over_devices_once_and_not_in_every_time_step(found):
    """What Keras's own layer does there, a sum a step, is what made two hosts on CPUs 6.7 times slower."""
    _, _, four = found
    assert four["loops_JaxBidirectional"] > 0
    assert four["sums_JaxBidirectional"] == 0
    assert four["sums_Bidirectional"] > 0


@pytest.mark.parametrize(
    ("policy", "optimizer"),
    [("mixed_bfloat16", "AveragedAdam"), ("mixed_float16", "LossScaleOptimizer")],
)
def test_mixed_precision_computes_in_16_bits_and_learns_in_32(found, policy, optimizer):
    """bfloat16 where the device has it, as every CPU does; float16 needs its loss scaled."""
    _, jax, _ = found
    assert str(jax["policy"]) == "mixed_bfloat16"
    assert str(jax[f"{policy}_optimizer"]) == optimizer
    assert jax[f"{policy}_types"].tolist() == ["float32"]
    assert np.isfinite(jax[f"{policy}_loss"])
    assert (jax[f"{policy}_moved"] > 0).all()
