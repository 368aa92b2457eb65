"""Weights stored as float16: half the size, the same contract, a tolerance of its own."""

import json

import numpy as np
import pytest
import tensorflow as tf
from changed_models import rounded, scaled
from trained_runs import NO_SERVER

from export.errors import ExportError, GateError
from export.exporter import export_model
from export.gate.gate import pass_gate
from export.graph.saved_model import ServingModule, write_saved_model
from export.graph.warmup import write_warmup
from export.run_record import read_run
from export.settings import FLOAT16, FLOAT32, PROBABILITY_TOLERANCES, Artefact

HALF = Artefact(weights=FLOAT16)
TEXTS = ["I love it!!!", "so sad http://t.co/x", "", "what a day " * 9]


@pytest.fixture(scope="module")
def half(tiny_run, lively_model, test_split, tmp_path_factory):
    """A published version of half precision, and what the gate found."""
    base = tmp_path_factory.mktemp("half") / "models"
    run = read_run(tiny_run)
    # By force: 14 rows say nothing of how good it is.
    return export_model(
        lively_model, base, split=test_split, run=run, artefact=HALF, force=True, servers=NO_SERVER
    )


@pytest.mark.slow
def test_every_weight_is_stored_in_half_precision(half, tiny_model):
    path, _ = half
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    types, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    halves = [int(np.prod(shapes[name])) for name in types if types[name] == tf.float16]
    # The output layer holds trust and bias of the words' scores, the last two; keys of pairs are whole numbers, each
    # of which must stay exact.
    weights = tiny_model.classifier.get_weights()[:-2]
    assert sum(halves) == sum(weight.size for weight in weights if weight.dtype.kind == "f")
    assert tf.float32 not in types.values()


@pytest.mark.slow
def test_it_is_close_to_the_full_model_and_no_copy_of_it(half, lively_model):
    """Computed in float32: the answers differ by the rounding of the weights alone."""
    path, report = half
    loaded = tf.saved_model.load(str(path))
    np.testing.assert_allclose(loaded(TEXTS), rounded(lively_model)(TEXTS), atol=1e-6, rtol=0)
    assert (
        PROBABILITY_TOLERANCES[FLOAT32]
        < report.largest_difference
        <= PROBABILITY_TOLERANCES[FLOAT16]
    )
    assert set(loaded.signatures) == {"serving_default", "label", "classify", "explain"}


@pytest.mark.slow
def test_the_full_models_figures_stand_beside_its_own(half, lively_model, test_split):
    path, report = half
    answers = lively_model.predict(test_split.texts, verbose=0).argmax(axis=1)
    accuracy = (answers == test_split.labels).mean()
    assert report.full_metrics["accuracy"] == pytest.approx(accuracy)
    assert report.beside().startswith(f"The full model: accuracy {accuracy:.4f}, macro F1 0.")
    card = json.loads((path / "assets.extra/model_card.json").read_text())
    assert (card["weights"], card["full_model_test_part"]) == ("float16", report.full_metrics)
    text = (path / "assets.extra/model_card.md").read_text()
    assert "| stored weights | float16 |" in text
    assert "The full model's" in text


def test_a_full_versions_card_tells_float32_and_no_second_figures(tiny_run):
    text = (tiny_run / "exported/1/assets.extra/model_card.md").read_text()
    assert "| stored weights | float32 |" in text
    assert "The full model's" not in text


@pytest.mark.slow
def test_the_tolerance_of_full_precision_refuses_it(half, lively_model, test_split):
    path, _ = half
    with pytest.raises(GateError, match=r"check `parity` failed: .* within 1e-05 of"):
        pass_gate(path, lively_model, test_split, servers=NO_SERVER)


@pytest.mark.slow
def test_weights_off_by_more_than_rounding_are_caught_by_parity(lively_model, test_split, tmp_path):
    write_saved_model(scaled(lively_model, 1.05), tmp_path, weights=FLOAT16)
    write_warmup(tmp_path)
    with pytest.raises(GateError) as caught:
        pass_gate(tmp_path, lively_model, test_split, tolerances=HALF.tolerances, servers=NO_SERVER)
    assert caught.value.check == "parity"


@pytest.mark.slow
def test_a_weight_too_large_for_half_precision_is_caught_by_parity(
    tiny_model, test_split, tmp_path
):
    """65,504 is the largest there is; what is beyond becomes infinite, and the answer no number."""
    other = scaled(tiny_model, 1e6)
    with np.errstate(over="ignore"):
        write_saved_model(other, tmp_path, weights=FLOAT16)
    write_warmup(tmp_path)
    with pytest.raises(GateError) as caught:
        pass_gate(tmp_path, other, test_split, tolerances=HALF.tolerances, servers=NO_SERVER)
    assert (caught.value.check, caught.value.received) == ("parity", "a difference of nan")


def test_the_plain_keras_graph_stores_no_halves(tiny_model):
    with pytest.raises(
        ExportError, match=r"the graph `keras` must be float32\. Received: weights='float16'"
    ):
        ServingModule(tiny_model, "keras", FLOAT16)
