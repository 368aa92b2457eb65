"""Raw tweets to token ids, alone."""

from typing import Any

import tensorflow as tf

from benchmarks.shared.bench import Bench, say
from benchmarks.shared.results import NOTEBOOK, PRODUCT, PRODUCT_KERAS, Row, Section
from benchmarks.shared.turns import Call, take_turns
from benchmarks.shared.workload import batches_of
from export.errors import ExportError
from export.graph.token_ids import TokenIds
from keras_pipeline.model import SentimentModel

_SIZES = {1: "a tweet, alone", 256: "a tweet, in 256"}
_BURST = 10


def measure(bench: Bench) -> Section:
    """Microseconds a tweet from a Python list of raw tweets to ids."""
    layers, served = string_halves(bench.model)
    calls: dict[str, Call] = {
        PRODUCT: served,
        PRODUCT_KERAS: layers,
        NOTEBOOK: bench.notebook.token_ids,
    }
    rows: list[Row] = []
    for size, what in _SIZES.items():
        say(f"preprocessing: {what}")
        batches = batches_of(bench.speed_texts, size, bench.plan.call_rounds * _BURST)
        times = take_turns(calls, batches, bench.plan, burst=_BURST)
        rows += [Row.time(what, who, seconds, "µs", size) for who, seconds in times.items()]
    return Section(
        name="preprocessing",
        title="Preprocessing alone",
        rows=rows,
        baseline=NOTEBOOK,
        notes=(
            (
                "From a Python list of raw tweets to ids in memory: cleaning, tokens, ids, padding; one "
                "call from Python included. `load_model`: the same by the Keras layers, as one tf.function."
            ),
        ),
    )


def string_halves(model: SentimentModel) -> tuple[Call, Call]:
    """The Keras layers, and the string half that the exported graph holds, each one tf.function."""
    layers = _compiled(model.token_ids)
    try:
        served = TokenIds(model.cleaner, model.vectorizer, model.padded_length)
    except ExportError:  # the exported graph holds the layers themselves then
        return layers, layers
    return layers, _compiled(served)


def _compiled(function: Any) -> Call:
    spec = [tf.TensorSpec([None], tf.string)]
    compiled = tf.function(function, input_signature=spec, autograph=False)
    return lambda texts: compiled(tf.constant(texts))
