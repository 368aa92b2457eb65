"""Other models, policies and labels while a server runs, by request and by file, and its health: of both servers.

One server answers all of a module's tests of each kind; each test has a model of its own in it.
"""

import contextlib
import shutil

import grpc
import pytest
from google.protobuf import text_format
from length_model import expected
from prometheus_client.parser import text_string_to_metric_families
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2
from two_servers import REAL, SERVERS, model_config, running, write_config
from waiting import wait_for

from serving import messages
from serving.client import SentimentClient
from serving.client.errors import InvalidRequestError, ModelNotFoundError

INVALID, PRECONDITION, UNKNOWN = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNKNOWN,
)
TEXT = "some tweet"
ONE, BOTH = "specific { versions: 1 }", "specific { versions: 1 versions: 2 }"


def test_both_servers_are_asked():
    """Where the real one is away, all of this is about the embedded one alone."""
    if REAL not in SERVERS:
        pytest.skip(
            f"{REAL} is not on the PATH: the contract was asked of the embedded server only"
        )


class Operated:
    """A server whose models change, and a folder for them."""

    def __init__(self, served, folder, saved_models):
        self.served = served
        self.folder = folder
        self._saved_models = saved_models
        self._channel = grpc.insecure_channel(served.address)
        self._stub = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def publish(self, name, *versions, change=None):
        """Versions of a model; its folder."""
        for version in versions:
            self._saved_models.publish(version, self.folder / name, change=change)
        return self.folder / name

    def reload(self, *models, timeout=20):
        """Ask for these models, given as text, beside `tiny`, which always stays."""
        self.send(self.tiny(), *models, timeout=timeout)

    def send(self, *models, timeout=20):
        config = model_server_config_pb2.ModelServerConfig()
        text_format.Parse(f"model_config_list {{ {' '.join(models)} }}", config)
        request = model_management_pb2.ReloadConfigRequest(config=config)
        response = self._stub.HandleReloadConfigRequest(request, timeout=timeout)
        assert (response.status.error_code, response.status.error_message) == (0, "")

    def refusal(self, *models):
        """Code and words for models that cannot be; none beside them."""
        with pytest.raises(grpc.RpcError) as caught:
            self.send(*models)
        return caught.value.code(), caught.value.details()

    def bare(self, request):
        with pytest.raises(grpc.RpcError) as caught:
            self._stub.HandleReloadConfigRequest(request, timeout=5)
        return caught.value.code(), caught.value.details()

    def tiny(self):
        return model_config("tiny", self.folder / "tiny", stable=3)

    def client(self, name="tiny", **choice):
        return SentimentClient(self.served.address, model_name=name, **choice)

    def states(self, name):
        with self.client(name) as client:
            return {status.version: status.state.name for status in client.status()}

    def answers(self, name, version, **choice):
        """Whether a model answers as this version of it does."""
        with self.client(name, **choice) as client:
            (prediction,) = client.predict([TEXT])
        numbers = list(prediction.probabilities.values())
        return numbers == pytest.approx(expected(TEXT, version), abs=1e-6)

    def close(self):
        self._channel.close()


@contextlib.contextmanager
def operated_server(name, folder, saved_models, **options):
    saved_models.publish(3, folder / "tiny")
    with running(
        name, folder, model_config("tiny", folder / "tiny", stable=3), **options
    ) as served:
        made = Operated(served, folder, saved_models)
        yield made
        made.close()


@pytest.fixture(scope="module", params=SERVERS)
def operated(request, saved_models, tmp_path_factory):
    """A server that is told by requests."""
    folder = tmp_path_factory.mktemp("operated")
    with operated_server(request.param, folder, saved_models) as made:
        yield made


@pytest.fixture(scope="module", params=SERVERS)
def edited(request, saved_models, tmp_path_factory):
    """A server that reads its file again and again."""
    folder = tmp_path_factory.mktemp("edited")
    with operated_server(request.param, folder, saved_models, poll_config_s=1) as made:
        yield made


@pytest.fixture
def name(request):
    """A model's name that no other test has."""
    return request.node.originalname.removeprefix("test_")


def test_a_new_model_serves_once_the_request_is_answered(operated, name):
    operated.reload(model_config(name, operated.publish(name, 1)))
    assert operated.answers(name, 1)
    status, _, _ = operated.served.rest.ask("GET", f"/v1/models/{name}/metadata")
    assert status == 200


def test_a_model_that_is_not_named_any_more_goes(operated, name):
    operated.reload(model_config(name, operated.publish(name, 1)))
    operated.reload()
    with operated.client(name) as client, pytest.raises(ModelNotFoundError, match="Latest"):
        client.predict([TEXT])
    wait_for(lambda: operated.states(name) == {1: "END"})
    assert operated.answers("tiny", 3)


def test_a_model_may_come_back(operated, name):
    model = model_config(name, operated.publish(name, 1))
    for models in ((model,), (), (model,)):
        operated.reload(*models)
    wait_for(lambda: operated.states(name) == {1: "AVAILABLE"})


