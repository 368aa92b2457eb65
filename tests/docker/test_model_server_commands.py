"""Every command line of the server in `docker/`: flags that exist, and the same ports, names and paths."""

import json
import re

import pytest
from deployment_files import (
    BINARY,
    CONFIG,
    DEPLOYMENT,
    KSERVE,
    OVERRIDES,
    SERVING_IMAGE,
    by_kind,
    compose,
    container,
    flags,
    instructions,
    last,
    server_commands,
)
from google.protobuf import text_format
from model_server_flags import FLAGS, message

from export.signatures import MODEL_NAME
from serving.client.base import DEFAULT_TIMEOUT_S

COMMANDS = server_commands()
ONE_MODEL = [name for name in COMMANDS if name != "compose, canary"]
SIZED = [name for name in COMMANDS if name != "image"]


@pytest.fixture(params=COMMANDS)
def command(request):
    return COMMANDS[request.param]


def test_it_starts_the_binary_with_flags_that_exist(command):
    """The official entry point is a shell; a wrong flag ends the server."""
    assert command[0] == BINARY
    assert set(flags(command)) <= FLAGS


def test_ports_are_the_usual_ones(command):
    given = flags(command)
    assert (given["port"], given["rest_api_port"]) == ("8500", "8501")


def test_enough_requests_are_let_in_and_no_profiler(command):
    """4 threads a core gave RESOURCE_EXHAUSTED on 45 % of 8 clients' requests, 64 on 7 % of 64 clients'."""
    given = flags(command)
    assert int(given["grpc_max_threads"]) >= 256
    assert given.get("enable_profiler") == "false"


@pytest.mark.parametrize("name", ONE_MODEL)
def test_the_model_has_the_name_that_callers_ask_for(name):
    assert flags(COMMANDS[name])["model_name"] == MODEL_NAME


def test_every_file_named_is_there(command):
    """Mounted or copied from docker/config, or for KServe out of its ConfigMap."""
    named = [value for name, value in flags(command).items() if name.endswith("_file")]
    assert named
    for path in named:
        assert path.startswith("/config/")
        assert (CONFIG / path.removeprefix("/config/")).is_file()


def test_config_is_where_the_flags_look_for_it():
    (mount,) = [
        one for one in compose()["services"]["serving"]["volumes"] if one["target"] == "/config"
    ]
    assert mount["source"] == "./config"
    assert ("COPY", "docker/config/ /config/") in instructions(SERVING_IMAGE)
    (in_kserve,) = [
        one
        for one in container(KSERVE, "ServingRuntime")["volumeMounts"]
        if one["mountPath"] == "/config"
    ]
    (volume,) = [
        one
        for one in by_kind(KSERVE)["ServingRuntime"]["spec"]["volumes"]
        if one["name"] == in_kserve["name"]
    ]
    config_map = by_kind(KSERVE)["ConfigMap"]
    assert volume["configMap"]["name"] == config_map["metadata"]["name"]
    assert list(config_map["data"]) == ["monitoring.config"]


def test_versions_are_where_the_flags_look_for_them():
    base = f"/models/{MODEL_NAME}"
    targets = [one["target"] for one in compose()["services"]["serving"]["volumes"]]
    assert base in targets
    copies = [value for name, value in instructions(SERVING_IMAGE) if name == "COPY"]
    assert f"${{MODEL_DIR}}/${{MODEL_VERSION}}/ {base}/${{MODEL_VERSION}}/" in copies
    bases = {name: flags(COMMANDS[name])["model_base_path"] for name in ONE_MODEL}
    assert bases.pop("kserve") == "/mnt/models"  # KServe's own place for a storageUri
    assert set(bases.values()) == {base}


@pytest.mark.parametrize("name", SIZED)
def test_threads_that_compute_are_as_many_as_cores(name):
    """TensorFlow counts the machine's cores, not the container's."""
    given = flags(COMMANDS[name])
    cpus = _cpus(name)
    assert float(given["tensorflow_intra_op_parallelism"]) == cpus
    assert float(given["tensorflow_inter_op_parallelism"]) == cpus
    assert "rest_api_num_threads" in given


