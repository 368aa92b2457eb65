"""Versions come, warm up, serve, and go, while a client watches over a real socket."""

import gc
import os
import shutil
import weakref
from pathlib import Path

import pytest
from length_model import expected, predict_log, warm_up_with
from tensorflow_serving.apis import prediction_log_pb2
from waiting import wait_for

from serving.client import SentimentClient
from serving.client.errors import ModelNotFoundError
from serving.messages import VersionState
from serving.server.model_versions import ModelConfig


@pytest.fixture
def base(tmp_path):
    return tmp_path / "tiny"


@pytest.fixture
def ask(start, base):
    """A client of a server of the test's own on `base`."""
    opened = []

    def connect(**options):
        opened.append(SentimentClient(start(base, **options).address, model_name="tiny"))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


def states(client):
    return {status.version: status.state.name for status in client.status()}


def answers_as(client, version):
    (prediction,) = client.predict(["some tweet"])
    return list(prediction.probabilities.values()) == pytest.approx(
        expected("some tweet", version), abs=1e-6
    )


def classify_log():
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.request.model_spec.signature_name = "classify"
    example = log.classify_log.request.input.example_list.examples.add()
    example.features.feature["text"].bytes_list.value.append(b"a")
    return log


def failed(client, version):
    """The error of a version once its load has failed."""
    return wait_for(lambda: {s.version: s.error for s in client.status()}.get(version))


def test_the_newest_version_serves_by_number_not_by_name(ask, saved_models, base):
    saved_models.publish(9, base)
    saved_models.publish(10, base)
    client = ask()
    assert states(client) == {10: "AVAILABLE"}
    assert answers_as(client, 10)


def test_an_empty_folder_is_watched(ask, saved_models, base):
    client = ask()
    with pytest.raises(ModelNotFoundError, match=r"Servable not found for request: Latest\(tiny\)"):
        client.predict(["a"])
    with pytest.raises(ModelNotFoundError, match="Could not find any versions of model tiny"):
        client.status()
    saved_models.publish(1, base)
    client.wait_until_ready(10)
    assert answers_as(client, 1)


def test_a_new_version_takes_over_and_the_old_one_ends(ask, saved_models, base):
    saved_models.publish(1, base)
    client = ask()
    assert answers_as(client, 1)
    saved_models.publish(2, base)
    wait_for(lambda: states(client) == {2: "AVAILABLE", 1: "END"})
    assert [status.version for status in client.status()] == [2, 1]
    assert answers_as(client, 2)


def test_what_is_no_version_is_left_alone(ask, saved_models, base):
    saved_models.publish(1, base)
    shutil.copytree(saved_models.path(2), base / "2.tmp")
    (base / "notes.txt").write_text("3", encoding="utf-8")
    assert states(ask()) == {1: "AVAILABLE"}


def test_a_version_that_fails_to_load_leaves_the_old_one_serving(ask, saved_models, base):
    saved_models.publish(1, base)
    client = ask()
    (base / "2").mkdir()
    assert "Could not find SavedModel .pb or .pbtxt" in failed(client, 2)
    assert states(client) == {2: "END", 1: "AVAILABLE"}
    assert answers_as(client, 1)
    saved_models.publish(3, base)
    wait_for(lambda: states(client) == {3: "AVAILABLE", 2: "END", 1: "END"})


def test_a_half_written_version_ends_with_its_error(ask, saved_models, base):
    saved_models.publish(1, base)
    client = ask()
    saved_models.publish(2, base, change=lambda path: (path / "saved_model.pb").write_bytes(b"x"))
    saved_models.publish(
        3, base, change=lambda path: shutil.rmtree(path / "variables", ignore_errors=True)
    )
    assert failed(client, 3)
    assert states(client)[1] == "AVAILABLE"


def test_a_failed_version_is_tried_again_only_after_it_was_gone(ask, saved_models, base):
    saved_models.publish(1, base)
    client = ask()
    (base / "2").mkdir()
    failed(client, 2)
    shutil.copytree(saved_models.path(2), base / "2", dirs_exist_ok=True)
    with pytest.raises(AssertionError):
        wait_for(lambda: states(client)[2] != "END", 0.5)
    (base / "2").rename(base / "2.tmp")
    wait_for(lambda: 2 not in states(client))
    (base / "2.tmp").rename(base / "2")
    wait_for(lambda: states(client) == {2: "AVAILABLE", 1: "END"})


def test_the_first_version_may_fail(ask, saved_models, base):
    (base / "1").mkdir(parents=True)
    client = ask()
    assert failed(client, 1)
    saved_models.publish(2, base)
    client.wait_until_ready(10)


