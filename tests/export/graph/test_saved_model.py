"""What a version directory holds, and how it answers whoever asks whatever."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from changed_models import of_unknown_layers
from tensorflow.core.protobuf import saved_model_pb2

from export.errors import ExportError
from export.gate.answer_checks import NASTY
from export.gate.graph_ops import ops_of, unservable
from export.graph.saved_model import ServingModule, write_saved_model
from export.graph.warmup import WARMUP_REQUESTS
from export.settings import GRAPHS
from export.signatures import SIGNATURES
from keras_pipeline.labels import SENTIMENTS

TEXTS = ["I love it!!!", "so sad http://t.co/x", ""]


@pytest.fixture(scope="session")
def exported(tiny_run) -> Path:
    """The version that the tiny run published."""
    return tiny_run / "exported" / "1"


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory):
    """The graph in a session, as tensorflow_model_server runs it: nothing checks shapes before it.

    Python's own session does check, by the placeholder's shape; so that is taken off a copy.
    """
    copy = tmp_path_factory.mktemp("unchecked")
    subprocess.run(["cp", "-r", f"{exported}/.", str(copy)], check=True)  # noqa: S607 (cp)
    saved = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    for node in saved.meta_graphs[0].graph_def.node:
        if node.op == "Placeholder" and node.name.endswith(("_text", "_inputs")):
            node.attr["shape"].shape.Clear()
            node.attr["shape"].shape.unknown_rank = True
            node.attr.pop("_output_shapes", None)
    (copy / "saved_model.pb").write_bytes(saved.SerializeToString())
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(copy))

    def ask(signature, values):
        definition = meta.signature_def[signature]
        (tensor,) = definition.inputs.values()
        fetched = {name: output.name for name, output in definition.outputs.items()}
        return session.run(fetched, {tensor.name: np.array(values, dtype=object)})

    yield ask
    session.close()


def example(**features: bytes) -> bytes:
    lists = {
        n: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v])) for n, v in features.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=lists)).SerializeToString()


def test_the_ways_for_many_rows_stand_in_the_file_once(exported):
    """One of the strings and two of the numbers, whatever number of signatures call them: three tenths of the file less."""
    saved = saved_model_pb2.SavedModel.FromString((exported / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    assert sum(function.attr["_noinline"].b for function in functions) == 3


def test_the_signatures_are_as_declared(exported):
    """Names, dtypes, shapes and method names, as written in the file."""
    saved = saved_model_pb2.SavedModel.FromString((exported / "saved_model.pb").read_bytes())
    found = saved.meta_graphs[0].signature_def
    assert set(SIGNATURES) == {"serving_default", "label", "classify"}
    assert {*SIGNATURES, "explain"} == set(found) - {"__saved_model_init_op"}
    assert found["classify"].method_name == "tensorflow/serving/classify"
    assert found["serving_default"].method_name == "tensorflow/serving/predict"
    assert [dim.size for dim in found["label"].outputs["probabilities"].tensor_shape.dim] == [-1, 3]


def test_the_loaded_object_answers_a_list_and_tells_its_labels(loaded, tiny_model):
    np.testing.assert_allclose(loaded(TEXTS), tiny_model(TEXTS), atol=1e-6)
    assert [label.decode() for label in loaded.labels().numpy()] == list(SENTIMENTS)


def test_label_and_classify_say_what_the_probabilities_say(loaded, tiny_model):
    expected = tiny_model(TEXTS).numpy()
    label = loaded.signatures["label"](text=tf.constant(TEXTS))
    assert [name.decode() for name in label["label"].numpy()] == [
        SENTIMENTS[i] for i in expected.argmax(axis=1)
    ]
    np.testing.assert_allclose(label["score"], expected.max(axis=1), atol=1e-6)
    examples = tf.constant([example(text=text.encode()) for text in TEXTS])
    classified = loaded.signatures["classify"](inputs=examples)
    np.testing.assert_allclose(classified["scores"], expected, atol=1e-6)
    assert classified["classes"].numpy().tolist() == [[name.encode() for name in SENTIMENTS]] * 3


def test_assets_are_text(exported, tiny_model):
    assert (exported / "assets/labels.txt").read_text() == "negative\nneutral\npositive\n"
    lines = (exported / "assets/vocabulary.txt").read_text().split("\n")[:-1]
    assert lines == tiny_model.vectorizer.get_vocabulary()


def test_warmup_requests_reach_every_signature(exported):
    from tensorflow_serving.apis import prediction_log_pb2

    records = list(tf.data.TFRecordDataset(str(exported / WARMUP_REQUESTS)).as_numpy_iterator())
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    predicted = {
        log.predict_log.request.model_spec.signature_name
        for log in logs
        if log.HasField("predict_log")
    }
    assert predicted == {"serving_default", "label", "explain"}
    assert any(log.HasField("classify_log") for log in logs)
    rows = {
        log.predict_log.request.inputs["text"].tensor_shape.dim[0].size
        for log in logs
        if log.HasField("predict_log")
    }
    assert rows == {1, 8, 32}, "one for each way to compute, none too large for a server's batches"
    assert len(records) == 10, "explain computes any number of rows in one way"


@pytest.mark.parametrize("signature", ["serving_default", "label", "explain"])
def test_no_tweets_give_no_rows(server, signature):
    """An empty batch once killed a server: BlockLSTMV2 got a negative length."""
    assert server(signature, [])["probabilities"].shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "shape"), [("alone", "[]"), ([["a"], ["b"]], "[2,1]"), ([[]], "[1,0]")]
)
@pytest.mark.parametrize("signature", [*SIGNATURES, "explain"])
def test_another_rank_gets_one_sentence(server, signature, text, shape):
    """It names the input and the shape it got, with no inner node's name in front."""
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        server(signature, text)
    name = "classify_inputs" if signature == "classify" else f"{signature}_text"
    expected = f"Shape of tensor _arg_{name}_0_0 {shape} is not compatible with expected shape [?]."
    sentence = caught.value.message.removeprefix("Graph execution error:\n\n").split("\n")[0]
    assert sentence == expected


