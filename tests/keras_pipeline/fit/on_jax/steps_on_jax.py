"""A script for a process with KERAS_BACKEND=jax: answers, and weights after some steps; from a file to a file."""

import importlib
import re
import sys

if __name__ == "__main__":  # pytest imports it, too, to look for doctests
    sys.modules["tensorflow"] = None
importlib.import_module(
    "keras_pipeline"
)  # behind Keras it would import its layers, which need TensorFlow

import warnings  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

from keras_pipeline.config import TrainConfig  # noqa: E402
from keras_pipeline.fit.on_jax import numeric_half  # noqa: E402
from keras_pipeline.fit.on_jax.bilstm import JaxBidirectional  # noqa: E402
from keras_pipeline.fit.on_jax.devices import share_batches  # noqa: E402

warnings.filterwarnings("ignore", message="Explicitly requested dtype int64")


def main(given, made):
    """What `test_jax_equals_tensorflow` asks for."""
    data = dict(np.load(given, allow_pickle=False))
    print(share_batches())
    config = TrainConfig(**eval(str(data["config"])))  # noqa: S307 (the test's own)
    classifier = numeric_half.compiled(config, int(data["words"]), averaged_steps=20.0)
    classifier.set_weights([data[f"weight_{n}"] for n in range(len(classifier.weights))])
    batches = [[data[f"{name}_{n}"] for name in ("ids", "targets", "weights")] for n in range(40)]
    found = {"answers": classifier.predict_on_batch(batches[0][0])}
    for number, batch in enumerate(batches, start=1):
        classifier.train_on_batch(*batch)
        if number in (10, 40):
            values = [*classifier.weights, *classifier.optimizer._model_variables_moving_average]
            found |= {f"after_{number}_{n}": np.asarray(value) for n, value in enumerate(values)}
    if jax.device_count() == 1:
        found |= gradients() | mixed(config, batches[0])
    else:
        found |= sums_in_loops()
    np.savez(made, **found)


def gradients():
    """Of Keras's layer and of ours, by the same weights."""
    draw = np.random.default_rng(1)
    inputs = jnp.asarray(draw.normal(size=(5, 7, 4)).astype("float32"))
    mask = jnp.asarray(np.arange(7) < np.array([[7], [1], [3], [6], [2]]))
    found = {}
    for kind in (keras.layers.Bidirectional, JaxBidirectional):
        keras.utils.set_random_seed(3)
        gradient, weights = gradient_of(kind)
        taken = jax.tree.leaves(gradient(weights, inputs, mask))
        found |= {f"{kind.__name__}_{n}": np.asarray(value) for n, value in enumerate(taken)}
    return found


def gradient_of(kind):
    """Of a loss by the weights and the inputs, and the weights."""
    layer = kind(keras.layers.LSTM(3, return_sequences=True))
    layer.build((None, None, 4))
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def loss(weights, inputs, mask):
        outputs, _ = layer.stateless_call(weights, fixed, inputs, mask=mask)
        return jnp.sum(jnp.sin(jnp.where(mask[..., None], outputs, 0)))

    weights = [variable.value for variable in layer.trainable_variables]
    return jax.grad(loss, argnums=(0, 1)), weights


def sums_in_loops():
    """How many sums over all devices stand in the loops of a gradient."""
    layout = keras.distribution.distribution().get_data_layout((8, 7, 4)).backend_layout
    inputs = jax.device_put(np.ones((8, 7, 4), "float32"), layout)
    mask = jax.device_put(np.ones((8, 7), bool), jax.NamedSharding(layout.mesh, jax.P("batch")))
    found = {}
    for kind in (keras.layers.Bidirectional, JaxBidirectional):
        gradient, weights = gradient_of(kind)
        text = jax.jit(gradient).lower(weights, inputs, mask).compile().as_text()
        loops = set(re.findall(r"body=%?([\w.\-]+)", text))
        blocks = re.split(r"\n(?=%|ENTRY)", text)
        inside = [block for block in blocks if block.split(" ")[0].lstrip("%") in loops]
        found[f"loops_{kind.__name__}"] = len(inside)
        found[f"sums_{kind.__name__}"] = sum(
            len(re.findall(r" all-reduce(-start)?\(", block)) for block in inside
        )
    return found


def mixed(config, batch):
    """A step in each 16 bits: the policy, the loss, and how far the weights moved."""
    config = TrainConfig(**{**vars(config), "mixed_precision": True})
    found = {"policy": numeric_half.precision(config)}
    for policy in ("mixed_bfloat16", "mixed_float16"):
        numeric_half.precision = lambda _, policy=policy: policy  # as on an older GPU
        classifier = numeric_half.compiled(config, 50, averaged_steps=20.0)
        before = classifier.get_weights()
        loss = classifier.train_on_batch(*batch)[0]
        after = classifier.get_weights()
        moved = [np.abs(new - old).max() for new, old in zip(after, before, strict=True)]
        found[f"{policy}_loss"] = np.asarray(loss)
        found[f"{policy}_moved"] = np.asarray(moved)
        found[f"{policy}_types"] = np.asarray(sorted({str(value.dtype) for value in after}))
        found[f"{policy}_optimizer"] = np.asarray(type(classifier.optimizer).__name__)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
