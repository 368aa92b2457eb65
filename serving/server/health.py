"""The health service of gRPC: Check and Watch, of the server as a whole.

Written out here because the package grpcio-health-checking would be one more dependency for two methods.
"""

import threading
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import grpc

from serving.messages import HEALTH_SERVICE, HealthCheckRequest, HealthCheckResponse


class Health(IntEnum):
    """`HealthCheckResponse.ServingStatus`."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
    SERVICE_UNKNOWN = 3


class HealthService:
    """What callers are told of the server's health, now (Check) and whenever it changes (Watch).

    A watcher may stay for days; it holds no thread, so that however many of them leave all threads to requests.
    """

    def __init__(self) -> None:
        self._health = Health.NOT_SERVING
        self._watchers: dict[grpc.ServicerContext, tuple[str, Callable[[Any], None]]] = {}
        self._closed = False
        self._lock = threading.Lock()

    def change(self, health: Health) -> None:
        """From now on tell this, and tell those who watch."""
        with self._lock:
            self._health = health
            for service, send in self._watchers.values():
                if not service:
                    send(HealthCheckResponse(status=int(health)))

    def close(self) -> None:
        """End all watching: it would hold up a server that waits for the calls under way."""
        with self._lock:
            self._closed = True
            for _, send in self._watchers.values():
                send(None)
            self._watchers.clear()

    def handler(self) -> grpc.GenericRpcHandler:
        """The service, ready for `server.add_generic_rpc_handlers`."""
        codec = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }

        def watch(request: Any, context: grpc.ServicerContext, send_response_callback: Any) -> None:
            self._watch(request, context, send_response_callback)

        # As in grpcio-health-checking: the handler returns, and the stream stays open.
        watch.experimental_non_blocking = True  # type: ignore[attr-defined]
        return grpc.method_handlers_generic_handler(
            HEALTH_SERVICE,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check, **codec),
                "Watch": grpc.unary_stream_rpc_method_handler(watch, **codec),
            },
        )

    def _check(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.service:
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        return HealthCheckResponse(status=int(self._health))

    def _watch(
        self, request: Any, context: grpc.ServicerContext, send: Callable[[Any], None]
    ) -> None:
        with self._lock:
            if not context.add_callback(lambda: self._leave(context)):
                return  # it has ended already
            health = Health.SERVICE_UNKNOWN if request.service else self._health
            send(HealthCheckResponse(status=int(health)))
            if self._closed:
                send(None)
            else:
                self._watchers[context] = (request.service, send)

    def _leave(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self._watchers.pop(context, None)
