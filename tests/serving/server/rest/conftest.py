"""Servers with REST over the tiny model, and bare HTTP to ask them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from rest_asker import Rest, free_port

from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig


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
def rest(contract):
    """REST of each of the two servers."""
    return contract.rest
