"""gRPC's health service, as far as a probe asks: Check of the server as a whole.

Written out here because the package grpcio-health-checking would be one more dependency for one method.
"""

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


def health_handler(read: Callable[[], Health]) -> grpc.GenericRpcHandler:
    """The service, ready for `server.add_generic_rpc_handlers`.

    Args:
        read: Tells the server's health at the time it is called.
    """

    def check(request: Any, context: grpc.ServicerContext) -> Any:
        if request.service:
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        return HealthCheckResponse(status=int(read()))

    method = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=HealthCheckRequest.FromString,
        response_serializer=HealthCheckResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(HEALTH_SERVICE, {"Check": method})
