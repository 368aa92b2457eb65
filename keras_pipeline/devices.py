"""Where a run computes: one GPU or the CPU by itself, several GPUs through MirroredStrategy.

Keras 3 does not support MultiWorkerMirroredStrategy (keras issue 20585): one host.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf


def choose_strategy(devices: Sequence[str] | None = None) -> tf.distribute.Strategy:
    """The distribution strategy for `devices`.

    Args:
        devices: names such as `["GPU:0", "GPU:1"]`; by default every GPU that TensorFlow sees.

    Returns:
        MirroredStrategy for several devices, else the default one, which leaves placement to
        TensorFlow: the GPU where there is one.
    """
    if devices is None:
        devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    return (
        tf.distribute.MirroredStrategy(devices)
        if len(devices) > 1
        else tf.distribute.get_strategy()
    )


def make_reproducible(seed: int) -> None:
    """One seed for everything, and ops whose result does not depend on thread timing."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def describe(strategy: tf.distribute.Strategy) -> str:
    """One line for the terminal, such as "2 GPUs, mirrored" or "CPU"."""
    gpus = len(tf.config.list_logical_devices("GPU"))
    kind = "GPU" if gpus else "CPU"
    replicas = strategy.num_replicas_in_sync
    return f"{replicas} {kind}s, mirrored" if replicas > 1 else kind
