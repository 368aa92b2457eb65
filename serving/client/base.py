"""What the blocking and the asyncio client have in common: settings, and when waiting is worth it."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import grpc

from export.signatures import MODEL_NAME
from serving.client.channel import Tls, split_addresses
from serving.client.errors import (
    CallError,
    DeadlineExceededError,
    InvalidRequestError,
    ModelNotFoundError,
    NotReadyError,
    ServerUnavailableError,
    TlsError,
)
from serving.client.labels import Labels
from serving.client.results import VersionStatus
from serving.client.target import Target

DEFAULT_TIMEOUT_S: Final = 5.0
DEFAULT_MAX_BATCH_SIZE: Final = 512
READY_TIMEOUT_S: Final = 60.0
POLL_INTERVAL_S: Final = 0.1
CLOSE_S: Final = 1.0
"""Seconds that closing a connection may take; a healthy one takes some milliseconds."""
IN_FLIGHT: Final = 4
"""Requests of one call under way at once: enough to keep a server busy while answers travel."""
EXPLAINED_AT_ONCE: Final = 32
"""Texts in one request for reasons at most: each word of each is an answer of its own."""
LONGEST_TIMEOUT_S: Final = 7 * 24 * 3600.0
"""A week. gRPC takes an infinite deadline for one that is over, and every call is to have one."""


class ClientBase:
    """Settings of a client; `serving.client.SentimentClient` documents them."""

    _lock: ClassVar[Any]
    """Makes what is held while a version's class names are learned, so that calls at once learn them once."""

    def __init__(
        self,
        address: str | Sequence[str] = "localhost:8500",
        *,
        model_name: str = MODEL_NAME,
        version: int | None = None,
        version_label: str | None = None,
        signature_name: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
        tls: Tls | None = None,
    ) -> None:
        self._addresses = split_addresses(address)
        self._timeout_s = _seconds("timeout_s", timeout_s)
        self._max_batch_size = _whole("max_batch_size", max_batch_size)
        self._tls = tls
        self.target = Target(
            ",".join(self._addresses), model_name, version, version_label, signature_name
        )
        self._labels = Labels(self.target)
        self._learning = self._lock()

    def _seconds(self, timeout_s: float | None) -> float:
        return self._timeout_s if timeout_s is None else _seconds("timeout_s", timeout_s)


def _seconds(name: str, value: float) -> float:
    if not 0 < value <= LONGEST_TIMEOUT_S:
        raise ValueError(
            f"`{name}` must be more than 0 and at most {LONGEST_TIMEOUT_S:.0f} (a week)."
            f" Received: {name}={value!r}"
        )
    return value


def _whole(name: str, value: int) -> int:
    if value != value // 1 or value < 1:
        raise ValueError(f"`{name}` must be a whole number from 1. Received: {name}={value!r}")
    return int(value)


def late_names(target: Target, seconds: float) -> DeadlineExceededError:
    """The error of a call that waited for another one to learn the class names.

    Args:
        target: The model with the version that answered.
        seconds: Seconds that were waited.
    """
    code = grpc.StatusCode.DEADLINE_EXCEEDED
    return DeadlineExceededError(code, "its class names are being asked for", target, seconds)


def not_ready(
    target: Target, timeout_s: float, last: CallError, versions: Sequence[VersionStatus]
) -> NotReadyError:
    """The error of a wait that ended without a serving version.

    Args:
        target: Whom the wait was for.
        timeout_s: Seconds that were waited.
        last: How the last try failed.
        versions: Where the versions stand; none where the server does not tell.
    """
    seen = [f"version {one.version} {one.state.name} {one.error}".rstrip() for one in versions]
    reason = "; ".join(seen) or last.words(last.details)
    return NotReadyError(
        f"{target.address} served no {target.model} within {timeout_s:g} s; last seen: {reason}"
    )


def worth_waiting(error: CallError) -> bool:
    """Whether the same request may succeed later: no server yet, no version yet, no label yet."""
    if isinstance(error, InvalidRequestError):
        return "version label" in error.details
    if isinstance(error, TlsError):
        return False
    return isinstance(error, (ServerUnavailableError, DeadlineExceededError, ModelNotFoundError))
