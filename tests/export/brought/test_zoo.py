"""Anybody's Keras text models go through the whole gate: each is trained, saved, read back, exported, and asked elsewhere."""

import contextlib
import json
import shutil
import subprocess
import sys
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from trained_runs import NO_SERVER
from zoo import ZOO

from export.exporter import export_model
from export.gate.explanation_check import EXPLAIN
from export.gate.gate import CHECKS
from export.served.check import SERVER
from export.served.over_grpc import GrpcCaller
from export.served.process import free_ports
from export.served.questions import ASKED, Questions

FAST = ("mean_of_words",)
"""The other models wait for the slow suite."""

CHECKS_ALONE = tuple(check for check in CHECKS if check not in (SERVER, EXPLAIN))
"""A server for each would take minutes; one for all of them is asked below."""

BATCH = "a batch of empty texts only fails"
EQUAL = "all classes are equally likely"
TOLD = {
    "gru_of_any_length": BATCH,
    "mean_of_words": f"gives NaN in the Keras model; here {EQUAL}",
    "bilstm_with_an_average": f"gives NaN in the Keras model; here {EQUAL}",
    "first_letter": f"an empty text fails in the Keras model; here {EQUAL}",
    "strict_about_utf8": "bytes that are no UTF-8 fail",
}
"""What the card tells of awkward texts; of the other models that they are answered as Keras does."""

HEADS = {
    "subclassed_with_logits": "logits, softmax added; told by the compiled loss, its numbers",
    "gru_of_any_length": "logits, softmax added; told by the last layer's activation, the compiled loss, its numbers",
    "binary_sigmoid": "sigmoid; told by the last layer's activation",
    "binary_logit": "logits, sigmoid added; told by the last layer's activation, the compiled loss, its numbers",
}


def fitted(name, rows, folder):
    """A model of the zoo, trained and saved; the path of its file."""
    model = ZOO[name](rows.texts.tolist(), folder)
    texts = rows.texts[:, np.newaxis] if name == "functional_of_a_column" else rows.texts
    key = {"subclassed_of_dicts": "text", "functional_of_dicts": "tweet"}.get(name)
    pairs = ({key: texts}, {"answer": rows.labels}) if key else (texts, rows.labels)
    batches = tf.data.Dataset.from_tensor_slices(pairs).shuffle(1000, seed=1).batch(32)
    model.fit(batches, epochs=3, shuffle=False, verbose=0)
    model.save(folder / "theirs.keras")
    return folder / "theirs.keras"


@pytest.mark.filterwarnings("ignore:Layer 'global_max_pooling1d:UserWarning")
@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in ZOO]
)
def test_a_model_of_anybodys_passes_the_whole_gate(
    name, rows_of, shared_process, published, tmp_path
):
    """Compared in a process that has only TensorFlow, in batches of 1, 7, 33 and 2,048 rows and of none."""
    rows = rows_of(name)
    file = fitted(name, rows, tmp_path)
    asked = shared_process.asked
    path, report = export_model(
        file, published.folder / name, labels=rows.names, split=rows.split, servers=NO_SERVER
    )
    assert report.checks == (*CHECKS_ALONE, "quality")
    assert shared_process.asked == asked + 1
    published.answers[name] = (rows, report.answers)
    assert report.largest_difference < 1e-6
    card = json.loads((path / "assets.extra" / "model_card.json").read_text())
    graph = "fast" if name.startswith(("bilstm", "gru")) else "general"
    assert (card["graph"], card["labels"]) == (graph, list(rows.names))
    assert TOLD.get(name, "answered as the Keras model does") in card["brought"]["awkward texts"]
    assert card["brought"]["head"].startswith(HEADS.get(name, "softmax; told by "))
    answers_to_awkward_texts(path, TOLD.get(name, ""))
    weights_once(path)


def answers_to_awkward_texts(path, told):
    """No rows, rows without a word, NUL and bytes that are no UTF-8 get numbers that sum up to 1."""
    model = tf.saved_model.load(str(path))
    classes = len(model.labels())
    assert model(tf.constant([], tf.string)).shape == (0, classes)
    for texts in ([""], ["", " "], ["", "so happy"], ["\0", b"\xff\xfe caf\xe9", "?!"]):
        found = model(tf.constant(texts)).numpy()
        assert found.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
        if EQUAL in told and not texts[0]:
            assert found[0] == pytest.approx(np.full(classes, 1 / classes))
    if classes == 3 and BATCH in told:  # once: it is the same op in all of them
        wrong_rank(path)


def wrong_rank(path):
    """A server checks no shapes, where a session of Python does: the graph's own op is asked, and names the text."""
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for node in saved.meta_graphs[0].graph_def.node:
        if node.op == "Placeholder" and node.name.endswith("_text"):
            node.attr["shape"].shape.unknown_rank = True
            node.attr["shape"].shape.ClearField("dim")
            node.attr.pop("_output_shapes", None)
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(path))
        signature = loaded.signature_def["serving_default"]
        asked = {signature.inputs["text"].name: np.array([["two"], ["ranks"]], object)}
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"default_text.*\[2,1\].*\[\?\]"):
            session.run(signature.outputs["probabilities"].name, asked)


def weights_once(path):
    """`model.export` writes them twice."""
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    values = [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]
    large = [
        v.tobytes()
        for v in values
        if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size > 20
    ]
    assert len(large) == len(set(large))


@pytest.mark.slow
def test_one_server_loads_and_answers_for_all_of_them(published, tmp_path):
    """The models that the test above has published; tensorflow_model_server where it is on the PATH, else the embedded one."""
    if not published.answers:
        pytest.skip("no model has been published before")
    with server_of(published.folder, published.answers, tmp_path) as port:
        for name, (rows, answers) in published.answers.items():
            texts, expected = rows.split.texts.tolist(), answers[: len(rows.split.texts)]
            questions = Questions(texts, expected, None, rows.names, 1e-6)
            caller = GrpcCaller(f"127.0.0.1:{port}", name)
            for signature in ASKED:
                asked = np.arange(96)
                raw = questions.encoded(asked)
                parts = [caller.ask(signature, raw[start : start + 32]) for start in (0, 32, 64)]
                found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
                questions.compare(signature, asked, found)
            caller.close()


@contextlib.contextmanager
def server_of(folder, names, place):
    """The port of a server of all these models, once it serves them."""
    models = "".join(
        f"config {{ name: '{name}' base_path: '{folder / name}' model_platform: 'tensorflow' }}\n"
        for name in names
    )
    config = place / "models.config"
    config.write_text(f"model_config_list {{\n{models}}}\n")
    port, _ = free_ports()
    real = shutil.which("tensorflow_model_server")
    command = [real] if real else [sys.executable, "-m", "serving.server", "--host=127.0.0.1"]
    command += [f"--port={port}", f"--model_config_file={config}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            callers = [GrpcCaller(f"127.0.0.1:{port}", name) for name in names]
            give_up = time.monotonic() + 120
            while not all(map(serves, callers)):
                assert process.poll() is None
                assert time.monotonic() < give_up
                time.sleep(0.1)
            for caller in callers:
                caller.close()
            yield port
        finally:
            process.kill()


def serves(caller):
    """Whether the model is there; a server that is still to come is not."""
    with contextlib.suppress(grpc.RpcError):
        state, failure = caller.state()
        assert not failure
        return state
    return False
