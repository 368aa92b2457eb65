"""What can be measured, and what the contenders are called in every table."""

from typing import Final

MEASUREMENTS: Final = {
    "latency": "benchmarks.measurements.latency",
    "throughput": "benchmarks.measurements.throughput",
    "preprocessing": "benchmarks.measurements.preprocessing",
    "grpc": "benchmarks.measurements.grpc_load",
    "start": "benchmarks.measurements.start",
    "growth": "benchmarks.measurements.growth",
    "training": "benchmarks.measurements.training",
    "quality": "benchmarks.measurements.quality",
}
"""Name for `--only` to the module whose `measure` does it, in the order of the run and the report.

Short ones first: a host that shares its processors gave ours to others after some 20 minutes of work
(46 % of the 44 minutes of a run that began with the trainings), and scores do not mind.
"""

PRODUCT: Final = "this project"
"""The exported graph, called by its signature; the model that training saved, where it is trained."""

PRODUCT_KERAS: Final = "this project, load_model"
"""The same model as a Keras object: `load_model(run)(texts)`."""

PLAIN_EXPORT: Final = "plain Keras export"
"""The same model exported as Keras traces it, `--graph keras`."""

NOTEBOOK: Final = "notebook's way"
"""Python cleaning, legacy Tokenizer, pad_sequences, `model.predict`."""

COMPILED: Final = "notebook, compiled"
"""The same network behind the same Python code, called as one tf.function."""

TFIDF: Final = "TF-IDF + logistic regression"
FASTTEXT: Final = "fastText"
ARITHMETIC: Final = "arithmetic floor"
"""The least time for the operations or the bytes of the BiLSTM at this machine's measured rates."""

PRODUCT_BATCHED: Final = "this project, batching"
RPC_FLOOR: Final = "RPC floor"
"""A model that does nothing, on the same server."""