def test_an_empty_list_takes_all_models_out_and_one_that_names_them_brings_them_back(operated):
    operated.send()
    with operated.client() as client, pytest.raises(ModelNotFoundError):
        client.predict([TEXT])
    operated.reload()
    wait_for(lambda: operated.states("tiny") == {3: "AVAILABLE"})


def test_a_request_without_a_list_changes_nothing(operated):
    custom = model_management_pb2.ReloadConfigRequest()
    custom.config.custom_model_config.SetInParent()
    for request in (model_management_pb2.ReloadConfigRequest(), custom):
        assert operated.bare(request) == (
            INVALID,
            (
                "ServerModelConfig type not supported by HandleReloadConfigRequest."
                " Only ModelConfigList is currently supported"
            ),
        )
    assert operated.answers("tiny", 3)


BAD = {
    "a name twice": (
        ('config { name: "a" base_path: "/a" }', 'config { name: "a" base_path: "/b" }'),
        "Illegal to list model a multiple times in config list",
    ),
    "a relative path": (
        (model_config("a", "models/a"),),
        "Expected model a to have an absolute path or URI; got base_path()=models/a",
    ),
    "no path": (
        (model_config("a", ""),),
        "Expected model a to have an absolute path or URI; got base_path()=",
    ),
    "another platform": (
        (model_config("tiny", "/a", platform="other"),),
        (
            "Illegal to change a model's platform. For model tiny platform was tensorflow and new"
            " platform requested is other"
        ),
    ),
    "no platform": (
        ('config { name: "tiny" base_path: "/a" }',),
        (
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor"
            " ModelServerConfig::model_platform."
        ),
    ),
    "a platform twice": (
        ('config { name: "tiny" base_path: "/a" model_platform: "tensorflow" model_type: 1 }',),
        (
            "Illegal setting both ModelServerConfig::model_type (deprecated) and"
            " ModelServerConfig::model_platform."
        ),
    ),
}


@pytest.mark.parametrize(("models", "words"), BAD.values(), ids=BAD)
def test_a_bad_list_leaves_what_serves(operated, models, words):
    """`tiny` is not named, or at another place: it would go if a part of the list counted."""
    assert operated.refusal(*models) == (INVALID, words)
    assert operated.answers("tiny", 3)


def test_a_new_models_folder_must_be_there(operated, name):
    """Refused at once, so that what serves stays and the next request counts."""
    missing = operated.folder / name
    sentence = f"cannot read the folder {missing} of model {name}: No such file or directory"
    assert operated.refusal(model_config(name, missing)) == (INVALID, sentence)
    assert operated.answers("tiny", 3)


def test_a_new_model_may_wait_for_its_first_version(operated, name):
    (operated.folder / name).mkdir()
    operated.reload(model_config(name, operated.folder / name))
    operated.publish(name, 1)
    with operated.client(name) as client:
        assert client.wait_until_ready(20).version == 1


def test_a_new_model_that_does_not_load_is_told_and_the_others_serve(operated, name):
    (operated.folder / name / "1").mkdir(parents=True)
    broken = model_config(name, operated.folder / name)
    code, words = operated.refusal(operated.tiny(), broken)
    assert code == UNKNOWN
    assert words.startswith(
        f"1 model(s) did not become available: {{{{{{name: {name} version: 1}} due to error: "
        "NOT_FOUND: Could not find SavedModel .pb or .pbtxt"
    )
    assert operated.states(name) == {1: "END"}
    assert operated.answers("tiny", 3)
    operated.publish(name, 2)
    wait_for(lambda: operated.states(name).get(2) == "AVAILABLE")


def test_a_canary_from_its_load_to_the_end_of_the_old_version(operated, name):
    """The steps of docs/operations.md."""
    base = operated.publish(name, 1, 2)
    operated.reload(model_config(name, base, ONE, stable=1))
    assert operated.states(name) == {1: "AVAILABLE"}
    operated.reload(model_config(name, base, BOTH, stable=1))
    wait_for(lambda: operated.states(name) == {1: "AVAILABLE", 2: "AVAILABLE"})
    operated.reload(model_config(name, base, BOTH, stable=1, canary=2))
    assert operated.answers(name, 1, version_label="stable")
    assert operated.answers(name, 2, version_label="canary")
    operated.reload(model_config(name, base, BOTH, stable=2))
    assert operated.answers(name, 2, version_label="stable")
    with (
        operated.client(name, version_label="canary") as client,
        pytest.raises(InvalidRequestError),
    ):
        client.predict([TEXT])
    operated.reload(model_config(name, base, "specific { versions: 2 }", stable=2))
    wait_for(lambda: operated.states(name) == {1: "END", 2: "AVAILABLE"})


