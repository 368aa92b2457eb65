"""Values that no function of ours should be given from Python."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from attempts import Tally
from bad_words import WORDS

from keras_pipeline import load_model
from keras_pipeline.data_source import DataSource, find_source
from keras_pipeline.errors import UserError
from serving.client import SentimentClient
from serving.client.errors import ServingError

TEXTS = (None, 1, 1.5, True, "a bare string", b"bytes", [1, 2], [None], ["a", None], ["a", 1], [["a"]], {"a": 1},
         {"a"}, np.zeros(3), np.zeros((2, 2), object), np.array("a"), object(), iter(["a"]), [b"\xff"], [""], [],
         ["a\0b"], ["\ud800"], np.array(["a"], "S1"), (word for word in ("a",)), [float("nan")])  # fmt: skip


def attack(run: Path | None) -> Iterator[Tally]:
    """The model and the client.

    Args:
        run: a finished run; None leaves out the model.
    """
    if run is not None:
        yield models(run)
    yield clients()
    yield sources()


def models(run: Path) -> Tally:
    """What is no list of texts."""
    tally = Tally("odd values to the model in Python")
    model = load_model(run)
    for value in TEXTS:
        tally.function(model, value, errors=(TypeError, ValueError))
        tally.function(model.predict, value, verbose=0, errors=(TypeError, ValueError))
    return tally


def clients() -> Tally:
    """Settings and texts of the client; nobody is asked, for nobody is there."""
    tally = Tally("odd values to the client in Python")
    promised = (TypeError, ValueError, ServingError, OSError)
    numbers = (None, "", "1", -1, 0, 2**63, 1.5, float("nan"), float("inf"), True, b"1", [], {})
    for name in ("timeout_s", "max_batch_size", "version"):
        for value in numbers:
            tally.function(opened, errors=promised, **{name: value})
    for name in ("address", "model_name", "version_label", "signature_name"):
        for word in WORDS:
            tally.function(opened, errors=promised, **{name: word})
    with contextlib.closing(SentimentClient("127.0.0.1:1", timeout_s=0.2)) as client:
        for value in TEXTS:
            tally.function(client.predict, value, errors=promised)
    return tally


def opened(**settings: object) -> None:
    """A client that is closed again."""
    SentimentClient(**{"address": "127.0.0.1:1", **settings}).close()


def sources() -> Tally:
    """`DataSource` and `find_source`."""
    tally = Tally("odd values that tell which table to read")
    for word in (*WORDS, "a\0b"):
        tally.function(find_source, word, label_column=word, errors=UserError)
        tally.function(DataSource, Path("a"), label_map=word, errors=UserError)
    return tally
