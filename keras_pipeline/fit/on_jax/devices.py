"""Where JAX computes: every device that it sees, each with its share of every batch."""

import collections

import jax
import keras


def share_batches() -> str:
    """Let all devices of all hosts share each batch; to be called before a model is built.

    Returns:
        One line that tells of them, such as "JAX: 4 x cpu, sharing each batch".
    """
    devices = collections.Counter(device.device_kind for device in jax.devices())
    told = ", ".join(f"{count} x {kind}" for kind, count in devices.items())
    if jax.device_count() == 1:
        return f"JAX: {told}"
    names = keras.distribution.list_devices()
    # Each host cuts its own part of a batch itself.
    data_parallel = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    keras.distribution.set_distribution(data_parallel)
    return f"JAX: {told}, sharing each batch"
