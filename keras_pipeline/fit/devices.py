"""Where a run computes: one GPU or the CPU by itself, several GPUs through MirroredStrategy.

Keras 3 does not support MultiWorkerMirroredStrategy (keras issue 20585): one host.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import keras
import tensorflow as tf

FEW_CORES: Final = 2
"""So many were measured: an epoch took 9.8 s of both with one thread an op, 16.5 s without."""


def limit_op_threads() -> None:
    """One thread an op where there are few cores; `TF_NUM_INTRAOP_THREADS` in the environment goes first.

    A training step is many small ops, which run side by side anyway: what several threads an op cost in
    waiting for one another is more than they bring. Without effect once TensorFlow has computed.
    """
    if "TF_NUM_INTRAOP_THREADS" in os.environ or (os.cpu_count() or 1) > FEW_CORES:
        return
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)


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


def has_gpu() -> bool:
    """Whether TensorFlow sees one."""
    return bool(tf.config.list_logical_devices("GPU"))


def leave_gpus() -> None:
    """See none in this process: another one, which trains, shall have their memory."""
    with suppress(RuntimeError):  # something was computed on one already
        tf.config.set_visible_devices([], "GPU")


def make_reproducible(seed: int) -> None:
    """One seed for everything, and ops whose result does not depend on thread timing."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def describe(strategy: tf.distribute.Strategy) -> str:
    """One line for the terminal, such as "2 GPUs, mirrored" or "CPU"."""
    kind = "GPU" if has_gpu() else "CPU"
    replicas = strategy.num_replicas_in_sync
    return f"{replicas} {kind}s, mirrored" if replicas > 1 else kind