def test_a_label_in_use_moves_only_to_a_version_that_serves(operated, name):
    """Else nothing of the request counts: neither the label nor the policy beside it."""
    base = operated.publish(name, 1, 2)
    operated.reload(model_config(name, base, ONE, stable=1))
    assert operated.refusal(operated.tiny(), model_config(name, base, BOTH, stable=2)) == (
        PRECONDITION,
        (
            f"Request to assign label to version 2 of model {name}, which is not currently available"
            " for inference"
        ),
    )
    assert operated.answers(name, 1, version_label="stable")
    assert operated.states(name) == {1: "AVAILABLE"}


def test_a_label_that_is_not_in_use_may_name_a_version_that_is_to_come(operated, name):
    """By --allow_version_labels_for_unavailable_models."""
    base = operated.publish(name, 1)
    operated.reload(model_config(name, base, stable=1, next=2))
    with (
        operated.client(name, version_label="next") as client,
        pytest.raises(ModelNotFoundError, match=rf"Specific\({name}, 2\)"),
    ):
        client.predict([TEXT])
    operated.publish(name, 2)
    wait_for(lambda: operated.states(name).get(2) == "AVAILABLE")
    assert operated.answers(name, 2, version_label="next")


def test_versions_come_and_go_as_their_folders_do(operated, name):
    """Newest first; one that does not load leaves the one before; one that is taken away makes room for it."""
    base = operated.publish(name, 1)
    operated.reload(model_config(name, base))
    operated.publish(name, 2)
    wait_for(lambda: operated.states(name) == {2: "AVAILABLE", 1: "END"})
    assert operated.answers(name, 2)
    (base / "3").mkdir()
    wait_for(lambda: operated.states(name).get(3) == "END")
    assert operated.answers(name, 2)
    shutil.rmtree(base / "3")
    (base / "2").rename(base / "away")
    wait_for(lambda: operated.states(name).get(1) == "AVAILABLE", 20)
    assert operated.answers(name, 1)


def test_an_edit_of_the_file_is_seen(edited, name):
    write_config(edited.served.config, edited.tiny(), model_config(name, edited.publish(name, 1)))
    with edited.client(name) as client:
        assert client.wait_until_ready(20).version == 1
    write_config(edited.served.config, edited.tiny())
    wait_for(lambda: edited.states(name) == {1: "END"})
    assert edited.answers("tiny", 3)


def test_the_file_takes_back_what_a_request_changed(edited, name):
    edited.reload(model_config(name, edited.publish(name, 1)))
    wait_for(lambda: edited.states(name) == {1: "END"})


@pytest.mark.parametrize("text", ["model_config_list { config {", "\n"])
def test_a_file_that_cannot_be_read_changes_nothing(edited, text):
    edited.served.config.write_text(text)
    _assert_that_nothing_changes(edited)


def test_a_file_that_names_no_model_changes_nothing(edited):
    """Half of a file that is written in place, say."""
    edited.served.config.write_text("model_config_list { }")
    _assert_that_nothing_changes(edited)


def _assert_that_nothing_changes(edited):
    """Until the file was read some times, for which nothing outside is a sign; then it is mended."""
    with pytest.raises(AssertionError):
        wait_for(lambda: not edited.answers("tiny", 3), 2.5 if edited.served.name == REAL else 0.3)
    write_config(edited.served.config, edited.tiny())


def health(address, method, service=""):
    """One answer of Check, or the first of Watch."""
    with grpc.insecure_channel(address) as channel:
        kinds = {"Check": channel.unary_unary, "Watch": channel.unary_stream}
        call = kinds[method](
            f"/grpc.health.v1.Health/{method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=messages.HealthCheckResponse.FromString,
        )
        answer = call(messages.HealthCheckRequest(service=service), timeout=5)
        return (answer if method == "Check" else next(answer)).status


@pytest.mark.parametrize("method", ["Check", "Watch"])
def test_a_server_that_answers_is_healthy(contract, method):
    assert health(contract.address, method) == 1


def test_a_service_of_another_name_is_not_known(contract):
    """Check refuses; Watch answers SERVICE_UNKNOWN, for it may come."""
    with pytest.raises(grpc.RpcError) as caught:
        health(contract.address, "Check", "other")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert health(contract.address, "Watch", "other") == 3


def test_metrics_have_the_same_names_and_labels(contract):
    body = b'{"instances": ["a"]}'
    contract.rest.ask("POST", "/v1/models/tiny:predict", body)
    _, _, page = contract.rest.ask("GET", "/monitoring/prometheus/metrics")
    families = text_string_to_metric_families(page.decode())
    told = {
        (one.name, *sorted(one.labels.items())) for family in families for one in family.samples
    }
    count, latency = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
    assert (count, ("model_name", "tiny"), ("status", "OK")) in told
    labels = (("API", "predict"), ("entrypoint", "REST"), ("model_name", "tiny"))
    for part in ("sum", "count"):
        assert (f"{latency}_{part}", *labels) in told
    assert (f"{latency}_bucket", *labels[:2], ("le", "+Inf"), labels[2]) in told
    loads = {one[1:] for one in told if one[0] == ":tensorflow:cc:saved_model:load_attempt_count"}
    assert [status for (_, path), status in loads if path.endswith("/tiny/3")] == [
        ("status", "success")
    ]
