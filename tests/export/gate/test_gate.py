"""Each check of the gate, provoked: what it catches, and that nothing gets past it into the folder."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

import export.graph.saved_model
from export import __main__ as command
from export.errors import GateError
from export.exporter import export_model
from export.gate.gate import CHECKS, pass_gate
from export.gate.quality import check_quality
from export.graph.saved_model import write_saved_model
from export.graph.warmup import WARMUP_REQUESTS, write_warmup
from export.run_record import read_run
from export.settings import Tolerances


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
        pass_gate(version, model, split_, **options)
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
def test_swapped_labels_are_caught_by_labels(version, tiny_model, test_split, monkeypatch):
    monkeypatch.setattr(export.graph.saved_model, "LABELS", ("positive", "neutral", "negative"))
    shutil.rmtree(version)
    write_saved_model(tiny_model, version)
    write_warmup(version)
    (version / "assets" / "labels.txt").write_text("negative\nneutral\npositive\n")
    assert refused(version, tiny_model, test_split).check == "labels"


@pytest.mark.slow
@pytest.mark.parametrize(("content", "check"), [(b"", "warmup"), (b"no record", "warmup")])
def test_warmup_requests_that_would_fail_a_load_are_caught(
    version, tiny_model, test_split, content, check
):
    (version / WARMUP_REQUESTS).write_bytes(content)
    assert refused(version, tiny_model, test_split).check == check


def test_a_worse_version_is_refused_unless_forced():
    worse, published = {"macro_f1": 0.70}, {"macro_f1": 0.72}
    with pytest.raises(
        GateError, match=r"at least 0.7200 - 0.01, .*\(--force overrules\). Received: 0.7000"
    ):
        check_quality(worse, published, 0.01, force=False)
    assert check_quality(worse, published, 0.01, force=True)
    assert not check_quality(worse, published, 0.05, force=False), "within the tolerance"
    assert not check_quality(worse, None, 0.01, force=False), "the first export passes"


@pytest.mark.slow
def test_a_worse_version_stays_out_of_the_folder_and_force_is_on_the_card(
    tiny_run, tiny_model, test_split, tmp_path
):
    """Against a published version that is right on every row, because the labels are its answers."""
    base, record = tmp_path / "models", read_run(tiny_run)
    answers = tiny_model.predict(test_split.texts, verbose=0).argmax(axis=1)
    split_ = dataclasses.replace(test_split, labels=answers)
    first, _ = export_model(tiny_model, base, split=split_, run=record)
    worse = type(tiny_model).from_config(tiny_model.get_config())
    worse.vectorizer.set_vocabulary(tiny_model.vectorizer.get_vocabulary())
    *weights, kernel, bias = tiny_model.classifier.get_weights()
    worse.classifier.set_weights(
        [*weights, kernel, bias - 9 * np.eye(3, dtype="float32")[answers[0]]]
    )
    with pytest.raises(GateError) as caught:
        export_model(worse, base, split=split_, run=record)
    assert caught.value.check == "quality"
    assert [path.name for path in base.iterdir()] == [first.name]
    second, report = export_model(worse, base, split=split_, run=record, force=True)
    assert report.forced
    assert json.loads((second / "assets.extra/model_card.json").read_text())["gate"]["forced"]
    assert "Published by force" in (second / "assets.extra/model_card.md").read_text()


def test_the_card_is_made_from_the_run(tiny_run):
    card = json.loads((tiny_run / "exported/1/assets.extra/model_card.json").read_text())
    results = json.loads((tiny_run / "metrics.json").read_text())
    assert card["run"] == "run"
    assert card["metrics"]["macro_f1"] == pytest.approx(results["test"]["macro_f1"])
    assert card["rows"] == results["rows"]
    assert card["config"]["lstm_units"] == 4
    assert card["data"]["path"] == "sample.csv", "the card travels: no path of one machine"
    assert card["gate"]["checks"] == list(CHECKS)
    assert card["gate"]["largest_difference"] <= Tolerances().probability
    text = (tiny_run / "exported/1/assets.extra/model_card.md").read_text()
    assert card["vocabulary"]["sha256"] in text
    assert "## Limits of use" in text


@pytest.mark.slow
def test_the_command_exports_lists_rolls_back_and_keeps(tiny_run, tmp_path, capsys):
    base = tmp_path / "models"
    for _ in range(2):
        assert (
            command.main([str(tiny_run / "model.keras"), "--to", str(base), "--graph", "keras"])
            == 0
        )
    assert f"Exported: {base / '2'}" in capsys.readouterr().out
    assert command.main(["--rollback", "1", "--to", str(base)]) == 0
    assert command.main(["--keep", "2", "--to", str(base), "--list"]) == 0
    shown = capsys.readouterr().out
    assert "Removed: 1" in shown
    assert [line.split()[0] for line in shown.splitlines()[-2:]] == ["3", "2"]
    assert sorted(path.name for path in base.iterdir()) == ["2", "3"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 2, "`path` must be a .keras file or a run folder"),
        (["--rollback", "7", "--to", "data"], 1, "Received: version=7"),
        (["--keep", "0", "--to", "data"], 1, "`count` must be at least 1"),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, code, words, capsys):
    assert command.main(arguments) == code
    assert words in capsys.readouterr().err


def test_nothing_asked_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as caught:
        command.main([])
    assert caught.value.code == 2
    assert "expected a model, --list, --rollback or --keep" in capsys.readouterr().err