def test_hostile_texts_are_answered(server):
    answers = server("serving_default", [*NASTY, "a" * 1_000_000, "b " * 500_000])["probabilities"]
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_ten_thousand_rows_are_answered(server):
    assert server("serving_default", ["so happy to see you"] * 10_000)["probabilities"].shape == (
        10_000,
        3,
    )


def test_an_example_without_the_feature_gets_a_status_that_names_it(server):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Feature: text .* is required but could not be found"
    ):
        server("classify", [example(tweet=b"hello")])


def test_what_is_no_example_gets_a_status(server):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example input"):
        server("classify", [b"no example at all"])


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_graph_is_servable_and_answers_the_same(tiny_model, tmp_path, graph):
    write_saved_model(tiny_model, tmp_path / graph, graph)
    assert unservable(ops_of(tmp_path / graph)) == {}
    answers = tf.saved_model.load(str(tmp_path / graph))(TEXTS)
    np.testing.assert_allclose(answers, tiny_model(TEXTS), atol=1e-6)


@pytest.mark.parametrize(
    "op", ["CudnnRNNV3", "XlaLaunch", "PyFunc", "EagerPyFunc", "Addons>Lstm", "Einsum"]
)
def test_ops_that_not_every_server_runs_are_named(op):
    assert list(unservable({"MatMul", op})) == [op]


def test_an_unknown_graph_is_named(tiny_model):
    with pytest.raises(ExportError, match="Received: graph='fastest'"):
        ServingModule(tiny_model, "fastest")


def test_layers_it_does_not_know_are_refused_by_the_fast_graphs(tmp_path):
    """A graph that computed another function than the trained one would be worse than a slow one."""
    model = of_unknown_layers()
    with pytest.raises(
        ExportError, match="only the plain Keras graph can serve a classifier built of"
    ):
        write_saved_model(model, tmp_path / "auto")
    write_saved_model(model, tmp_path / "keras", "keras")
    np.testing.assert_allclose(
        tf.saved_model.load(str(tmp_path / "keras"))(["so sad"]), model(["so sad"]), atol=1e-6
    )


@pytest.mark.slow
def test_a_process_with_only_tensorflow_reloads_it(exported, tmp_path, tiny_model):
    """Neither this project nor Keras can be imported there."""
    code = (
        "import sys\n"
        "for name in ('keras', 'keras_pipeline', 'export'): sys.modules[name] = None\n"
        "import numpy, tensorflow as tf\n"
        f"numpy.save(sys.argv[2], tf.saved_model.load(sys.argv[1])({TEXTS!r}).numpy())\n"
    )
    answers = tmp_path / "answers.npy"
    subprocess.run([sys.executable, "-I", "-c", code, str(exported), str(answers)], check=True)
    np.testing.assert_allclose(np.load(answers), tiny_model(TEXTS), atol=1e-6)
