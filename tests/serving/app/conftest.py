"""The page's script, run by Streamlit's own AppTest against real servers over real sockets."""

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import labelled_model
import pytest
from app_page import Page, free_port
from streamlit.components.v2 import manifest_scanner

from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

LABELS = ("negative", "neutral", "positive")


@pytest.fixture(scope="session", autouse=True)
def _scanned_once():
    """Every AppTest looks through all installed packages for components of Streamlit: 0.4 s; they stay the same."""
    scan = manifest_scanner.scan_component_manifests
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan))
        yield


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory):
    """A server with versions 1 and 2 of `mood`, labels `stable` and `canary`, and REST."""
    base = tmp_path_factory.mktemp("page") / "mood"
    base.mkdir()
    for version in (1, 2):
        labelled_model.publish(base, version, LABELS)
    config = ModelConfig("mood", base, labels={"stable": 1, "canary": 2}, newest=None)
    options = ServerOptions((config,), port=0, rest_api_port=free_port(), poll_s=0.05)
    with EmbeddedServer(options) as running:
        yield running


@pytest.fixture
def page(monkeypatch, tmp_path):
    """A function that opens the page on a server, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def opened(address, *words, model_name="mood", **state):
        given = [f"--address={address}", f"--model-name={model_name}", *map(str, words)]
        monkeypatch.setattr(sys, "argv", ["page.py", *given])
        return Page(**state)

    return opened
