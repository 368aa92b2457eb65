"""Serve what is published by the best server this machine has, and tell how to ask it.

    python -m serving.up
    python -m serving.up --model-base-path models/mood --model-name mood --port 8510 --with embedded

Taken is the first of: tensorflow_model_server on the PATH, docker with docker/compose.yaml, the embedded
server. It runs until Ctrl-C or SIGTERM, which are passed on to it.

Exit codes: the server's own once it serves; 1, none could start or it did not come to serve; 2, wrong
usage, or nothing is published.
"""

import argparse
import json
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote

from export.signatures import MODEL_NAME
from serving.client import SentimentClient
from serving.client.errors import CallError, NotReadyError, ServingError
from serving.client.results import VersionStatus
from serving.messages import VersionState
from serving.up.child_server import ChildServer
from serving.up.launchers import LAUNCHERS, Launcher, Wanted, choose

_PROG: Final = "python -m serving.up"
_READY_TIMEOUT_S: Final = 300
_LOOK_S: Final = 1.0
"""Between two looks whether the server's process still lives."""
_CLIENT_PORT: Final = 8500
_TEXT: Final = "what a lovely day"


class UpError(Exception):
    """No server serves; the message is one sentence that tells what to do."""


class _Parser(argparse.ArgumentParser):
    """One sentence on a mistake, without the list of options above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    given = _parse(arguments)
    wanted = Wanted(
        given.model_base_path.resolve(), given.model_name, given.port, given.rest_api_port
    )
    try:
        launcher = _take(given.choice)
        _check_ports(launcher, wanted)
        return _run(launcher, wanted, given.timeout_s)
    except (UpError, ServingError, OSError) as error:
        print(f"{_PROG}: {error}", file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _build_parser()
    given = parser.parse_args(arguments)
    if not given.model_name:
        parser.error("--model-name must not be empty")
    if given.port == given.rest_api_port:
        parser.error(f"--port and --rest-api-port must differ, received {given.port} for both")
    if not is_published(given.model_base_path):
        parser.error(
            f"no version is published under {given.model_base_path}: run `make train` first, or name"
            " another folder by --model-base-path"
        )
    return given


def _build_parser() -> _Parser:
    parser = _Parser(
        prog=_PROG,
        description="Serve what is published by the best server this machine has.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--model-base-path",
        type=Path,
        default=Path("models") / MODEL_NAME,
        metavar="DIR",
        help="folder with a child for each version (default %(default)s)",
    )
    add(
        "--model-name",
        default=MODEL_NAME,
        metavar="NAME",
        help="name under which the model is asked (default %(default)s)",
    )
    add("--port", type=_port, default=8500, help="TCP port for gRPC (default %(default)s)")
    add(
        "--rest-api-port",
        type=_port,
        default=8501,
        metavar="PORT",
        help="TCP port for REST, which the embedded server has not (default %(default)s)",
    )
    add(
        "--with",
        dest="choice",
        choices=[launcher.choice for launcher in LAUNCHERS],
        help="take this server or none (default: the best there is)",
    )
    add(
        "--timeout-s",
        type=_seconds,
        default=_READY_TIMEOUT_S,
        metavar="S",
        help="seconds until it must serve; docker may have to fetch its image first (default %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"must be from 1 to 65535, received {text!r}")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"must be more than 0, received {text!r}")
    return number


_port.__name__ = _seconds.__name__ = "number"


def is_published(base_path: Path) -> bool:
    """Whether a folder holds a version: a folder whose name is a number."""
    try:
        children = list(base_path.iterdir())
    except OSError:
        return False
    return any(
        child.name.isascii() and child.name.isdecimal() and child.is_dir() for child in children
    )


def _take(choice: str | None) -> Launcher:
    """The server that was asked for, or the best there is; say which and why no better one."""
    candidates = [one for one in LAUNCHERS if choice in (None, one.choice)]
    chosen = choose(candidates)
    reasons = [f"{launcher.name}: {obstacle}" for launcher, obstacle in chosen.passed_over]
    if chosen.launcher is None:
        raise UpError(f"no server can start here; {'; '.join(reasons)}.")
    for reason in reasons:
        _say(f"Not taken: {reason}")
    _say(f"Starting {chosen.launcher.name}")
    return chosen.launcher


def _check_ports(launcher: Launcher, wanted: Wanted) -> None:
    ports = {"--port": wanted.port}
    if launcher.has_rest:
        ports["--rest-api-port"] = wanted.rest_api_port
    for option, port in ports.items():
        if _is_taken(port):
            raise UpError(
                f"port {port} is taken: stop who listens there, or choose another by {option}."
            )


def _is_taken(port: int) -> bool:
    """Whether somebody on this machine answers at the port already."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True