def _cpus(name):
    if name.startswith("compose"):
        return float(compose()["services"]["serving"]["deploy"]["resources"]["limits"]["cpus"])
    file, kind = {"deployment": (DEPLOYMENT, "Deployment"), "kserve": (KSERVE, "ServingRuntime")}[
        name
    ]
    resources = container(file, kind)["resources"]
    assert resources["requests"]["cpu"] == resources["limits"]["cpu"]
    return float(resources["limits"]["cpu"])


def test_batching_has_the_threads_and_cores_that_it_needs():
    """Requests in a batch each hold a thread; batches beyond the cores would fight for them."""
    given = flags(COMMANDS["compose, batching"])
    batching = text_format.Parse(
        (CONFIG / "batching.config").read_text(encoding="utf-8"), message("BatchingParameters")
    )
    assert given["enable_batching"] == "true"
    assert int(given["grpc_max_threads"]) >= 2 * batching.max_execution_batch_size.value
    assert batching.num_batch_threads.value == _cpus("compose")
    limits = compose()["services"]["serving"]["deploy"]["resources"]["limits"]
    assert limits["pids"] > int(given["grpc_max_threads"]) + int(given["rest_api_num_threads"])


CHANGED = {
    "canary": {
        "model_name",
        "model_base_path",
        "model_config_file",
        "model_config_file_poll_wait_seconds",
        "allow_version_labels_for_unavailable_models",
    },
    "batching": {"enable_batching", "batching_parameters_file", "grpc_max_threads"},
}


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_addition_changes_only_what_it_is_for(override):
    """It repeats the whole list of flags, and a value changed in one place only would go unnoticed."""
    base, changed = flags(COMMANDS["compose"]), flags(COMMANDS[f"compose, {override}"])
    assert {name for name, _ in base.items() ^ changed.items()} == CHANGED[override]


def test_canary_labels_can_be_read_at_the_start():
    """No version is available then, and the server would end with FAILED_PRECONDITION."""
    given = flags(COMMANDS["compose, canary"])
    assert given["allow_version_labels_for_unavailable_models"] == "true"


def test_kserve_is_told_the_same_as_the_deployment():
    """It repeats the flags, too, but for where the versions are and that they may change."""
    deployment, kserve = flags(COMMANDS["deployment"]), flags(COMMANDS["kserve"])
    differing = {name for name, _ in deployment.items() ^ kserve.items()}
    assert differing == {"model_base_path", "file_system_poll_wait_seconds"}


@pytest.mark.parametrize("name", ["deployment", "kserve"])
def test_requests_outlive_the_end_of_their_connection(name):
    words = dict(
        word.split("=") for word in flags(COMMANDS[name])["grpc_channel_arguments"].split(",")
    )
    assert set(words) == {"grpc.max_connection_age_ms", "grpc.max_connection_age_grace_ms"}
    assert int(words["grpc.max_connection_age_grace_ms"]) >= 1000 * DEFAULT_TIMEOUT_S


def test_the_image_holds_what_every_container_of_it_needs():
    """Kubernetes' `args` replace CMD, so ports, model and paths must be in ENTRYPOINT."""
    entry_point = flags(json.loads(last(SERVING_IMAGE, "ENTRYPOINT")))
    assert {"port", "rest_api_port", "model_name", "model_base_path"} < set(entry_point)
    assert not set(entry_point) & set(flags(["", *json.loads(last(SERVING_IMAGE, "CMD"))]))
    exposed = last(SERVING_IMAGE, "EXPOSE").split()
    assert exposed == [entry_point["port"], entry_point["rest_api_port"]]
    assert re.fullmatch(r"\d+:\d+", last(SERVING_IMAGE, "USER"))
