"""One tiny SavedModel, one embedded server over it, for all tests of `serving`.

The model knows nothing of tweets: its answer follows from the length of the text and from its own
version, so a test can tell every text and every version from any other.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Test folders are no packages here: what these tests share is found by its own name.
sys.path.insert(0, str(Path(__file__).parent))

import grpc
import length_model
import pytest
import trustme
import two_servers

from serving.client import SentimentClient
from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

POLL_S = 0.05


def pytest_collection_modifyitems(items):
    two_servers.leave_differences_out(items)


@pytest.fixture(scope="session", params=two_servers.SERVERS)
def contract(request, saved_models, tmp_path_factory):
    """Each of the two servers, with version 3 of model `tiny` under the labels `stable`, and `gone` for a missing one."""
    folder = tmp_path_factory.mktemp("contract")
    saved_models.publish(3, folder / "tiny")
    tiny = two_servers.model_config("tiny", folder / "tiny", stable=3, gone=2)
    with two_servers.running(request.param, folder, tiny) as served:
        yield served


@pytest.fixture(scope="session")
def channel(server):
    """A bare channel to the server, for the stubs of tensorflow-serving-api."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory):
    """Finished version directories by number, built once, to be copied or published."""
    return length_model.Library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def base(saved_models, tmp_path_factory):
    """A folder with version 3 of model `tiny`, for servers in processes of their own."""
    folder = tmp_path_factory.mktemp("published") / "tiny"
    saved_models.publish(3, folder)
    return folder


@pytest.fixture(scope="session")
def server(saved_models, tmp_path_factory):
    """A server with version 3 of model `tiny` under the labels `stable`, and `gone` for a missing one."""
    base = tmp_path_factory.mktemp("models") / "tiny"
    saved_models.publish(3, base)
    config = ModelConfig("tiny", base, labels={"stable": 3, "gone": 2})
    with EmbeddedServer(ServerOptions((config,), port=0, poll_s=POLL_S, max_threads=8)) as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    """A client of that server."""
    with SentimentClient(server.address, model_name="tiny") as connected:
        yield connected


@pytest.fixture(scope="session")
def exported_address(tiny_run):
    """Where a server answers with the project's own export, a model of tweets."""
    model = ModelConfig("tweet_sentiment", tiny_run / "exported")
    with EmbeddedServer(ServerOptions(models=(model,), port=0)) as running:
        yield running.address


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A folder with ca.pem, and server and client each as .pem and .key, made up for this session."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    names = {"server": ("sentiment.test", "localhost", "127.0.0.1"), "client": ("client.test",)}
    for owner, identities in names.items():
        issued = authority.issue_cert(*identities)
        issued.private_key_pem.write_to_path(folder / f"{owner}.key")
        for part in issued.cert_chain_pems:
            part.write_to_path(folder / f"{owner}.pem", append=True)
    return folder


@pytest.fixture
def start(request):
    """A function that starts a server of the test's own on a folder, and stops it afterwards."""

    def start_server(base, **options):
        config = options.pop("config", None) or ModelConfig("tiny", base)
        options = {"port": 0, "poll_s": POLL_S, "max_threads": 8, "drain_s": 5.0, **options}
        running = EmbeddedServer(ServerOptions((config,), **options))
        running.start()
        request.addfinalizer(running.stop)
        return running

    return start_server