def _run(launcher: Launcher, wanted: Wanted, timeout_s: float) -> int:
    """Start, wait until it serves, tell how to ask it, wait for its end."""
    with ChildServer(launcher.command(wanted), launcher.environment(wanted)) as child:
        if _wait_until_it_serves(child, launcher.name, wanted, timeout_s):
            _say(
                f"\nAsk it from another terminal; Ctrl-C here ends it:\n{ask_lines(launcher, wanted)}\n"
            )
        code = child.wait()
        if not child.told_to_stop:
            print(f"{_PROG}: {launcher.name} ended, exit code {code}.", file=sys.stderr)
        return code


def _wait_until_it_serves(child: ChildServer, name: str, wanted: Wanted, timeout_s: float) -> bool:
    """Whether it came to serve; it did not where it was told to stop before.

    Raises:
        UpError: It ended by itself, could not load the model, or took too long.
    """
    give_up = time.monotonic() + timeout_s
    while child.exit_code() is None:
        # A new connection each time: gRPC waits ever longer, up to two minutes, before it tries again to
        # reach a server that was not there.
        with SentimentClient(f"localhost:{wanted.port}", model_name=wanted.model_name) as client:
            if _serves(client):
                return True
        if time.monotonic() > give_up:
            raise UpError(
                f"{name} did not serve within {timeout_s:g} s: see above what it says, or allow more"
                " by --timeout-s."
            )
    if not child.told_to_stop:
        raise UpError(
            f"{name} ended before it served, exit code {child.exit_code()}: see above what it says."
        )
    return False


def _serves(client: SentimentClient) -> bool:
    """Whether a version serves within a moment.

    Raises:
        UpError: Waiting will not help, because every version was tried and failed.
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
        raise UpError(
            f"version {versions[0].version} cannot be loaded: {reason}. Publish another one by"
            " `make train`, or move its folder away."
        )


def ask_lines(launcher: Launcher, wanted: Wanted) -> str:
    """The command lines that ask this server."""
    words = [shown_python(), "-m", "serving.client", _TEXT]
    if wanted.port != _CLIENT_PORT:
        words += ["--address", f"localhost:{wanted.port}"]
    if wanted.model_name != MODEL_NAME:
        words += ["--model-name", wanted.model_name]
    commands = [words]
    if launcher.has_rest:
        body = json.dumps({"instances": [_TEXT]})
        url = f"localhost:{wanted.rest_api_port}/v1/models/{quote(wanted.model_name)}:predict"
        commands.append(["curl", "-d", body, url])
    return "\n".join(f"  {shlex.join(command)}" for command in commands)


def shown_python() -> str:
    """This interpreter as one would type it here."""
    found = shutil.which("python")
    if found and Path(found) == Path(sys.executable):
        return "python"
    here, interpreter = Path.cwd(), Path(sys.executable)
    return str(interpreter.relative_to(here) if interpreter.is_relative_to(here) else interpreter)


def _say(line: str) -> None:
    """At once, also into a pipe: the server's own lines follow."""
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
