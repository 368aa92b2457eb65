"""Wait until a server that was just started serves, or tell why it will not."""

import time
from typing import Final

from serving.client import SentimentClient
from serving.client.errors import CallError, NotReadyError
from serving.client.results import VersionStatus
from serving.messages import VersionState
from serving.up.child_server import ChildServer
from serving.up.launchers import Deployment, NoServerError

_LOOK_S: Final = 1.0
"""Between two looks whether the server's process still lives."""


def wait_until_it_serves(
    child: ChildServer, name: str, deployment: Deployment, timeout_s: float
) -> bool:
    """Whether it came to serve; it did not where it was told to stop before.

    Args:
        child: The server's process.
        name: What people call the server.
        deployment: What it is to serve, and where.
        timeout_s: Seconds that it has.

    Raises:
        NoServerError: It ended by itself, could not load the model, or took too long.
    """
    give_up = time.monotonic() + timeout_s
    while child.exit_code() is None:
        # A new connection each time: gRPC waits ever longer, up to two minutes, before it tries again to
        # reach a server that was not there.
        address = f"localhost:{deployment.port}"
        with SentimentClient(address, model_name=deployment.model_name) as client:
            if _serves(client):
                return True
        if time.monotonic() > give_up:
            raise NoServerError(
                f"{name} did not serve within {timeout_s:g} s: see above what it says, or allow more"
                " by --timeout-s."
            )
    if not child.told_to_stop:
        raise NoServerError(
            f"{name} ended before it served, exit code {child.exit_code()}: see above what it says."
        )
    return False


def _serves(client: SentimentClient) -> bool:
    """Whether a version serves within a moment.

    Raises:
        NoServerError: Waiting will not help, because every version was tried and failed.
    """
    try:
        client.wait_until_ready(_LOOK_S)
    except NotReadyError:
        _check_loads(_versions(client))
        return False
    return True


def _versions(client: SentimentClient) -> list[VersionStatus]:
    """What the server tells of its versions; nothing before it listens."""
    try:
        return client.status(timeout_s=_LOOK_S)
    except CallError:
        return []


def _check_loads(versions: list[VersionStatus]) -> None:
    if versions and all(one.state is VersionState.END and one.error for one in versions):
        reason = " ".join(versions[0].error.split()).rstrip(".")
        raise NoServerError(
            f"version {versions[0].version} cannot be loaded: {reason}. Publish another one by"
            " `make train`, or move its folder away."
        )
