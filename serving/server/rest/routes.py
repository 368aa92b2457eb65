"""What a path asks for, by the patterns of the real server: full matches, in any case."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from tensorflow_serving.apis import model_pb2

from serving.server.status import invalid

KNOWN_METHODS: Final = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})
"""Others are answered by the HTTP library below the real server."""

_VERSION: Final = r"(?:(?:/versions/(?P<version>[0-9]+))|(?:/labels/(?P<label>[^/:]+)))?"
_POST: Final = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<what>classify|regress|predict)", re.IGNORECASE
)
_GET: Final = re.compile(
    rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<what>metadata))?", re.IGNORECASE
)
_URI: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")


class TooLargeVersionError(Exception):
    """A version that 64 bits do not hold."""


@dataclass(frozen=True)
class Asked:
    """What a request is for.

    Attributes:
        what: `predict`, `classify`, `regress`, `metadata` or `status`.
        spec: the model, and the version or label.
    """

    what: str
    spec: model_pb2.ModelSpec


def is_uri(target: str) -> bool:
    """Whether a path is written as RFC 3986 has it; the real server does not see any other.

    >>> is_uri("/v1/models/caf%C3%A9"), is_uri("/%zz"), is_uri("/a b")
    (True, False, False)
    """
    return _URI.fullmatch(target) is not None


def is_ours(target: str) -> bool:
    """Whether a path is of the API at all."""
    return re.match(r"/v1/models(?:[/:?]|\Z)", target, re.IGNORECASE) is not None


def read(method: str, target: str) -> Asked:
    """What a method and a path, its query included, ask for.

    Raises:
        StatusError: INVALID_ARGUMENT, nothing.
        TooLargeVersionError: Which is no reason to say more than 400.
    """
    malformed = invalid(f"Malformed request: {method} {target}")
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    found = pattern.fullmatch(target) if pattern else None
    if found is None:
        raise malformed
    what = found["what"] or "status"
    if what != what.lower():
        # The pattern takes PREDICT, and nobody does it.
        if method == "POST":
            raise malformed
        what = "status"
    if not found["name"]:
        raise invalid("Missing model name in request.")
    return Asked(what, _spec(found, what))


def _spec(found: re.Match[str], what: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=_decoded(found["name"]))
    if found["version"]:
        version = int(found["version"][:20])
        if version > 2**63 - 1:
            raise TooLargeVersionError
        spec.version.value = version
    elif found["label"] and what != "status":
        spec.version_label = _decoded(found["label"])
    return spec


def _decoded(text: str) -> str:
    """A message of Python's carries text alone."""
    return unquote_to_bytes(text).decode(errors="replace")
