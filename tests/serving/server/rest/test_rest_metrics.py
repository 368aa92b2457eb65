"""Metrics at the port for REST: the real server's path, names and labels, for requests and loads of both protocols."""

import re
from pathlib import Path

import pytest
from google.protobuf import text_format
from rest_asker import Rest, free_port
from waiting import wait_for

from serving import messages
from serving.client import SentimentClient
from serving.server.flags import parse_flags

PATH = "/monitoring/prometheus/metrics"


@pytest.fixture
def flags(tmp_path):
    """A function that gives what the server reads from a MonitoringConfig."""

    def read(text):
        file = tmp_path / "monitoring.config"
        file.write_text(text)
        words = ["--model_base_path=x", "--rest_api_port=8501", f"--monitoring_config_file={file}"]
        return parse_flags(words).metrics_path

    return read


def samples(rest, method="GET"):
    """Values by name and labels."""
    status, headers, body = rest.ask(method, PATH)
    assert (status, headers["Content-Type"]) == (200, "text/plain")
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_and_loads_are_counted(start, saved_models, tmp_path):
    base, port = tmp_path / "tiny", free_port()
    saved_models.publish(3, base)
    running = start(base, rest_api_port=port, metrics_path=PATH)
    rest = Rest(port)
    with SentimentClient(running.address, model_name="tiny") as client:
        client.predict(["a"])
        client.classify(["a"])
    rest.ask("POST", "/v1/models/tiny:predict", b'{"instances": ["a"]}')
    rest.ask("POST", "/v1/models/tiny:predict", b"{")
    for name in ("one", "two"):
        rest.ask("POST", f"/v1/models/{name}:predict", b'{"instances": ["a"]}')
    (base / "4").mkdir()
    failed = f':tensorflow:cc:saved_model:load_attempt_count{{model_path="{base}/4",status="fail"}}'
    wait_for(lambda: failed in samples(rest), 10)
    told = samples(rest, "POST")
    count = ":tensorflow:serving:request_count"
    assert told[f'{count}{{model_name="tiny",status="INVALID_ARGUMENT"}}'] == 1
    assert told[f'{count}{{model_name="unknown",status="NOT_FOUND"}}'] == 2
    latency = ":tensorflow:serving:request_latency_count"
    times = {
        re.search(r'API="(\w+)",entrypoint="(\w+)"', name).groups(): value
        for name, value in told.items()
        if name.startswith(latency)
    }
    # The real server has the name as the path has it.
    assert times[("predict", "REST")] == 1
    assert times[("Predict", "GRPC")] >= 1
    assert told[f'{count}{{model_name="tiny",status="OK"}}'] == sum(times.values())
    assert told[failed.replace("/4", "/3").replace("fail", "success")] == 1
    assert told["process_resident_memory_bytes"] > 1e6


def test_they_are_off_by_default(embedded):
    assert embedded.ask("GET", PATH)[0] == 404


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"enable": True}, PATH),
        ({"enable": True, "path": "/metrics"}, "/metrics"),
        ({"path": "/metrics"}, None),
        ({}, None),
    ],
)
def test_the_file_tells_where(flags, config, path):
    made = messages.MonitoringConfig(prometheus_config=config)
    assert flags(text_format.MessageToString(made)) == path


def test_the_file_of_the_image_is_read(flags):
    file = Path(__file__).parents[4] / "docker" / "config" / "monitoring.config"
    assert flags(file.read_text(encoding="utf-8")) == PATH
