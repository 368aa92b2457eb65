"""REST's half of the embedded server's life: bound with it, started with it, drained with it."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from typing import Final

import uvicorn

from serving.server.rest.app import RestApp

_KEEP_ALIVE_S: Final = 75
"""Longer than clients keep a connection that is idle: one that the server ends first may take a request with it."""


class RestListener:
    """An HTTP server around the application, in a thread of its own.

    Args:
        app: What answers.
        sockets: Bound, not yet listening.
        drain_s: Seconds that requests under way may take after `stop`.
    """

    def __init__(self, app: RestApp, sockets: Sequence[socket.socket], drain_s: float) -> None:
        self._app = app
        self._sockets = list(sockets)
        config = uvicorn.Config(
            app,
            # It takes any word for a method, which the real server answers; httptools drops such a request.
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        # Whole seconds to uvicorn's types alone.
        config.timeout_graceful_shutdown = drain_s  # type: ignore[assignment]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="rest", daemon=True)

    def start(self) -> None:
        """Listen, and answer from now on."""
        for bound in self._sockets:
            bound.listen(self._server.config.backlog)
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, and let those under way end within their time; returns at once."""
        self._server.should_exit = True

    def wait(self, timeout_s: float) -> None:
        """Wait so long for the end of the requests under way; the ports are free afterwards."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        for bound in self._sockets:
            bound.close()
        self._app.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(self._sockets))
