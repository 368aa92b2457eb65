"""Serve what is published by the best server this machine has, and tell how to ask it.

    python -m serving.up
    python -m serving.up --model-base-path models/mood --model-name mood --port 8510 --with embedded

Taken is the first of: tensorflow_model_server on the PATH, docker with docker/compose.yaml, the embedded
server. It runs until Ctrl-C or SIGTERM, which are passed on to it.

Exit codes: the server's own once it serves; 1, none could start or it did not come to serve; 2, wrong
usage, or nothing is published.
"""

import socket
import sys
from collections.abc import Sequence

from export.start.shown import shown
from serving.client.errors import ServingError
from serving.up.ask_lines import ask_lines
from serving.up.child_server import ChildServer
from serving.up.launchers import LAUNCHERS, Deployment, Launcher, NoServerError, choose
from serving.up.options import PROGRAM, parse_options
from serving.up.readiness import wait_until_it_serves


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    options = parse_options(arguments)
    try:
        launcher = _take(options.choice)
        _check_ports(options.deployment)
        return _run(launcher, options.deployment, options.timeout_s)
    except (NoServerError, ServingError, OSError) as error:
        print(f"{PROGRAM}: {shown(str(error))}", file=sys.stderr)
        return 1


def _take(choice: str | None) -> Launcher:
    """The server that was asked for, or the best there is; say which and why no better one."""
    candidates = [one for one in LAUNCHERS if choice in (None, one.choice)]
    chosen = choose(candidates)
    reasons = [f"{launcher.name}: {obstacle}" for launcher, obstacle in chosen.passed_over]
    if chosen.launcher is None:
        raise NoServerError(f"no server can start here; {'; '.join(reasons)}.")
    for reason in reasons:
        _say(f"Not taken: {reason}")
    _say(f"Starting {chosen.launcher.name}")
    return chosen.launcher


def _check_ports(deployment: Deployment) -> None:
    ports = {"--port": deployment.port, "--rest-api-port": deployment.rest_api_port}
    for option, port in ports.items():
        if _is_taken(port):
            raise NoServerError(
                f"port {port} is taken: stop who listens there, or choose another by {option}."
            )


def _is_taken(port: int) -> bool:
    """Whether somebody on this machine answers at the port already."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True


def _run(launcher: Launcher, deployment: Deployment, timeout_s: float) -> int:
    """Start, wait until it serves, tell how to ask it, wait for its end."""
    with ChildServer(launcher.command(deployment), launcher.environment(deployment)) as child:
        if wait_until_it_serves(child, launcher.name, deployment, timeout_s):
            lines = ask_lines(deployment)
            _say(f"\nAsk it from another terminal; Ctrl-C here ends it:\n{lines}\n")
        code = child.wait()
        if not child.told_to_stop:
            print(f"{PROGRAM}: {launcher.name} ended, exit code {code}.", file=sys.stderr)
        return code


def _say(line: str) -> None:
    """At once, also into a pipe: the server's own lines follow."""
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
