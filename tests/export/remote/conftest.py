"""A real object store for the tests: moto's S3 server, a process of its own on this machine."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time

import pytest
from stored_versions import opened


@pytest.fixture(scope="session")
def s3_endpoint():
    """Its address; the store holds no bucket."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def s3(s3_endpoint, monkeypatch):
    """The URL of a folder in a bucket of the test's own, which this and its processes may use."""
    settings = {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{secrets.token_hex(4)}"
    opened(f"s3://{bucket}")[0].mkdir(bucket)
    return f"s3://{bucket}/models/tweets"


@pytest.fixture
def memory():
    """The URL of a folder in the memory of this process: a store for what needs no other process."""
    pytest.importorskip("fsspec")
    return f"memory://{secrets.token_hex(4)}/models"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise TimeoutError(os.strerror(110))
