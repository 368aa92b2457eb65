"""From the first import to the first answer, in a fresh process; prints the seconds.

python -m benchmarks.shared.first_answer client localhost:8500
python -m benchmarks.shared.first_answer load_model runs/NAME
python -m benchmarks.shared.first_answer notebook FOLDER
"""

from time import perf_counter

_BEGAN_AT = perf_counter()

import sys  # noqa: E402 (the clock runs before anything is imported)

TWEET = "what a lovely day"


def client(address: str) -> None:
    """Ask a server that is up."""
    from serving.client import SentimentClient  # noqa: PLC0415 (its import is what is timed)

    with SentimentClient(address) as asking:
        asking.predict([TWEET])


def load_model(run: str) -> None:
    """Load a trained run and call it."""
    from keras_pipeline import load_model as load  # noqa: PLC0415

    load(run)([TWEET]).numpy()


def notebook(folder: str) -> None:
    """Load the notebook's tokenizer and network and call them."""
    from pathlib import Path  # noqa: PLC0415

    from benchmarks.peers.notebook import Notebook  # noqa: PLC0415

    Notebook.load(Path(folder)).predict([TWEET])


if __name__ == "__main__":
    {"client": client, "load_model": load_model, "notebook": notebook}[sys.argv[1]](sys.argv[2])
    print(perf_counter() - _BEGAN_AT)
