"""Each check of the gate, provoked: what it catches, and that nothing gets past it into the folder."""

import json
import shutil

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from trained_runs import NO_SERVER

from export.errors import GateError
from export.gate.gate import CHECKS, pass_gate
from export.graph import explaining
from export.graph.saved_model import write_saved_model
from export.graph.warmup import WARMUP_REQUESTS, write_warmup
from export.settings import Tolerances
from keras_pipeline.model import SentimentModel


@pytest.fixture
def version(tiny_run, tmp_path):
    """A copy of what the tiny run published, to spoil."""
    return shutil.copytree(tiny_run / "exported" / "1", tmp_path / "version")


def edit_graph(version, change):
    path = version / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(saved.meta_graphs[0])
    path.write_bytes(saved.SerializeToString())


def refused(version, model, split_, **options):
    with pytest.raises(GateError) as caught:
        pass_gate(version, model, split_, servers=NO_SERVER, **options)
    return caught.value


def test_a_smuggled_cudnn_op_is_caught_by_ops(version, tiny_model, test_split):
    def smuggle(meta):
        meta.graph_def.library.function[0].node_def.add(name="rnn", op="CudnnRNNV3")

    edit_graph(version, smuggle)
    error = refused(version, tiny_model, test_split)
    assert (error.check, error.received) == ("ops", "CudnnRNNV3 (runs on some machines only)")


def test_a_signature_with_another_name_is_caught_by_signatures(version, tiny_model, test_split):
    def rename(meta):
        outputs = meta.signature_def["serving_default"].outputs
        outputs["output_0"].CopyFrom(outputs.pop("probabilities"))

    edit_graph(version, rename)
    error = refused(version, tiny_model, test_split)
    assert error.check == "signatures"
    assert "output_0" in error.received


def test_a_predict_method_on_classify_is_caught_by_signatures(version, tiny_model, test_split):
    def rename(meta):
        meta.signature_def["classify"].method_name = "tensorflow/serving/predict"

    edit_graph(version, rename)
    assert refused(version, tiny_model, test_split).check == "signatures"


def test_a_stale_vocabulary_file_is_caught_by_assets(version, tiny_model, test_split):
    path = version / "assets" / "vocabulary.txt"
    lines = path.read_text().split("\n")
    lines[2], lines[3] = lines[3], lines[2]
    path.write_text("\n".join(lines))
    error = refused(version, tiny_model, test_split)
    assert error.check == "assets"
    assert error.received.endswith("the first difference in line 3")


@pytest.mark.slow
@pytest.mark.usefixtures("own_process")
def test_a_corrupted_variable_is_caught_by_reload(version, tiny_model, test_split):
    """TensorFlow keeps a checksum of every variable."""
    (data,) = version.glob("variables/variables.data*")
    raw = bytearray(data.read_bytes())
    raw[100] ^= 0xFF
    data.write_bytes(raw)
    error = refused(version, tiny_model, test_split)
    assert error.check == "reload"
    assert "Checksum does not match" in error.received or "corrupt" in error.received.lower()


@pytest.mark.slow
def test_other_weights_are_caught_by_parity(version, tiny_model, test_split):
    """Whole, loadable, and not the model that was trained."""
    copy = type(tiny_model).from_config(tiny_model.get_config())
    copy.vectorizer.set_vocabulary(tiny_model.vectorizer.get_vocabulary())
    weights = tiny_model.classifier.get_weights()
    copy.classifier.set_weights([weights[0] + 1e-3, *weights[1:]])
    shutil.rmtree(version)
    write_saved_model(copy, version)
    write_warmup(version)
    error = refused(version, tiny_model, test_split)
    assert error.check == "parity"
    assert "a difference of" in error.received


@pytest.mark.slow
def test_a_stale_vocabulary_in_the_graph_is_caught_by_parity(version, tiny_model, test_split):
    copy = type(tiny_model).from_config(tiny_model.get_config())
    words = tiny_model.vectorizer.get_vocabulary()
    copy.vectorizer.set_vocabulary([*words[:2], *reversed(words[2:])])
    copy.classifier.set_weights(tiny_model.classifier.get_weights())
    assets = (version / "assets" / "vocabulary.txt").read_bytes()
    shutil.rmtree(version)
    write_saved_model(copy, version)
    write_warmup(version)
    (version / "assets" / "vocabulary.txt").write_bytes(assets)
    assert refused(version, tiny_model, test_split).check == "parity"


@pytest.mark.slow
def test_swapped_labels_are_caught_by_labels(version, tiny_model, test_split):
    swapped = SentimentModel.from_config(
        {**tiny_model.get_config(), "labels": ["positive", "neutral", "negative"]}
    )
    swapped.vectorizer.set_vocabulary(tiny_model.vectorizer.get_vocabulary())
    swapped.classifier.set_weights(tiny_model.classifier.get_weights())
    shutil.rmtree(version)
    write_saved_model(swapped, version)
    write_warmup(version)
    (version / "assets" / "labels.txt").write_text("negative\nneutral\npositive\n")
    assert refused(version, tiny_model, test_split).check == "labels"


@pytest.mark.slow
def test_reasons_of_another_word_are_caught_by_explain(
    version, tiny_model, test_split, monkeypatch
):
    """The answers are right, and what is told of each word is its neighbour's."""
    left_out = explaining._left_out

    def neighbour(counts):
        rows, places, ends = left_out(counts)
        return rows, tf.where(places == 0, 1, places), ends

    monkeypatch.setattr(explaining, "_left_out", neighbour)
    shutil.rmtree(version)
    write_saved_model(tiny_model, version)
    write_warmup(version)
    error = refused(version, tiny_model, test_split)
    assert error.check == "explain"
    assert error.expected.startswith("`explain/")


@pytest.mark.slow
@pytest.mark.parametrize(("content", "check"), [(b"", "warmup"), (b"no record", "warmup")])
def test_warmup_requests_that_would_fail_a_load_are_caught(
    version, tiny_model, test_split, content, check
):
    (version / WARMUP_REQUESTS).write_bytes(content)
    assert refused(version, tiny_model, test_split).check == check


def test_the_card_is_made_from_the_run(tiny_run):
    card = json.loads((tiny_run / "exported/1/assets.extra/model_card.json").read_text())
    results = json.loads((tiny_run / "metrics.json").read_text())
    assert card["run"] == "run"
    for name in ("accuracy", "macro_f1", "calibration_error"):
        assert card["test_part"][name] == pytest.approx(results["test"][name]), name
    for label, part in results["test"]["per_class"].items():
        assert card["test_part"]["per_class"][label] == pytest.approx(part)
    assert card["rows"] == results["rows"]
    assert card["config"]["lstm_units"] == 4
    assert card["data"]["path"] == "sample.csv", "the card travels: no path of one machine"
    assert card["gate"]["checks"] == [*CHECKS[:-1]], (
        "quality was overruled, and no server was asked"
    )
    assert card["gate"]["server_left_out"] == "left out by --server none"
    assert set(card["gate"]["seconds_by_check"]) >= {"reload", "parity", "quality"}
    assert card["gate"]["largest_difference"] <= Tolerances().probability
    text = (tiny_run / "exported/1/assets.extra/model_card.md").read_text()
    assert card["vocabulary"]["sha256"] in text
    assert "| server | none was asked: left out by --server none |" in text
    assert "## Limits of use" in text
