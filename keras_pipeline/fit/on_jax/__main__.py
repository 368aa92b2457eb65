"""The process that trains on JAX: `python -m keras_pipeline.fit.on_jax FOLDER CHECKPOINT`.

Started by `keras_pipeline.fit.on_jax.process`, which holds its standard input open: when that ends, so does this.
"""

import os
import sys
import threading
import warnings
from pathlib import Path

# Keras looks for TensorFlow in order to know its types; to import it takes seconds and 400 MB.
sys.modules["tensorflow"] = None  # type: ignore[assignment]

from keras_pipeline.errors import UserError  # noqa: E402
from keras_pipeline.fit.on_jax.exchange import Answer, Exchange  # noqa: E402

_NO_INT64 = "Explicitly requested dtype int64"
"""JAX's ids are int32, which more words than there are fit into."""


def main(arguments: list[str]) -> int:
    """Train; 0, or 1 where `answer.json` tells a sentence."""
    exchange, checkpoint = Exchange(Path(arguments[0])), Path(arguments[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warnings.filterwarnings("ignore", message=_NO_INT64)
    answer = _answer(exchange, checkpoint)
    answer.save(exchange.answer)
    sys.stdout.flush()
    return 0 if answer.error is None else 1


def _answer(exchange: Exchange, checkpoint: Path) -> Answer:
    from jax.errors import JaxRuntimeError  # noqa: PLC0415 (seconds)

    try:
        return _trained(exchange, checkpoint)
    except UserError as error:
        return Answer(error=str(error), kind=type(error).__name__)
    except (MemoryError, JaxRuntimeError) as error:
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return Answer(error=str(error).partition("\n")[0], kind="MemoryError")


def _trained(exchange: Exchange, checkpoint: Path) -> Answer:
    from keras_pipeline.fit.on_jax.numeric_half import (  # noqa: PLC0415 (seconds)
        InterruptBetweenSteps,
        train,
    )

    return train(exchange, checkpoint, InterruptBetweenSteps())


def _end_with_parent() -> None:
    """Nobody would read what is made."""
    os.read(0, 1)  # `sys.stdin` would keep its lock while the interpreter ends
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
