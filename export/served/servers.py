"""The servers that a version may be loaded by: which ones this machine has, and how each is started.

    choose(())                                   tensorflow_model_server where it is on the PATH, else the embedded one
    choose(["/opt/tfs/tensorflow_model_server"]) that program, or a name on the PATH
    choose(["tensorflow/serving:2.20.0"])        an image, where docker runs
    choose(["embedded"])                         `python -m serving.server`
    choose(["none"])                             nobody is asked, and the card says so

No TensorFlow here: a server that is not there is told before anything slow begins.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from export.errors import UnknownServerError

REAL: Final = "tensorflow_model_server"
EMBEDDED: Final = "embedded"
NONE: Final = "none"

PACKAGES_ROOT: Final = Path(__file__).parents[2]
"""Where `python -m` finds the embedded server, whatever the working directory."""

_DOCKER_S: Final = 20
"""A docker whose engine hangs would otherwise keep its caller for ever."""

_VERSION_S: Final = 10
_IN_CONTAINER: Final = f"/usr/bin/{REAL}"
_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?([:@][\w.:-]+)")
"""With a tag or a digest: that is how it is told from a program, and `latest` would say nothing on a card."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a server shall serve what.

    Attributes:
        directory: the version, absolute.
        base_path: a folder in which it stands as version 1.
        model_name: name under which it is asked.
        port: TCP port for gRPC.
        rest_port: TCP port for REST.
    """

    directory: Path
    base_path: Path
    model_name: str
    port: int
    rest_port: int


@dataclasses.dataclass(frozen=True)
class Server:
    """One way to serve a version.

    Attributes:
        name: for card and report.
        has_rest: whether it answers REST too.
        command: the words that start it in the foreground.
        version_command: the words that make it tell its version; empty where it cannot.
        afterwards: the words to clear up by once its process is gone; empty where nothing is left.
    """

    name: str
    has_rest: bool
    command: Callable[[Place], list[str]]
    version_command: tuple[str, ...] = ()
    afterwards: Callable[[Place], list[str]] = lambda _: []

    def version(self) -> str:
        """What it tells of itself, in words such as `2.20.0`; `of an unknown version` where it does not."""
        if not self.version_command:
            return _embedded_version()
        try:
            told = subprocess.run(  # noqa: S603 (words of our own, no shell)
                self.version_command,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_VERSION_S,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return _UNKNOWN
        # TensorFlow ModelServer: 2.20.0-rc0+dev.sha.0123abc
        found = re.search(r"ModelServer:\s*(\S+)", told.stdout)
        return found[1] if found else _UNKNOWN


_UNKNOWN: Final = "of an unknown version"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Who is to be asked.

    Attributes:
        servers: one after another; empty where nobody is.
        left_out: why nobody is, in words.
    """

    servers: tuple[Server, ...]
    left_out: str | None = None


def choose(names: Sequence[str]) -> Choice:
    """Find the servers named; without a name the best one that this machine has.

    Args:
        names: programs, images, `embedded`; or `none` alone.

    Raises:
        UnknownServerError: one cannot serve here.
    """
    if not names:
        return _best()
    if NONE not in names:
        return Choice(tuple(_named(name) for name in dict.fromkeys(names)))
    if set(names) != {NONE}:
        raise UnknownServerError(
            f"`server` must be {NONE} alone, or servers. Received: server={', '.join(names)}"
        )
    return Choice((), f"left out by --server {NONE}")


def from_anywhere(name: str) -> str:
    """The name of the same server in every working directory, for who is to be asked later."""
    found = shutil.which(name) if os.sep in name else None
    return str(Path(found).absolute()) if found else name


def _best() -> Choice:
    if found := shutil.which(REAL):
        return Choice((_program(found),))
    missing = _missing()
    if missing is None:
        return Choice((_EMBEDDED_SERVER,))
    return Choice((), f"{REAL} is not on the PATH, and the embedded server needs {missing}")


