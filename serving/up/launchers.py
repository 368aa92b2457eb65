"""The servers that a machine may have, best first: what keeps each from starting here, and how it is started.

`serving.up` takes the first that nothing keeps.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

COMPOSE_FILE: Final = Path(__file__).parents[2] / "docker" / "compose.yaml"
"""Comes with the repository; an installed package is without it."""

_REAL: Final = "tensorflow_model_server"
_DOCKER_TIMEOUT_S: Final = 20
"""A docker whose engine hangs would otherwise keep its caller for ever."""


class NoServerError(Exception):
    """No server serves; the message is one sentence that tells what to do."""


@dataclass(frozen=True)
class Deployment:
    """What is to be served, and where.

    Attributes:
        base_path: Folder of numbered versions, absolute: the real server and docker take no other.
        model_name: Name under which the model is asked.
        port: TCP port for gRPC.
        rest_api_port: TCP port for REST.
    """

    base_path: Path
    model_name: str
    port: int
    rest_api_port: int


@dataclass(frozen=True)
class Launcher:
    """One way to get a server.

    Attributes:
        choice: Its word for `--with`.
        name: What people call it.
        obstacle: Tells in words why it cannot start on this machine; `None` where it can.
        command: The words that start it in the foreground.
        environment: Variables that it needs beside those of this process.
    """

    choice: str
    name: str
    obstacle: Callable[[], str | None]
    command: Callable[[Deployment], list[str]]
    environment: Callable[[Deployment], dict[str, str]] = lambda _: {}


def _real_obstacle() -> str | None:
    return None if shutil.which(_REAL) else "it is not on the PATH"


def _real_command(deployment: Deployment) -> list[str]:
    return [
        shutil.which(_REAL) or _REAL,
        f"--port={deployment.port}",
        f"--rest_api_port={deployment.rest_api_port}",
        f"--model_name={deployment.model_name}",
        f"--model_base_path={deployment.base_path}",
        # By default four times the cores: 8 clients on 2 cores were refused 45 % of their requests. With 64, 64 clients
        # were refused 3,345 of 50,000.
        "--grpc_max_threads=256",
        # A profiler that anybody may start is for the lab.
        "--enable_profiler=false",
    ]


def _docker_obstacle() -> str | None:
    if not shutil.which("docker"):
        return "it is not on the PATH"
    if not COMPOSE_FILE.is_file():
        return "there is no docker/compose.yaml, which comes with the repository"
    if not _runs("docker", "compose", "version"):
        return "it has no compose plugin (`docker compose version` fails)"
    if not _runs("docker", "info"):
        return "its engine does not answer (`docker info` fails)"
    return None


def _docker_command(_: Deployment) -> list[str]:
    return ["docker", "compose", "-f", str(COMPOSE_FILE), "up", "serving"]


def _docker_environment(deployment: Deployment) -> dict[str, str]:
    return {
        "MODEL_DIR": str(deployment.base_path),
        "MODEL_NAME": deployment.model_name,
        "GRPC_PORT": str(deployment.port),
        "REST_PORT": str(deployment.rest_api_port),
    }


def _embedded_obstacle() -> str | None:
    # Looked for, not imported: that takes seconds, and the child does it anyway.
    needed = ("tensorflow", "tensorflow_serving", "starlette", "uvicorn", "prometheus_client")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} cannot be imported; install by: pip install '.[server]'"
    return None


def _embedded_command(deployment: Deployment) -> list[str]:
    return [
        sys.executable,
        "-m",
        "serving.server",
        f"--port={deployment.port}",
        f"--rest_api_port={deployment.rest_api_port}",
        f"--model_name={deployment.model_name}",
        f"--model_base_path={deployment.base_path}",
    ]


def _runs(*command: str) -> bool:
    """Whether a command ends well, and in time."""
    try:
        result = subprocess.run(  # noqa: S603 (words of our own, no shell)
            command, capture_output=True, check=False, timeout=_DOCKER_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


LAUNCHERS: Final = (
    Launcher("real", _REAL, _real_obstacle, _real_command),
    Launcher("docker", "docker", _docker_obstacle, _docker_command, _docker_environment),
    Launcher("embedded", "the embedded server", _embedded_obstacle, _embedded_command),
)
"""Best first."""


@dataclass(frozen=True)
class Choice:
    """Which server it is to be.

    Attributes:
        launcher: The one taken; `None` where none can start.
        passed_over: Those that were better and cannot start, each with its obstacle.
    """

    launcher: Launcher | None
    passed_over: list[tuple[Launcher, str]]


def choose(candidates: Sequence[Launcher]) -> Choice:
    """Take the first that can start.

    Args:
        candidates: In the order of preference.
    """
    passed_over: list[tuple[Launcher, str]] = []
    for launcher in candidates:
        obstacle = launcher.obstacle()
        if obstacle is None:
            return Choice(launcher, passed_over)
        passed_over.append((launcher, obstacle))
    return Choice(None, passed_over)
