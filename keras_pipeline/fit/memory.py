"""Settings that no memory of this machine holds, and memory that ran out: one sentence with what to lower.

check_fits(config)                        before anything is read: a lower bound, by the settings alone
check_fits(config, words=12_345, ...)     once the vocabulary is known, before a layer is made
with explain_shortage(config): ...        what TensorFlow, NumPy or Python say while it trains

What is counted is what a training cannot do without, each number as float32; a machine with as much memory
as that may still run out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import MemoryShortageError

_BYTES: Final = 4
_COPIES: Final = 4
"""Of every weight: itself, its gradient, and two moments of Adam's."""

_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux tells what a container may take; there may be neither, or no number in it."""


def check_fits(
    config: TrainConfig,
    *,
    words: int | None = None,
    rows: int = 0,
    memory: int | None = None,
) -> None:
    """Refuse settings that need more memory than this machine has.

    Args:
        config: the settings.
        words: rows of the embedding table; the fewest that there can be by default.
        rows: to learn from, where a batch of them lies in this memory; none where a GPU, which tells by
            itself what it cannot hold, has one of its own.
        memory: bytes that there are; by default those of this machine, or of its container.

    Raises:
        MemoryShortageError: it names the settings that take most.
    """
    available = memory_bytes() if memory is None else memory
    needs = {**_weights(config, words or 3), **_batch(config, rows)}
    total = sum(needs.values())
    if total > available:
        largest = max(needs, key=lambda names: needs[names])
        raise MemoryShortageError(
            f"Training must fit into the {_shown(available)} of memory of this machine; lower "
            f"{_options(largest)}. Received: {_values(config, largest)}, which need {_shown(total)}"
        )


@contextmanager
def explain_shortage(config: TrainConfig) -> Iterator[None]:
    """Turn what says that memory ran out into one sentence.

    Raises:
        MemoryShortageError: in place of a MemoryError, and of TensorFlow's ResourceExhaustedError.
    """
    import tensorflow as tf  # noqa: PLC0415 (seconds; the checks above do without)

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        # Of the setting that takes most of a step: what a graph of TensorFlow's names is a node of it.
        needs = {**_weights(config, config.vocabulary_size), **_batch(config, config.batch_size)}
        largest = max(needs, key=lambda names: needs[names])
        reason = next(iter(str(getattr(error, "message", error)).strip().splitlines()), "")
        raise MemoryShortageError(
            f"Training ran out of memory; lower {_options(largest)}, or end what else takes memory. "
            f"Received: {_values(config, largest)} ({reason[:200] or type(error).__name__})"
        ) from None


def memory_bytes() -> int:
    """What this machine has, or what its container may take of it."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in _LIMITS:
        with suppress(OSError, ValueError):  # "max": no limit
            limits.append(int(Path(file).read_text(encoding="ascii")))
    return min(limits)


Needs = dict[tuple[str, ...], int]


def _weights(config: TrainConfig, words: int) -> Needs:
    """Bytes of each layer's weights, by the settings that say how large it is."""
    units, dimensions = config.lstm_units, config.embedding_dim
    read = units * (4 if config.max_mean_pooling else 2)
    numbers = {
        ("vocabulary_size", "embedding_dim"): words * dimensions,
        ("lstm_units", "embedding_dim"): 2 * 4 * units * (dimensions + units + 1),
        ("dense_units", "lstm_units"): config.dense_units * (read + len(config.labels) + 1),
    }
    return {names: count * _BYTES * _COPIES for names, count in numbers.items()}


def _batch(config: TrainConfig, rows: int) -> Needs:
    """Bytes that one step keeps of a batch, of one token a row where batches are padded to their longest."""
    length = 1 if config.pad_to_longest else config.sequence_length
    numbers = config.embedding_dim + 2 * (4 + 1) * config.lstm_units
    return {
        ("batch_size", "sequence_length", "lstm_units"): config.readings
        * min(config.batch_size, rows)
        * length
        * numbers
        * _BYTES
    }


def _options(names: tuple[str, ...]) -> str:
    options = [f"--{name.replace('_', '-')}" for name in names]
    return f"{', '.join(options[:-1])} or {options[-1]}"


def _values(config: TrainConfig, names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}={getattr(config, name)}" for name in names)


def _shown(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
