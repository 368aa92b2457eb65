"""REST as an ASGI application: a request comes in, a thread works on it, within its time and while its caller is there."""

import asyncio
import logging
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, Final

import grpc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tensorflow.python.eager.cancellation import CancellationManager

from serving.server.metrics import Metrics
from serving.server.registry import Registry
from serving.server.rest import routes
from serving.server.rest.answers import answer
from serving.server.rest.errors import JSON, page, refusal, without_body
from serving.server.status import StatusError, from_error, invalid

_log = logging.getLogger(__name__)

_COUNTED: Final = ("predict", "classify")

MAX_BODY_BYTES: Final = 64 * 2**20
"""Of a body as it is read, unpacked; 512 long tweets are 0.2 MB, and Python's values take ten times a body's bytes."""


class RestApp:
    """The REST API over a registry of models.

    Args:
        registry: The models.
        metrics: Count the requests.
        threads: Requests worked on at once; the rest wait.
        timeout_s: Seconds that a request may take, waiting for a thread included; `None` for any time.
        metrics_path: Where the metrics are; `None` for nowhere.
    """

    def __init__(
        self,
        registry: Registry,
        metrics: Metrics,
        *,
        threads: int,
        timeout_s: float | None,
        metrics_path: str | None,
    ) -> None:
        self._registry = registry
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rest")
        self._timeout_s = timeout_s
        self._metrics_path = metrics_path

    def close(self) -> None:
        """Let the threads end; none is waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        except StatusError as error:
            response = refusal(error)
        except asyncio.CancelledError:
            response = refusal(StatusError(grpc.StatusCode.UNAVAILABLE, "The server is stopping."))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        method, target = request.method, _target(request)
        if target == self._metrics_path and method in routes.KNOWN_METHODS:
            return Response(self._metrics.page(), headers={"content-type": "text/plain"})
        if stranger := _strange(method, target):
            return stranger
        try:
            asked = routes.read(method, target)
        except routes.TooLargeVersionError:
            return without_body()
        return await self._work(request, asked, await _body(request))

    async def _work(self, request: Request, asked: routes.Asked, body: bytes) -> Response:
        """Have a thread answer; at the end of the time, or of the caller's patience, it is cancelled."""
        cancellation = CancellationManager()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, self._answer, asked, body, cancellation)
        gone = asyncio.ensure_future(_gone(request))
        waited_for: list[asyncio.Future[Any]] = [work, gone]
        try:
            await asyncio.wait(
                waited_for, timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                return Response(_result(work), media_type=JSON)
            if gone.done():
                raise ClientDisconnect
            raise StatusError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "Timed out waiting for notification"
            )
        finally:
            gone.cancel()
            if not work.done():
                cancellation.start_cancel()
                work.cancel()

    def _answer(self, asked: routes.Asked, body: bytes, cancellation: CancellationManager) -> bytes:
        """The work of one request, in a thread."""
        counted = asked.what in _COUNTED
        with (
            self._metrics.request(asked.spec.name, asked.what, "REST") if counted else nullcontext()
        ):
            return answer(self._registry, asked, body, cancellation)


def _strange(method: str, target: str) -> Response | None:
    """What the real server's own code does not see, or gives up on, gets this answer."""
    if method not in routes.KNOWN_METHODS:
        return page(501)
    if not routes.is_uri(target):
        return page(400)
    if not routes.is_ours(target):
        return page(404)
    return without_body() if method == "OPTIONS" else None


def _result(work: "asyncio.Future[bytes]") -> bytes:
    try:
        return work.result()
    except StatusError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug ends one request, with its words
        _log.exception("A request over REST failed.")
        raise from_error(error) from None


def _target(request: Request) -> str:
    """Path and query as they were sent."""
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    return str(target.decode("latin-1"))


async def _gone(request: Request) -> None:
    """Return once the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    """The body, unpacked.

    Raises:
        StatusError: INVALID_ARGUMENT, it is larger than this server takes.
    """
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        _check_size(size)
    body = b"".join(parts)
    return _unpacked(body) if request.headers.get("content-encoding") == "gzip" else body


def _unpacked(body: bytes) -> bytes:
    """What gzip packed; nothing where it did not, as the real server has it."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        return b""
    _check_size(len(unpacked))
    return unpacked if unpacker.eof else b""


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise invalid(f"A body has at most {MAX_BODY_BYTES} bytes here: ask in smaller requests.")
