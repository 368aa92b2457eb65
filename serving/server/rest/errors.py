"""What REST says when it refuses: an HTTP status and JSON, or the page of the HTTP library below the real server."""

from typing import Final

import grpc
from starlette.responses import Response

from serving.server.rest.pretty import error_body
from serving.server.status import StatusError

JSON: Final = "application/json"

_HTTP: Final = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""What is not here is 500."""

_PAGES: Final = {400: "Bad Request", 404: "Not Found", 501: "Not Implemented"}


def refusal(error: StatusError) -> Response:
    """A status as the real server sends it: its message whole, where gRPC's is cut."""
    return Response(error_body(error.whole), _HTTP.get(error.code, 500), media_type=JSON)


def without_body() -> Response:
    """400 and nothing else, of a request that the real server gives up on early."""
    return Response(status_code=400, media_type=JSON)


def page(status: int) -> Response:
    """What never reaches the real server's own code is answered by libevent, in HTML."""
    title = f"{status} {_PAGES[status]}"
    return Response(
        f"<HTML><HEAD>\n<TITLE>{title}</TITLE>\n</HEAD><BODY>\n<H1>{_PAGES[status]}</H1>\n</BODY></HTML>\n",
        status,
        # With starlette's own charset left out.
        headers={"content-type": "text/html"},
    )
