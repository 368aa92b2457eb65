"""The process that trains on JAX: `python -m keras_pipeline.fit.on_jax FOLDER CHECKPOINT [ADDRESS HOSTS INDEX]`.

Started by `keras_pipeline.fit.on_jax.process`, which holds its standard input open: when that ends, so does this.
"""

import os
import re
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import NoReturn

# Until training catches it, Ctrl-C ends this at once and without a word, also where JAX waits for other hosts.
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Keras looks for TensorFlow in order to know its types; to import it takes seconds and 400 MB.
sys.modules["tensorflow"] = None  # type: ignore[assignment]

from keras_pipeline.errors import UserError  # noqa: E402
from keras_pipeline.fit.on_jax.exchange import Answer, Exchange  # noqa: E402

_NO_INT64 = "Explicitly requested dtype int64"
"""JAX's ids are int32, which more words than there are fit into."""

_LOST = re.compile(
    "Gloo|NCCL|UNAVAILABLE|DEADLINE_EXCEEDED|ABORTED|[Hh]eartbeat|distributed service"
)
_STATUS = re.compile(f"RESOURCE_EXHAUSTED|{_LOST.pattern}")

_AGAIN = re.compile(r"\b([\w ]+: )\1+")
"""Each level of XLA puts the same words before its error; the reason stood behind a line of them."""


def main(arguments: list[str]) -> None:
    """Train, and end with 0, or with 1 where `answer.json` tells a sentence."""
    exchange, checkpoint = Exchange(Path(arguments[0])), Path(arguments[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warnings.filterwarnings("ignore", message=_NO_INT64)
    try:
        answer = _answer(exchange, checkpoint, arguments[2:])
        answer.save(exchange.answer)
    except BaseException:  # noqa: BLE001 (told, whatever it is)
        traceback.print_exc()
        _end(1)
    if answer.error is not None or answer.interrupted:
        _end(int(answer.error is not None))


def _end(status: int) -> NoReturn:
    """Without waiting for other hosts, which may be gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _answer(exchange: Exchange, checkpoint: Path, hosts: list[str]) -> Answer:
    try:
        return _trained(exchange, checkpoint, hosts)
    except UserError as error:
        return Answer(error=str(error), kind=type(error).__name__)
    except MemoryError as error:
        return Answer(error=str(error), kind="MemoryError")
    except Exception as error:
        reason = _reason(error)
        if "RESOURCE_EXHAUSTED" in reason:
            return Answer(error=reason, kind="MemoryError")
        if hosts and _LOST.search(reason):
            return Answer(error=f"JAX says: {reason}", kind="LostHost")
        raise


def _reason(error: BaseException) -> str:
    """What JAX says; Keras's trainer may fail over what JAX's error left behind, and tell of that alone."""
    lines = []
    failed: BaseException | None = error
    while failed is not None:
        lines.append(str(failed).partition("\n")[0])
        failed = failed.__context__
    reason = next((line for line in lines if _STATUS.search(line)), lines[0])
    return _AGAIN.sub(r"\1", reason)


def _trained(exchange: Exchange, checkpoint: Path, hosts: list[str]) -> Answer:
    from keras_pipeline.fit.on_jax import meeting, numeric_half  # noqa: PLC0415 (seconds)

    if not hosts:
        return numeric_half.train(exchange, checkpoint)
    address, count, index = hosts[0], int(hosts[1]), int(hosts[2])
    meeting.meet(address, count, index)
    meeting.hand_out(exchange, checkpoint)
    return numeric_half.train(exchange, checkpoint, index, count)


def _end_with_parent() -> None:
    """Nobody would read what is made."""
    os.read(0, 1)  # `sys.stdin` would keep its lock while the interpreter ends
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
