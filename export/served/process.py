"""A version on a server in a process of its own, from its start until nobody wants it any more."""

import contextlib
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import grpc

from export.errors import ExportError
from export.served.over_grpc import GrpcCaller
from export.served.over_rest import RestCaller
from export.served.servers import PACKAGES_ROOT, Place, Server
from export.signatures import MODEL_NAME
from export.start.shown import shown

STARTS: Final = 3
"""A free port can be taken by somebody else before the server is there."""

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_SERVES_S: Final = 300.0
"""An image may have to be fetched; loading takes seconds."""

_REST_S: Final = 30.0
_LOOK_S: Final = 0.1
_END_S: Final = 40.0
"""More than the keeper takes to remove a container."""

_TAKEN: Final = re.compile(
    r"already in use|already allocated|cannot listen|Failed to (bind|add port|start HTTP)",
    re.IGNORECASE,
)
_LAST_LINES: Final = 3
_LONGEST_LINE: Final = 240


class NotServedError(ExportError):
    """A server does not serve the version, or no longer; the message tells why, and ends with its last words."""


class ServerProcess:
    """A server that loads one version, and the ways to ask it.

        with ServerProcess(server, directory) as process:
            process.wait_until_it_serves()
            process.callers["gRPC"].ask("serving_default", ["so happy"])

    It is started at once, and loads while others work. It ends with the block, and with this process however
    that ends. What it has said is kept where it failed, and gone otherwise.

    Args:
        server: which one.
        directory: the version.

    Attributes:
        server: as given.
        callers: by protocol, once it serves.
    """

    def __init__(self, server: Server, directory: Path) -> None:
        self.server = server
        self.callers: dict[str, GrpcCaller | RestCaller] = {}
        self._directory = directory.absolute()
        self._folder = Path(tempfile.mkdtemp(prefix="export-server-"))
        self._log = self._folder / "server.log"
        base_path = self._folder / "models"
        base_path.mkdir()
        # Under a number: a staged version has a name that no server takes for one.
        base_path.joinpath("1").symlink_to(self._directory)
        self._starts, self._has_failed = 0, False
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        shutil.rmtree(self._folder / "models" if self._has_failed else self._folder)

    def wait_until_it_serves(self) -> None:
        """Wait for the version to be loaded and warmed up.

        Raises:
            NotServedError: it will not be, or took longer than five minutes.
        """
        give_up = time.monotonic() + _SERVES_S
        while not self._serves():
            if self._process.poll() is not None:
                self._start_again()
            if time.monotonic() > give_up:
                raise self.error(f"it did not serve within {_SERVES_S:g} s")
            time.sleep(_LOOK_S)
        self.callers["gRPC"] = self._grpc
        if self.server.has_rest:
            self.callers["REST"] = self._rest()

    def error(self, reason: str) -> NotServedError:
        """What to raise: why it ended where it did, else `reason`; its last words; where all of them are."""
        self._has_failed = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            # A call fails before the process that was killed is gone.
            reason = _told(self._process.wait(timeout=2 * _LOOK_S))
        said = " | ".join(shown(line, _LONGEST_LINE) for line in self._lines()[-_LAST_LINES:])
        words = f"its last words: {said}" if said else "it said nothing"
        return NotServedError(f"{reason}; {words}; all of them in {self._log}")

    def _start(self) -> None:
        self._starts += 1
        port, rest_port = free_ports()
        name = (
            f"{MODEL_NAME}_{secrets.token_hex(4)}"  # no other server on that port can answer to it
        )
        self._place = Place(
            self._directory, self._folder / "models", name, port=port, rest_port=rest_port
        )
        words = {
            "command": self.server.command(self._place),
            "afterwards": self.server.afterwards(self._place),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own script, no shell)
                [sys.executable, "-I", str(_KEEPER), json.dumps(words)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=PACKAGES_ROOT,
                # Ctrl-C is for the gate, which then ends it.
                start_new_session=True,
            )
        self._grpc = GrpcCaller(f"127.0.0.1:{port}", name)

    def _start_again(self) -> None:
        """Where a port was taken; else it is told why it ended."""
        said = "\n".join(self._lines())
        if self._starts == STARTS or not _TAKEN.search(said):
            raise self.error("it ended")
        self._end()
        self._start()

    def _serves(self) -> bool:
        try:
            state, failure = self._grpc.state()
        except grpc.RpcError:
            return False
        if failure:
            raise self.error(f"it cannot load the version: {shown(failure)}")
        return state

    def _rest(self) -> RestCaller:
        caller = RestCaller(f"http://127.0.0.1:{self._place.rest_port}", self._place.model_name)
        give_up = time.monotonic() + _REST_S
        while not caller.is_there():
            if time.monotonic() > give_up or self._process.poll() is not None:
                raise self.error(f"it did not answer REST within {_REST_S:g} s of serving gRPC")
            time.sleep(_LOOK_S)
        return caller

    def _lines(self) -> Sequence[str]:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if line.strip()]

    def _end(self) -> None:
        self._grpc.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_ports() -> tuple[int, int]:
    """Two TCP ports of this machine that nobody listens at now."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _told(code: int) -> str:
    return (
        f"it was ended by signal {code - 128}" if code > 128 else f"it ended with exit code {code}"
    )
