"""Processes of several hosts find each other, and the first one hands the others what it was given.

So only the first host needs the table, the run and its checkpoint, and all of them begin with the same.
"""

import json
from pathlib import Path
from typing import Any, Final

import jax
import numpy as np
from jax.experimental import multihost_utils

from keras_pipeline.fit.on_jax.exchange import Exchange

WAIT_SECONDS: Final = 1800
"""The first host reads and encodes its table before it comes."""

SILENCE_SECONDS: Final = 30
"""After so many without a sign of life a host counts as gone, and the others end."""

_PIECE_BYTES: Final = 2**26

Array = np.ndarray[Any, Any]


def meet(address: str, count: int, index: int) -> None:
    """Wait until all hosts are there; before JAX computes anything."""
    print(f"Waiting for {count - 1} more of {count} hosts, at {address}", flush=True)
    jax.distributed.initialize(
        address,
        count,
        index,
        initialization_timeout=WAIT_SECONDS,
        heartbeat_timeout_seconds=SILENCE_SECONDS,
        shutdown_timeout_seconds=SILENCE_SECONDS,
    )


def hand_out(exchange: Exchange, checkpoint: Path) -> None:
    """Give every host the first one's files: what it was given, and its checkpoint."""
    files = {}
    if jax.process_index() == 0:
        files = {path.name: path.read_bytes() for path in sorted(exchange.given.iterdir())}
        if checkpoint.is_file():
            files[""] = checkpoint.read_bytes()
    sizes = [[name, len(content)] for name, content in files.items()]
    header = json.dumps(sizes).encode() if files else b""
    # Arrays must be as long at every host: first it is told how long.
    length = int(_from_first(np.asarray([len(header)], np.int32))[0])
    told = json.loads(_all_bytes(header, length))
    exchange.given.mkdir(parents=True, exist_ok=True)
    for name, size in told:
        content = _all_bytes(files.get(name, b""), size)
        if jax.process_index():
            (exchange.given / name if name else checkpoint).write_bytes(content)


def _all_bytes(mine: bytes, size: int) -> bytes:
    """Those of the first host; the others have none."""
    pieces = []
    for start in range(0, size, _PIECE_BYTES):
        length = min(_PIECE_BYTES, size - start)
        piece = np.zeros(length, np.uint8)
        if mine:
            piece[:] = np.frombuffer(mine, np.uint8, length, start)
        pieces.append(_from_first(piece).astype(np.uint8).tobytes())
    return b"".join(pieces)


def _from_first(array: Array) -> Array:
    return np.asarray(multihost_utils.broadcast_one_to_all(array))