def test_an_old_version_ends_after_its_last_request(start, saved_models, base):
    saved_models.publish(1, base)
    running = start(base)
    with (
        SentimentClient(running.address, model_name="tiny", signature_name="hang") as hanging,
        SentimentClient(running.address, model_name="tiny") as client,
    ):
        call = hanging._stub("/tensorflow.serving.PredictionService/Predict").future(
            _hang_request(hanging), timeout=30
        )
        wait_for(lambda: running.registry._models["tiny"]._versions[1].in_use)
        loaded = weakref.ref(running.registry._models["tiny"]._versions[1].loaded)
        saved_models.publish(2, base)
        wait_for(lambda: states(client) == {2: "AVAILABLE", 1: "UNLOADING"})
        assert answers_as(client, 2)
        assert loaded() is not None
        call.cancel()
        wait_for(lambda: states(client) == {2: "AVAILABLE", 1: "END"})
        gc.collect()
        assert loaded() is None


def _hang_request(client):
    from serving.client import codec

    return codec.predict_request(client.target, ["a"])


def test_a_version_whose_folder_is_removed_ends(ask, saved_models, base):
    saved_models.publish(1, base)
    saved_models.publish(2, base)
    client = ask()
    (base / "2").rename(base / "gone")
    wait_for(lambda: states(client) == {2: "END", 1: "AVAILABLE"})
    assert answers_as(client, 1)


def test_versions_and_labels_of_a_policy(ask, saved_models, base):
    for version in (1, 2, 3):
        saved_models.publish(version, base)
    config = ModelConfig("tiny", base, newest=2, labels={"stable": 2, "canary": 3})
    client = ask(config=config)
    assert states(client) == {3: "AVAILABLE", 2: "AVAILABLE"}
    address = client.target.address
    for choice, version in (
        ({"version": 2}, 2),
        ({"version_label": "stable"}, 2),
        ({"version_label": "canary"}, 3),
    ):
        with SentimentClient(address, model_name="tiny", **choice) as chosen:
            assert answers_as(chosen, version)


def test_polling_can_be_once(ask, saved_models, base):
    saved_models.publish(1, base)
    client = ask(poll_s=0)
    saved_models.publish(2, base)
    with pytest.raises(AssertionError):
        wait_for(lambda: 2 in states(client), 0.3)


def test_warmup_is_replayed_before_a_version_serves(ask, saved_models, base):
    """Seen from outside: a request of the warmup that the graph refuses keeps the version out."""
    saved_models.publish(1, base, change=warm_up_with(predict_log(), classify_log()))
    client = ask()
    assert answers_as(client, 1)
    saved_models.publish(2, base, change=warm_up_with(predict_log(), predict_log("refuse")))
    assert "no sentiment today" in failed(client, 2)
    assert answers_as(client, 1)


@pytest.mark.parametrize(
    ("records", "error"),
    [
        ([b"no PredictionLog"], "Failed to parse warmup record: no PredictionLog from "),
        ([predict_log("x")], 'Serving signature key "x" not found.'),
        ([predict_log()] * 1001, "Number of warmup records exceeds the maximum (1000) at "),
    ],
    ids=["unparseable", "unknown signature", "too many"],
)
def test_a_bad_warmup_fails_the_load(ask, saved_models, base, records, error):
    saved_models.publish(2, base, change=warm_up_with(*records))
    assert error in failed(ask(), 2)


def test_a_warmup_file_that_is_no_tfrecord_fails_the_load(ask, saved_models, base):
    def change(path):
        (path / "assets.extra").mkdir()
        (path / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"x" * 100)

    saved_models.publish(2, base, change=change)
    assert "Please verify your warmup data is in TFRecord format." in failed(ask(), 2)


def test_a_thousand_warmup_records_and_what_cannot_be_replayed_pass(
    ask, saved_models, base, caplog
):
    regress = prediction_log_pb2.PredictionLog()
    regress.regress_log.SetInParent()
    saved_models.publish(2, base, change=warm_up_with(regress, *[predict_log()] * 999))
    assert states(ask()) == {2: "AVAILABLE"}
    assert "cannot replay regress_log" in caplog.text


def test_a_session_run_in_the_warmup_is_refused_as_by_the_real_server(ask, saved_models, base):
    session_run = prediction_log_pb2.PredictionLog()
    session_run.session_run_log.SetInParent()
    saved_models.publish(2, base, change=warm_up_with(session_run))
    assert failed(ask(), 2) == "Unsupported log_type for warmup: 5"


def test_a_failure_has_a_code_and_a_state(start, base):
    (base / "1").mkdir(parents=True)
    (version,) = start(base).registry._models["tiny"].snapshot()
    assert version.state is VersionState.END
    assert version.error[0].name == "NOT_FOUND"


def test_a_folder_whose_name_is_no_text_can_be_told(start, tmp_path):
    """File names are bytes; a message travels as UTF-8."""
    base = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    (base / "1").mkdir(parents=True)
    with SentimentClient(start(base).address, model_name="tiny") as client:
        assert "/caf?/1. Check that the directory exists" in failed(client, 1)
