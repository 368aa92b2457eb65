"""What a process that has only TensorFlow gets out of a SavedModel. Run as a script, never imported.

    python -I tensorflow_alone.py TASKS.json ANSWERS.npz

It loads the directory twice: by `tf.saved_model.load`, as a Python user does, and into a session, as
tensorflow_model_server does. The two differ: a graph that holds Keras's own variable objects loads
by the first and has no weights in the second (seen with Keras 3.15 on TensorFlow 2.21). Where nobody asks the
loaded object it loads into a session alone, which is a quarter of such a process's time.
"""

import base64
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

# Neither this project's code nor Keras may be needed: an import of either fails. Nor JAX, which TensorFlow
# imports where it finds it: a tenth of the start.
if __name__ == "__main__":
    for _module in ("keras_pipeline", "export", "serving", "keras", "tf_keras", "jax"):
        sys.modules[_module] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

Answers = dict[str, Any]

WARM_UP = 50
LEAST_CALLS, MOST_CALLS, MOST_S = 30, 1000, 5.0
"""Of the answers that are timed: of a fast model a thousand, of a slow one as many as five seconds hold."""


def main(tasks_file: str, answers_file: str) -> None:
    """Do the tasks and write the answers.

    Args:
        tasks_file: JSON: `directory`, `warmup` (path or null), `rows` to ask the loaded object, `runs`,
            each with `name`, `signature`, `size` (rows of a batch) and `values` (base64), and `timed`, with
            `signature`, its `input` and `output`, and `values`.
        answers_file: npz to write: for every run `name/output`; where they are asked for `loaded` and
            `labels` of the loaded object, `warmup` (requests replayed), `seconds` and `threads`.
    """
    tf.get_logger().setLevel("ERROR")
    tasks = json.loads(Path(tasks_file).read_text(encoding="utf-8"))
    rows, timed = _decoded(tasks["rows"]), tasks["timed"]
    answers: Answers = {}
    if rows or timed["values"]:
        loaded = _with_text_ops(lambda: tf.saved_model.load(tasks["directory"]))
        answers |= _ask_loaded_object(loaded, rows)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        server = Server(session, tasks["directory"])
        for run in tasks["runs"]:
            answers |= server.run(run)
        if tasks["warmup"]:
            answers["warmup"] = server.replay(tasks["warmup"])
    if timed["values"]:  # last: whatever else this machine does for the gate is over by then
        answers |= _timed(loaded, timed)
    np.savez(answers_file, **answers)


def _ask_loaded_object(loaded: Any, texts: list[bytes]) -> Answers:
    return {"loaded": loaded(texts).numpy(), "labels": loaded.labels().numpy().astype(bytes)}


def _timed(loaded: Any, timed: dict[str, Any]) -> Answers:
    """Seconds of single answers, raw text to NumPy, and the threads that gave them."""
    texts, signature = _decoded(timed["values"]), loaded.signatures[timed["signature"]]

    def seconds_of(text: bytes) -> float:
        began_at = perf_counter()
        signature(**{timed["input"]: tf.constant([text])})[timed["output"]].numpy()
        return perf_counter() - began_at

    for text in texts[:WARM_UP]:
        seconds_of(text)
    gc.collect()
    gc.disable()  # a collection over TensorFlow's objects takes 0.3 s
    seconds: list[float] = []
    while len(seconds) < LEAST_CALLS or (len(seconds) < MOST_CALLS and sum(seconds) < MOST_S):
        seconds.append(seconds_of(texts[len(seconds) % len(texts)]))
    threading = tf.config.threading
    found = (
        threading.get_intra_op_parallelism_threads()
        or int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0),
        threading.get_inter_op_parallelism_threads()
        or int(os.environ.get("TF_NUM_INTEROP_THREADS") or 0),
    )
    return {"seconds": np.array(seconds), "threads": np.array(found)}


def _with_text_ops(load: Callable[[], Any]) -> Any:
    """What `load` gives; TensorFlow Text's ops are registered where it asks, as the official server does."""
    try:
        return load()
    except Exception as error:  # of another kind from one release of TensorFlow to the next
        if "Op type not registered" not in str(error):
            raise
        _register_text_ops()
        return load()


def _register_text_ops() -> None:
    """The libraries alone: the Python package around them imports Keras."""
    package = importlib.util.find_spec("tensorflow_text")
    for folder in (package and package.submodule_search_locations) or ():
        for library in sorted(Path(folder).rglob("_*.so")):
            tf.load_op_library(str(library))


class Server:
    """A SavedModel in a session, asked by signature as a server does."""

    def __init__(self, session: Any, directory: str) -> None:
        self._session = session
        load = tf.compat.v1.saved_model.loader.load
        loaded = _with_text_ops(lambda: load(session, ["serve"], directory))
        self._signatures = loaded.signature_def

    def run(self, run: dict[str, Any]) -> Answers:
        """All batches of one run; each output in one array."""
        values, size = _decoded(run["values"]), run["size"]
        batches = [values[start : start + size] for start in range(0, len(values), size)]
        parts = [self.ask(run["signature"], batch) for batch in batches or [[]]]
        return {
            f"{run['name']}/{output}": np.concatenate([part[output] for part in parts])
            for output in parts[0]
        }

    def ask(self, signature: str, values: list[bytes]) -> Answers:
        """One request; strings come back as bytes arrays."""
        definition = self._signatures[signature]
        (tensor,) = definition.inputs.values()
        fetched = {name: output.name for name, output in definition.outputs.items()}
        answers = self._session.run(fetched, {tensor.name: np.array(values, dtype=object)})
        return {n: a.astype(bytes) if a.dtype == object else a for n, a in answers.items()}

    def replay(self, path: str) -> int:
        """Send every warmup request; tell how many there were."""
        count = 0
        for record in tf.compat.v1.io.tf_record_iterator(path):
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.WhichOneof("log_type") == "classify_log":
                request = log.classify_log.request
                examples = request.input.example_list.examples
                values = [example.SerializeToString() for example in examples]
            else:
                request = log.predict_log.request
                (proto,) = request.inputs.values()
                values = list(proto.string_val)
            self.ask(request.model_spec.signature_name, values)
            count += 1
        return count


def _decoded(values: list[str]) -> list[bytes]:
    return [base64.b64decode(value) for value in values]


if __name__ == "__main__":
    main(*sys.argv[1:])
