"""Many clients while versions come and go: nobody fails, nobody is told wrong, memory stays flat."""

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import grpc
import pytest
from length_model import expected
from waiting import wait_for

from serving.client import SentimentClient, codec, rpcs
from serving.client.errors import ServingError
from serving.client.target import Target
from serving.messages import VersionState

CLIENTS = 16
REQUESTS = 10_000
VERSIONS = range(1, 12)
"""The first one, and ten that are published while requests run."""
TEXTS = ["x" * length for length in range(40)]


def resident_mib(pid):
    """Memory of a process that is in RAM."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture
def process(tmp_path, saved_models):
    """The server as a process of its own, on version 1, with its address."""
    base = tmp_path / "tiny"
    saved_models.publish(1, base)
    command = [
        sys.executable, "-m", "serving.server", "--port=0", "--model_name=tiny",
        f"--model_base_path={base}", "--file_system_poll_wait_seconds=0.1", "--grpc_max_threads=16",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running, running.stdout.readline().split()[-1], base
        finally:
            running.terminate()
            running.communicate(timeout=60)


class Asker(threading.Thread):
    """One client on a channel of its own, asking until it is told to stop."""

    def __init__(self, address, start, quota):
        super().__init__()
        self.address, self.start_at, self.quota = address, start, quota
        self.asked = 0
        self.failures, self.wrong, self.seen = [], [], Counter()
        self.enough = threading.Event()

    def run(self):
        target = Target(self.address, "tiny")
        # A channel of its own: gRPC would let all of them share one connection.
        options = [*_options(), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self.address, options) as channel:
            predict = rpcs.stubs(channel)[rpcs.PREDICT.path]
            while self.asked < self.quota or not self.enough.is_set():
                self.ask(predict, target)

    def ask(self, predict, target):
        text = TEXTS[(self.start_at + self.asked) % len(TEXTS)]
        self.asked += 1
        try:
            response = predict(codec.predict_request(target, [text]), timeout=30)
        except grpc.RpcError as error:
            self.failures.append((error.code(), error.details()))
            return
        version = response.model_spec.version.value
        self.seen[version] += 1
        answer = list(response.outputs["probabilities"].float_val)
        if answer != pytest.approx(expected(text, version), abs=1e-6):
            self.wrong.append((text, version, answer))


def _options():
    from serving.client.channel import OPTIONS

    return OPTIONS


@pytest.mark.slow
def test_ten_versions_under_load(process, saved_models):
    running, address, base = process
    for version in VERSIONS:
        saved_models.path(version)
    askers = [Asker(address, start, REQUESTS // CLIENTS) for start in range(CLIENTS)]
    with SentimentClient(address, model_name="tiny") as client:
        client.wait_until_ready(60)
        for asker in askers:
            asker.start()
        memory = []
        try:
            for version in VERSIONS[1:]:
                share = REQUESTS * (version - 1) // len(VERSIONS)
                wait_for(lambda: sum(asker.asked for asker in askers) >= share, 120)  # noqa: B023
                saved_models.publish(version, base)
                wait_for(lambda: _serves_alone(client, version), 60)  # noqa: B023 - asked at once
                memory.append(resident_mib(running.pid))
        finally:
            for asker in askers:
                asker.enough.set()
            for asker in askers:
                asker.join()
    seen = sum((asker.seen for asker in askers), Counter())
    print(f"\n{sum(asker.asked for asker in askers)} requests, by version {dict(seen)}")
    print("resident MiB after each swap:", [round(size, 1) for size in memory])
    assert [failure for asker in askers for failure in asker.failures] == []
    assert [wrong for asker in askers for wrong in asker.wrong] == []
    assert sum(seen.values()) >= REQUESTS
    assert set(seen) == set(VERSIONS)
    assert max(memory[-5:]) - memory[-5] < 0.02 * memory[-5]


def _serves_alone(client, version):
    """Whether a version is available and every one before it is gone."""
    try:
        states = {status.version: status.state for status in client.status(timeout_s=30)}
    except ServingError:
        return False
    return states.pop(version, None) is VersionState.AVAILABLE and set(states.values()) == {
        VersionState.END
    }
