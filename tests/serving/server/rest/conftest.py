"""Servers with REST over the tiny model, and bare HTTP to ask them."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from rest_asker import Rest, free_port
from waiting import wait_for

from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

REAL = "tensorflow_model_server"


@pytest.fixture(scope="session")
def embedded(saved_models, tmp_path_factory):
    """The embedded server, with version 3 under the label `stable`."""
    base = tmp_path_factory.mktemp("rest") / "tiny"
    saved_models.publish(3, base)
    config = ModelConfig("tiny", base, labels={"stable": 3})
    port = free_port()
    options = ServerOptions((config,), port=0, rest_api_port=port, rest_api_threads=8)
    with EmbeddedServer(options):
        yield Rest(port)


@pytest.fixture(scope="session")
def real(saved_models, tmp_path_factory):
    """tensorflow_model_server over the same, where it is."""
    if shutil.which(REAL) is None:
        pytest.skip(f"{REAL} is not on the PATH")
    folder = tmp_path_factory.mktemp("real")
    saved_models.publish(3, folder / "tiny")
    config = folder / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "tiny" base_path: "{folder}/tiny" model_platform: "tensorflow"'
        ' version_labels { key: "stable" value: 3 } } }'
    )
    rest = Rest(free_port())
    flags = [f"--model_config_file={config}", f"--rest_api_port={rest.port}"]
    flags += [f"--port={free_port()}", "--allow_version_labels_for_unavailable_models=true"]
    process = subprocess.Popen([REAL, *flags], stderr=subprocess.DEVNULL)
    wait_for(lambda: _serves(rest), 60)
    yield rest
    process.kill()
    process.wait()


def _serves(rest):
    try:
        return rest.ask("GET", "/v1/models/tiny/metadata")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="session", params=["embedded", "real"])
def rest(request):
    """Each of the two servers."""
    return request.getfixturevalue(request.param)
