"""What can go wrong between a caller and a served model, in plain words.

    ServingError
    ├── BadAnswerError               the server answered, but not with sentiments
    │   └── OtherNamesError          the class names are not those of the version that answered
    ├── OtherLabelsError             one table would hold answers of versions with other classes
    ├── NotReadyError                wait_until_ready gave up
    └── CallError                    a call failed
        ├── ServerUnavailableError   UNAVAILABLE
        │   └── TlsError             the same, for want of an encrypted connection
        ├── DeadlineExceededError    DEADLINE_EXCEEDED
        ├── CallCancelledError       CANCELLED
        ├── ServerFailedError        INTERNAL, UNKNOWN, DATA_LOSS, ABORTED, ALREADY_EXISTS
        └── RefusedError             the server is well and refuses this request
            ├── InvalidRequestError  INVALID_ARGUMENT, OUT_OF_RANGE
            ├── ModelNotFoundError   NOT_FOUND
            ├── SignatureError       FAILED_PRECONDITION
            │   └── NoReasonsError   the same of the signature that explains
            ├── AccessDeniedError    UNAUTHENTICATED, PERMISSION_DENIED
            ├── UnsupportedError     UNIMPLEMENTED
            └── OverloadedError      RESOURCE_EXHAUSTED

A wrong argument never reaches a server: it raises `TypeError` or `ValueError` where it is passed.
"""

import re
from typing import ClassVar, Final

import grpc

from export.start.shown import shown
from serving.client.target import Target

_LONGEST_DETAILS: Final = 500
"""Characters of a server's words in a sentence: what to do, which follows them, must be seen too."""


class ServingError(Exception):
    """Anything that a server or the way to it did wrong; its message is one sentence, safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


class BadAnswerError(ServingError):
    """The server answered, but the answer is not what was asked for."""


class OtherNamesError(BadAnswerError):
    """The class names are not those of the version that answered."""


class OtherLabelsError(ServingError):
    """A version with other classes answers than the one that answered the job's first rows."""


class NotReadyError(ServingError):
    """No version served within the time given; the message tells what was seen last."""


class CallError(ServingError):
    """A call failed.

    Attributes:
        code: gRPC's status code.
        details: The server's own words, or gRPC's where no server was reached; not made safe to show.
    """

    sentence: ClassVar[str] = "{address} failed: {details}"

    def __init__(
        self, code: grpc.StatusCode, details: str, target: Target, timeout_s: float | None
    ) -> None:
        self.code = code
        self.details = details
        super().__init__(
            self.sentence.format(
                address=target.address,
                model=target.model,
                signature=target.signature_name or "serving_default",
                details=self.words(details) or code.name,
                timeout="the deadline" if timeout_s is None else f"{timeout_s:g} s",
            )
        )

    @staticmethod
    def words(details: str) -> str:
        """The part of the details that a sentence can take in."""
        return shown(details, _LONGEST_DETAILS).rstrip(". ")


class ServerUnavailableError(CallError):
    """No server was reached, or it is shutting down; gRPC has retried already."""

    sentence = "No server answers at {address}: check the address, and that a server runs there ({details})."

    @staticmethod
    def words(details: str) -> str:
        """Of every attempt on every address, which gRPC tells, the last thing that happened."""
        return shown(details.rstrip(". ").rpartition(": ")[2], _LONGEST_DETAILS)


class TlsError(ServerUnavailableError):
    """Something answers, but client and server could not agree on TLS; trying again does not mend it."""

    sentence = (
        "No server answers at {address} over TLS: check that it speaks TLS, the certificate files, and the name"
        " that its certificate carries ({details})."
    )

    @staticmethod
    def words(details: str) -> str:
        """OpenSSL's name of the reason, where it stands in the details."""
        reason = re.search(r"OPENSSL_internal:(\w+)", details)
        return reason[1] if reason else ServerUnavailableError.words(details)


class DeadlineExceededError(CallError):
    """The answer did not come in time."""

    sentence = (
        "No answer from {address} within {timeout}: allow more time (timeout_s, --timeout-s) or send"
        " fewer texts at once."
    )


class CallCancelledError(CallError):
    """The caller or the server gave the call up."""

    sentence = "The call to {address} was cancelled: {details}."


class ServerFailedError(CallError):
    """The server broke while it answered."""

    sentence = "{address} failed to answer for {model}, its log tells more: {details}."


class RefusedError(CallError):
    """The server is well and refuses this request."""

    sentence = "{address} refused the request: {details}."


class InvalidRequestError(RefusedError):
    """The request does not fit the model."""

    sentence = "{address} refused the request to {model}: {details}."


class ModelNotFoundError(RefusedError):
    """The server has no such model, or not that version of it."""

    sentence = (
        "{address} serves no {model}: check the name and the version; --status lists the versions of a"
        " model that is served ({details})."
    )


class SignatureError(RefusedError):
    """The model has no such signature, or is in no state to answer."""

    sentence = (
        '{address} cannot answer for {model} with signature "{signature}": {details}; --metadata lists the'
        " signatures it has."
    )


class NoReasonsError(SignatureError):
    """The version answers, but has no signature that tells why."""

    sentence = (
        '{address} cannot tell why: this version has no signature "{signature}", for {model} was exported before there'
        " was one or brought from elsewhere; export it anew, or ask for the sentiment alone ({details})."
    )


class AccessDeniedError(RefusedError):
    """The server does not know the caller, or does not let it in."""

    sentence = "{address} denies access: check the certificate and key ({details})."


class UnsupportedError(RefusedError):
    """The server does not offer this method."""

    sentence = (
        "{address} does not offer this: check that a TensorFlow Serving answers there ({details})."
    )


class OverloadedError(RefusedError):
    """The server is at a limit: threads, memory, or the size of a message."""

    sentence = "{address} is at a limit: send fewer texts at once, or try again later ({details})."


EXCEPTIONS: Final[dict[grpc.StatusCode, type[CallError]]] = {
    grpc.StatusCode.CANCELLED: CallCancelledError,
    grpc.StatusCode.UNKNOWN: ServerFailedError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.NOT_FOUND: ModelNotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: ServerFailedError,
    grpc.StatusCode.PERMISSION_DENIED: AccessDeniedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: OverloadedError,
    grpc.StatusCode.FAILED_PRECONDITION: SignatureError,
    grpc.StatusCode.ABORTED: ServerFailedError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
    grpc.StatusCode.UNIMPLEMENTED: UnsupportedError,
    grpc.StatusCode.INTERNAL: ServerFailedError,
    grpc.StatusCode.UNAVAILABLE: ServerUnavailableError,
    grpc.StatusCode.DATA_LOSS: ServerFailedError,
    grpc.StatusCode.UNAUTHENTICATED: AccessDeniedError,
}
"""The one table from gRPC's status to this package's exception; only `OK` is not in it."""


def from_rpc_error(error: grpc.RpcError, target: Target, timeout_s: float | None) -> CallError:
    """The exception for a failed call.

    Args:
        error: What gRPC raised, from the blocking or the asyncio API.
        target: Whom the call was for.
        timeout_s: The call's deadline in seconds.
    """
    code, details = error.code(), error.details() or ""
    kind = EXCEPTIONS[code]
    # gRPC has no status of its own for it.
    if kind is ServerUnavailableError and _HANDSHAKE.search(details):
        kind = TlsError
    return kind(code, details, target, timeout_s)


_HANDSHAKE: Final = re.compile("handshake|verification check", re.IGNORECASE)
