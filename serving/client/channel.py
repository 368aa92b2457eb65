"""How a client reaches its servers: addresses, retries, limits, TLS.

The options follow "what good clients do" in gRPC's and TensorFlow Serving's documentation; each has its
reason beside it. A channel is for one process: create it after a fork.
"""

import ipaddress
import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc

from serving.messages import PREDICTION_SERVICE

_EXPLICIT_SCHEMES: Final = ("dns:", "unix:", "unix-abstract:", "ipv4:", "ipv6:", "xds:")

SERVICE_CONFIG: Final = {
    # One address needs no policy; several replicas behind one name, or a list, share the requests.
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": PREDICTION_SERVICE}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                # Only UNAVAILABLE says that nobody worked on the request. RESOURCE_EXHAUSTED
                # would be retried into a server that has too much to do already.
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}

OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # gRPC's 4 MiB stop an answer at about 180,000 texts, or a chatty signature much earlier.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    # A server counts pings closer than 5 minutes as abuse and closes the connection.
    ("grpc.keepalive_time_ms", 6 * 60 * 1000),
    ("grpc.keepalive_timeout_ms", 20 * 1000),
    ("grpc.keepalive_permit_without_calls", 0),
    # gRPC waits ever longer, up to two minutes, before it looks again for a server that was not there: one
    # that came up after 12 s was not seen within 15.
    ("grpc.max_reconnect_backoff_ms", 2 * 1000),
)


@dataclass(frozen=True)
class Tls:
    """How to trust the server, and how to prove who the client is.

    Attributes:
        ca_file: PEM file of the authorities to trust; `None` for those that gRPC ships.
        cert_file: PEM file of the client's certificate chain, for mutual TLS.
        key_file: PEM file of the client's private key; goes with `cert_file`.
        server_name: Name that the server's certificate must carry, where it is not the address's.

    Raises:
        ValueError: A certificate without its key, or a key without its certificate.
    """

    ca_file: str | Path | None = None
    cert_file: str | Path | None = None
    key_file: str | Path | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError(
                "Mutual TLS needs the certificate and its key. Received: "
                f"cert_file={self.cert_file!r}, key_file={self.key_file!r}"
            )

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files.

        Raises:
            OSError: A file cannot be read.
            ValueError: A file holds no certificate or key, or the key is not the certificate's.
        """
        self._check()
        return grpc.ssl_channel_credentials(
            root_certificates=self.ca_file and _read(self.ca_file),
            private_key=self.key_file and _read(self.key_file),
            certificate_chain=self.cert_file and _read(self.cert_file),
        )

    def _check(self) -> None:
        """Have OpenSSL read them: gRPC tells a bad file as a server that is not there."""
        given = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
        files = {name: path for name, path in given.items() if path is not None}
        contents = {name: _read(path) for name, path in files.items()}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file is not None:
                context.load_verify_locations(cadata=contents["ca_file"].decode("ascii", "ignore"))
            if self.cert_file is not None:
                # An empty password, where OpenSSL would ask for one on the terminal.
                context.load_cert_chain(self.cert_file, self.key_file, password="")
        except ssl.SSLError as error:
            received = ", ".join(f"{name}={str(path)!r}" for name, path in files.items())
            raise ValueError(
                "TLS needs PEM files: authorities, or a certificate with its own key, which is not"
                f" encrypted. Received: {received}"
            ) from error

    def options(self) -> list[tuple[str, Any]]:
        """Channel options that make the certificate's name the one to check."""
        return [("grpc.ssl_target_name_override", self.server_name)] if self.server_name else []


_LARGEST_PEM: Final = 10_000_000
"""Bytes: all the authorities of a system take 0.2 MB; a device such as /dev/zero never ends."""


def _read(path: str | Path) -> bytes:
    with Path(path).open("rb") as file:
        content = file.read(_LARGEST_PEM + 1)
    if len(content) > _LARGEST_PEM:
        raise ValueError(
            f"TLS needs PEM files of {_LARGEST_PEM // 10**6} MB at most. Received: {str(path)!r}"
        )
    return content


def split_addresses(address: str | Sequence[str]) -> list[str]:
    """The addresses of a string with commas, or of a list.

    >>> split_addresses("10.0.0.1:8500, 10.0.0.2:8500")
    ['10.0.0.1:8500', '10.0.0.2:8500']

    Raises:
        ValueError: There is none, or one lacks its port.
    """
    parts = address.split(",") if isinstance(address, str) else list(address)
    addresses = [part.strip() for part in parts]
    if not addresses:
        raise ValueError(f"At least one address is needed. Received: address={address!r}")
    for one in addresses:
        if not (one.startswith(_EXPLICIT_SCHEMES) or _is_host_and_port(one)):
            raise ValueError(
                "An address is host:port, such as localhost:8500, or unix:/path. Received: "
                f"address={one!r}"
            )
    return addresses


def _is_host_and_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and address.isprintable() and port.isdecimal() and int(port) < 2**16


def target_uri(addresses: Sequence[str]) -> str:
    """The gRPC name of one address or of several.

    One name is left to gRPC's resolver, which looks again when a connection is lost. gRPC takes a list
    of numeric addresses only, so the names of a list are looked up here, once.

    >>> target_uri(["sentiment.internal:8500"])
    'dns:///sentiment.internal:8500'
    >>> target_uri(["10.0.0.1:8500", "10.0.0.2:8500"])
    'ipv4:10.0.0.1:8500,10.0.0.2:8500'

    Raises:
        ValueError: A name in a list is not known, or the list mixes IPv4, IPv6 and other schemes.
    """
    if len(addresses) == 1:
        (address,) = addresses
        return address if address.startswith(_EXPLICIT_SCHEMES) else f"dns:///{address}"
    endpoints = [_resolve(address) for address in addresses]
    families = {family for family, _ in endpoints}
    if len(families) > 1:
        raise ValueError(
            "Several addresses must be all IPv4 or all IPv6. Received: "
            f"address={','.join(addresses)!r}"
        )
    return f"{families.pop()}:{','.join(endpoint for _, endpoint in endpoints)}"


def _resolve(address: str) -> tuple[str, str]:
    """The address family and numeric form of `host:port`, IPv4 where the name has both."""
    host, _, port = address.rpartition(":")
    try:
        numeric = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        numeric = _look_up(host, address)
    return (
        ("ipv4", f"{numeric}:{port}") if numeric.version == 4 else ("ipv6", f"[{numeric}]:{port}")
    )


def _look_up(host: str, address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(
            f"No such host in a list of addresses. Received: address={address!r}"
        ) from error
    return min((ipaddress.ip_address(entry[4][0]) for entry in found), key=lambda ip: ip.version)


def channel_arguments(
    addresses: Sequence[str], tls: Tls | None
) -> tuple[str, list[tuple[str, Any]], grpc.ChannelCredentials | None]:
    """Target, options and credentials, for `grpc.*_channel` and `grpc.aio.*_channel` alike."""
    options = [*OPTIONS, *(tls.options() if tls else [])]
    if len(addresses) > 1 and tls and not tls.server_name:
        # A list of numbers has no name of its own that a certificate could carry.
        host = addresses[0].rpartition(":")[0]
        options.append(("grpc.ssl_target_name_override", host))
    return target_uri(addresses), options, tls.credentials() if tls else None
