"""What a change of the configuration does to requests under way, to folders and to the log: of the embedded server."""

import threading

import grpc
import pytest
from length_model import expected
from waiting import wait_for

from serving.client import SentimentClient, codec, rpcs
from serving.server.metrics import Metrics
from serving.server.model_versions import ModelConfig
from serving.server.registry import Registry
from serving.server.reload.config_file import ConfigFile
from serving.server.status import StatusError

ROWS = 100


@pytest.fixture
def registry(saved_models, tmp_path):
    """The models of a server that looks at folders only when it is told to, with version 1 of `tiny`."""
    saved_models.publish(1, tmp_path / "tiny")
    made = Registry([ModelConfig("tiny", tmp_path / "tiny")], 0, ROWS, Metrics())
    made.poll()
    return made


def reload(registry, *configs):
    registry.reload(configs, unavailable_labels=False)


def test_a_model_that_is_taken_out_is_kept_for_the_requests_under_way(start, base):
    running = start(base)
    with SentimentClient(running.address, model_name="tiny", signature_name="hang") as client:
        request = codec.predict_request(client.target, ["a"])
        call = client._stub(rpcs.PREDICT.path).future(request, timeout=60)
        versions = running.registry._models["tiny"]
        wait_for(lambda: versions._versions[3].in_use)
        running.registry.reload([], unavailable_labels=False)
        loaded = versions._versions[3].loaded
        assert [one.state.name for one in versions.snapshot()] == ["UNLOADING"]
        assert loaded is not None
        call.cancel()
        wait_for(lambda: versions._versions[3].state.name == "END")


def test_requests_find_a_version_while_the_configuration_changes(start, base):
    """Thirty changes of policy and labels; no request is refused."""
    running = start(base)
    told, stopped = [], threading.Event()

    def ask():
        with SentimentClient(running.address, model_name="tiny") as client:
            while not stopped.is_set():
                (prediction,) = client.predict(["a"])
                told.append(list(prediction.probabilities.values()))

    asker = threading.Thread(target=ask)
    asker.start()
    policies = [{"only": frozenset({3})}, {"newest": 2}, {"labels": {"stable": 3}}]
    for number in range(30):
        reload(running.registry, ModelConfig("tiny", base, **policies[number % 3]))
    wait_for(lambda: len(told) > 5)
    stopped.set()
    asker.join(10)
    assert not asker.is_alive()
    assert told == [pytest.approx(list(expected("a", 3)), abs=1e-6)] * len(told)


def test_without_polling_a_change_looks_at_every_folder_once(registry, saved_models, tmp_path):
    saved_models.publish(2, tmp_path / "tiny")
    reload(registry, ModelConfig("tiny", tmp_path / "tiny"))
    assert registry.serving() == {"tiny": 2}


def test_a_refused_label_leaves_labels_and_policies(registry, tmp_path):
    with pytest.raises(StatusError) as caught:
        reload(
            registry,
            ModelConfig("tiny", tmp_path / "tiny", newest=2, labels={"stable": 1, "canary": 2}),
        )
    assert caught.value.code == grpc.StatusCode.FAILED_PRECONDITION
    assert registry._models["tiny"].config == ModelConfig("tiny", tmp_path / "tiny")


def test_what_a_file_has_wrong_is_logged_once(tmp_path, caplog):
    """Every reading finds it again; an hour of them would fill the log."""
    path, handed = tmp_path / "models.config", []
    file = ConfigFile(path, 1, handed.append)
    for _ in range(3):
        file.read()
    path.write_text('model_config_list { config { name: "a" base_path: "/a" } }')
    file.read()
    path.unlink()
    file.read()
    lines = [record.getMessage() for record in caplog.records]
    sentence = f"The configuration stays as it is: cannot read {path}: No such file or directory"
    assert lines == [sentence, sentence]
    assert [model.name for (model,) in handed] == ["a"]
