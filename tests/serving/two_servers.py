"""Two servers that must answer alike: the embedded one always, and tensorflow_model_server where it is on the PATH.

Both get the same flags and the same files; a test asks whichever of them its fixture gives it. Where the two differ on
purpose is `DIFFERENCES`, and nowhere else: the test named there is not run on the real one.
"""

import contextlib
import dataclasses
import shutil
import subprocess

import grpc
import pytest
from rest_asker import Rest, free_port
from waiting import wait_for

from serving.server.embedded import EmbeddedServer
from serving.server.flags import parse_flags

EMBEDDED, REAL = "embedded", "tensorflow_model_server"
SERVERS = (EMBEDDED, REAL) if shutil.which(REAL) else (EMBEDDED,)
POLL_S = 0.05
READY_S = 60

_WHOLE = "the real server cuts a message at 1,024 bytes, also inside a character"
_STARTS = "a new model without a version holds up the real server's reload, and all later ones, until one comes"
DIFFERENCES = {
    "test_other_methods_answer_unimplemented_with_a_sentence[Regress-RegressionRequest]": "offered",
    "test_other_methods_answer_unimplemented_with_a_sentence[MultiInference-MultiInferenceRequest]": "offered",
    "test_what_is_cut_is_whole_characters_of_1024_bytes[2]": _WHOLE,
    "test_what_is_cut_is_whole_characters_of_1024_bytes[3]": _WHOLE,
    "test_what_is_cut_is_whole_characters_of_1024_bytes[4]": _WHOLE,
    "test_a_new_models_folder_must_be_there": _STARTS,
    "test_a_new_model_may_wait_for_its_first_version": _STARTS,
    "test_a_file_that_names_no_model_changes_nothing": "it takes all models out of the real server",
}
"""Name of a test, with its case, to what the real server does or the reason why."""


@dataclasses.dataclass(frozen=True)
class Served:
    """One of the two, running.

    Attributes:
        name: Which.
        address: Where it answers gRPC.
        rest: Its REST.
        config: The file from which its models are.
    """

    name: str
    address: str
    rest: Rest
    config: object


def model_config(name, base, policy="", platform="tensorflow", **labels):
    """One model of a ModelServerConfig."""
    told = "".join(
        f' version_labels {{ key: "{key}" value: {value} }}' for key, value in labels.items()
    )
    chosen = f" model_version_policy {{ {policy} }}" if policy else ""
    return f'config {{ name: "{name}" base_path: "{base}" model_platform: "{platform}"{chosen}{told} }}'


def write_config(file, *models):
    """Put models into a file at once, as an editor or Kubernetes does."""
    edited = file.with_suffix(".edited")
    edited.write_text(f"model_config_list {{ {' '.join(models)} }}\n", encoding="utf-8")
    edited.replace(file)


@contextlib.contextmanager
def running(name, folder, *models, poll_config_s=0):
    """Start one of the two over these models, and stop it in the end."""
    config = folder / "models.config"
    write_config(config, *models)
    monitoring = folder / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }\n")
    rest, port = Rest(free_port()), free_port()
    flags = [
        f"--port={port}", f"--rest_api_port={rest.port}", f"--model_config_file={config}",
        f"--model_config_file_poll_wait_seconds={poll_config_s}", "--file_system_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models=true", "--enable_grpc_healthcheck_service=true",
        "--grpc_max_threads=256", f"--monitoring_config_file={monitoring}",
    ]  # fmt: skip
    served = Served(name, f"localhost:{port}", rest, config)
    with (_embedded if name == EMBEDDED else _real)(flags, served):
        yield served


@contextlib.contextmanager
def _embedded(flags, served):
    options = parse_flags(flags)
    quick = {"poll_s": POLL_S, "config_poll_s": min(POLL_S, options.config_poll_s), "drain_s": 5.0}
    with EmbeddedServer(dataclasses.replace(options, **quick)):
        yield


@contextlib.contextmanager
def _real(flags, served):
    # By default a failed load is tried five times more, a minute apart.
    process = subprocess.Popen(
        [REAL, *flags, "--max_num_load_retries=0"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _answers(served) or process.poll() is not None, READY_S)
        assert process.poll() is None, "it ended"
        yield
    finally:
        process.kill()
        process.wait()


def _answers(served):
    with (
        grpc.insecure_channel(served.address) as channel,
        contextlib.suppress(grpc.FutureTimeoutError),
    ):
        grpc.channel_ready_future(channel).result(1)
        return _rest_answers(served.rest)


def _rest_answers(rest):
    try:
        return rest.ask("GET", "/v1/models/tiny/metadata")[0] == 200
    except OSError:
        return False


def leave_differences_out(items):
    """Mark the tests of `DIFFERENCES` that would ask the real server."""
    for item in items:
        name = item.name.replace(f"[{REAL}]", "").replace(f"[{REAL}-", "[")
        if name != item.name and name in DIFFERENCES:
            item.add_marker(pytest.mark.skip(reason=f"differs: {DIFFERENCES[name]}"))