def _named(name: str) -> Server:
    if name == EMBEDDED:
        if missing := _missing():
            raise UnknownServerError(
                f"`server` {EMBEDDED} needs {missing}. Received: server={name}"
            )
        return _EMBEDDED_SERVER
    # The PATH is searched for a bare name alone; a relative path is one of the folder that we are in.
    if found := shutil.which(name):
        return _program(str(Path(found).absolute()))
    if not _IMAGE.fullmatch(name) or _is_there(name):
        raise UnknownServerError(
            f"`server` must be a program that can be run, an image with its tag such as tensorflow/serving:2.20.0, "
            f"{EMBEDDED} or {NONE}. Received: server={name}"
        )
    if obstacle := _docker_obstacle():
        raise UnknownServerError(
            f"`server` {name} is an image, for which docker must run here: {obstacle}. Received: server={name}"
        )
    return _image(name)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name longer than any file's
        return False


def _missing() -> str | None:
    """Looked for, not imported: that takes seconds, and the server does it anyway."""
    missing = [
        name
        for name in (
            "serving",
            "tensorflow",
            "tensorflow_serving",
            "starlette",
            "uvicorn",
            "prometheus_client",
        )
        if not find_spec(name)
    ]
    return f"{', '.join(missing)}; install by: pip install '.[server]'" if missing else None


def _docker_obstacle() -> str | None:
    if not shutil.which("docker"):
        return "it is not on the PATH"
    try:
        result = subprocess.run(
            ["docker", "info"],  # noqa: S607 (the user's own)
            capture_output=True,
            check=False,
            timeout=_DOCKER_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "`docker info` does not answer"
    return "its engine does not answer (`docker info` fails)" if result.returncode else None


def _flags(place: Place, base_path: str, port: int, rest_port: int) -> list[str]:
    """Those that every release has: several may be asked, and an unknown flag ends a server."""
    return [
        f"--port={port}",
        f"--rest_api_port={rest_port}",
        f"--model_name={place.model_name}",
        f"--model_base_path={base_path}",
        # By default it tries five times more, a minute apart.
        "--max_num_load_retries=0",
    ]


def _program(path: str) -> Server:
    def command(place: Place) -> list[str]:
        return [path, *_flags(place, str(place.base_path), place.port, place.rest_port)]

    return Server(Path(path).name, True, command, (path, "--version"))


def _image(image: str) -> Server:
    def command(place: Place) -> list[str]:
        base_path = f"/models/{place.model_name}"
        # A link leads out of the container, so the version itself is mounted.
        mount = f"type=bind,source={place.directory},target={base_path}/1,readonly"
        return [
            "docker", "run", "--rm", "--init", f"--name={place.model_name}", f"--mount={mount}",
            f"--publish=127.0.0.1:{place.port}:8500", f"--publish=127.0.0.1:{place.rest_port}:8501",
            f"--entrypoint={_IN_CONTAINER}", image, *_flags(place, base_path, 8500, 8501),
        ]  # fmt: skip

    return Server(
        image,
        True,
        command,
        ("docker", "run", "--rm", f"--entrypoint={_IN_CONTAINER}", image, "--version"),
        # The engine runs it, not the command that is killed.
        lambda place: ["docker", "rm", "--force", place.model_name],
    )


def _embedded_command(place: Place) -> list[str]:
    return [
        "env", "CUDA_VISIBLE_DEVICES=-1",  # the gate may hold all of a GPU's memory
        sys.executable, "-m", "serving.server",
        "--host=127.0.0.1", f"--port={place.port}", f"--rest_api_port={place.rest_port}",
        f"--model_name={place.model_name}", f"--model_base_path={place.base_path}",
    ]  # fmt: skip


def _embedded_version() -> str:
    import tensorflow as tf  # noqa: PLC0415 (it takes seconds)

    return f"of TensorFlow {tf.__version__}"


_EMBEDDED_SERVER: Final = Server("embedded server", True, _embedded_command)
