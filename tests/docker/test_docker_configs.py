"""The files that the server reads: parsed as it parses them, and true to the rest of the project."""

import re
import subprocess
from pathlib import Path

import pytest
from deployment_files import CONFIG, DEPLOYMENT, DOCKER, KSERVE, ROOT, by_kind, documents
from google.protobuf import text_format
from model_server_flags import message
from tensorflow_serving.config import model_server_config_pb2

from export.signatures import MODEL_NAME
from serving.client.base import DEFAULT_MAX_BATCH_SIZE, DEFAULT_TIMEOUT_S
from serving.server.flags import parse_flags, read_model_config

PEM = "-----BEGIN {0}-----\nMIIB/+A=\nx&y\\z\n-----END {0}-----\n"


def parsed(name, into):
    return text_format.Parse((CONFIG / name).read_text(encoding="utf-8"), into)


def test_labels_name_versions_that_are_kept_in_memory():
    """A label on another version would answer NOT_FOUND, or keep the server from starting."""
    config = parsed("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert model.name == MODEL_NAME
    assert model.base_path == f"/models/{MODEL_NAME}"
    assert model.model_platform == "tensorflow"
    assert set(model.version_labels) == {"stable", "canary"}
    versions = set(model.model_version_policy.specific.versions)
    assert set(model.version_labels.values()) == versions
    assert model.version_labels["stable"] < model.version_labels["canary"]


def test_the_embedded_server_reads_the_same_models():
    (model,) = read_model_config(CONFIG / "models.config")
    assert model.name == MODEL_NAME
    assert model.choose({1, 2, 3}) == {1, 2}
    assert model.labels == {"stable": 1, "canary": 2}


@pytest.fixture(scope="module")
def batching():
    return parsed("batching.config", message("BatchingParameters"))


def test_batching_takes_all_that_the_client_sends(batching):
    """Larger requests are refused, smaller limits would break calls that work without batching."""
    assert batching.max_batch_size.value >= DEFAULT_MAX_BATCH_SIZE
    assert batching.enable_large_batch_splitting.value
    assert batching.max_execution_batch_size.value <= batching.max_batch_size.value


def test_the_batching_queue_is_shorter_than_the_clients_patience(batching):
    """Who waits longer than the deadline is worked for in vain."""
    slowest_batch_s = 0.089  # 256 tweets on a busy machine, docs/log.md
    queue_s = (
        batching.max_enqueued_batches.value * slowest_batch_s / batching.num_batch_threads.value
    )
    assert queue_s < DEFAULT_TIMEOUT_S


def test_batching_pads_nothing(batching):
    """The graph runs any number of rows; padded ones would be work for nothing."""
    assert not batching.allowed_batch_sizes
    assert not batching.pad_variable_length_inputs


def test_an_unknown_field_is_found_out():
    """Else a misspelt name would pass here and stop the server."""
    with pytest.raises(text_format.ParseError, match="max_batchsize"):
        text_format.Parse("max_batchsize { value: 1 }", message("BatchingParameters"))


def test_metrics_are_on_and_asked_for_where_they_are():
    config = parsed("monitoring.config", message("MonitoringConfig")).prometheus_config
    assert config.enable
    (prometheus,) = documents(DOCKER / "prometheus.yml")
    (job,) = prometheus["scrape_configs"]
    runtime = by_kind(KSERVE)
    pod = by_kind(DEPLOYMENT)["Deployment"]["spec"]["template"]
    in_kserve = text_format.Parse(
        runtime["ConfigMap"]["data"]["monitoring.config"], message("MonitoringConfig")
    )
    assert in_kserve.prometheus_config == config
    for annotations in (pod["metadata"], runtime["ServingRuntime"]["spec"]):
        assert annotations["annotations"]["prometheus.io/path"] == config.path
    assert job["metrics_path"] == config.path


@pytest.fixture
def pem_files(tmp_path):
    """Files with characters that sed, awk or printf might take for something else."""
    kinds = {"server.key": "PRIVATE KEY", "server.pem": "CERTIFICATE", "clients-ca.pem": "CA"}
    for name, kind in kinds.items():
        (tmp_path / name).write_text(PEM.format(kind).replace("\\z", "z"), encoding="utf-8")
    return tmp_path


def test_the_documented_command_fills_the_tls_template_in(pem_files):
    """Run as written in docs/operations.md; the result is what the embedded server reads too."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\(umask 077; awk .*?ssl\.config\)$", text, re.DOTALL | re.MULTILINE)
    (pem_files / "docker").mkdir()
    (pem_files / "docker" / "config").symlink_to(_copy_of_template(pem_files))
    subprocess.run(["/bin/sh", "-ec", command], cwd=pem_files, check=True)
    filled = pem_files / "docker" / "config" / "ssl.config"
    assert filled.stat().st_mode & 0o777 == 0o600
    ssl = parse_flags([f"--ssl_config_file={filled}", "--model_base_path=m"]).ssl
    contents = {name: (pem_files / name).read_text(encoding="utf-8") for name in _PARTS}
    assert {name: getattr(ssl, field) for name, field in _PARTS.items()} == contents
    assert ssl.client_verify


_PARTS = {"server.key": "server_key", "server.pem": "server_cert", "clients-ca.pem": "custom_ca"}


def _copy_of_template(folder: Path) -> Path:
    """The command writes beside the template; a test must not leave a key in the project."""
    copy = folder / "config"
    copy.mkdir()
    template = CONFIG / "ssl.config.template"
    (copy / template.name).write_bytes(template.read_bytes())
    return copy


def test_the_template_itself_holds_no_secret():
    """Somebody might fill in the file in place and commit it."""
    text = (CONFIG / "ssl.config.template").read_text(encoding="utf-8")
    assert "-----" not in text
    assert re.findall(r'"@(.+)@"', text) == list(_PARTS)
