"""What would keep the server from starting, told in a sentence, before TensorFlow's seconds of import.

gRPC has one answer, "Failed to bind", to a port that is taken, a name that is not of this machine and a key
that does not belong to its certificate.
"""

import contextlib
import errno
import os
import socket
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

_SOCKET_PATH_BYTES: Final = 107
"""Linux's limit for a Unix socket."""


def check(options: ServerOptions) -> None:
    """Look at folders, keys and addresses.

    Raises:
        ValueError: What was asked for cannot work anywhere; the message is one sentence.
        OSError: This machine cannot do it, or not now.
    """
    check_folders(options.models)
    check_listening(options)


def check_listening(options: ServerOptions) -> None:
    """Look whether the server can listen where it shall, with the keys that it has; raises as `check`."""
    if options.ssl is not None:
        check_credentials(options.ssl)
    check_address(options.host, options.port)
    if options.rest_api_port:
        check_address(options.host, options.rest_api_port, "--rest_api_port")
    if options.socket_path is not None:
        check_socket_path(options.socket_path)


def check_folders(models: Sequence[ModelConfig]) -> None:
    """Look whether the models' folders are there; they may be empty still.

    Raises:
        ValueError: One is not, or cannot be read.
    """
    for model in models:
        _check_folder(model)


def _check_folder(model: ModelConfig) -> None:
    try:
        os.scandir(model.base_path).close()
    except OSError as error:
        raise ValueError(
            f"cannot read the folder {model.base_path} of model {model.name}: {error.strerror}"
        ) from error


def check_credentials(config: Any) -> None:
    """Look whether the keys and certificates of a `messages.SSLConfig` are some.

    Raises:
        ValueError: One is no PEM, or the key is not the certificate's.
    """
    _check_certificates("server_cert", config.server_cert)
    if config.custom_ca:
        _check_certificates("custom_ca", config.custom_ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # How strong a key must be is for gRPC to say.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    # OpenSSL takes a key from files only: this one is its owner's alone, and gone in a moment. Where there is
    # no folder for it, gRPC will judge.
    with contextlib.suppress(FileNotFoundError), tempfile.NamedTemporaryFile("w") as file:
        file.write(f"{config.server_key}\n{config.server_cert}")
        file.flush()
        try:
            context.load_cert_chain(file.name, password="")
        except OSError as error:
            raise ValueError(
                "server_key must be the PEM private key of server_cert, without a passphrase;"
                " what the SSL configuration holds is none, or another certificate's"
            ) from error


def _check_certificates(field: str, text: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise ValueError(
            f"{field} must hold PEM certificates, which the SSL configuration's does not"
        ) from error


def check_address(host: str, port: int, option: str = "--port") -> None:
    """Look whether this machine can listen there; the port is free again afterwards.

    Raises:
        OSError: It cannot; the message names the option by which to choose another port.
    """
    for bound in bind(host, port, option):
        bound.close()


def bind(host: str, port: int, option: str) -> list[socket.socket]:
    """Sockets at a port of every address that a name has here, not yet listening.

    Raises:
        OSError: One cannot be had; none is left open.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:
        raise OSError(f"cannot listen on {host}: no machine of that name is known") from error
    tried = [_try_to_bind(kind, address) for *kind, _, address in found]
    bound = [one for one in tried if isinstance(one, socket.socket)]
    failures = [one for one in tried if isinstance(one, OSError)]
    # A machine without IPv6 may know "localhost" by an IPv6 address; one that is taken is another matter:
    # half of the callers would reach another server.
    if serious := [one for one in failures if one.errno != errno.EADDRNOTAVAIL] or (
        failures if len(failures) == len(found) else []
    ):
        for one in bound:
            one.close()
        raise OSError(f"cannot listen on {join(host, port)}: {_reason(serious[0], option)}")
    return bound


def _try_to_bind(kind: Sequence[int], address: Any) -> socket.socket | OSError:
    try:
        bound = socket.socket(*kind)
    except OSError as error:
        return _without_family(error)
    try:
        # As gRPC does: connections of a server that was just stopped keep nobody away.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bound.family == socket.AF_INET6:
            # IPv4 has a socket of its own.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        return _without_family(error)
    return bound


def _without_family(error: OSError) -> OSError:
    if error.errno == errno.EAFNOSUPPORT:
        error.errno = errno.EADDRNOTAVAIL
    return error


def _reason(error: OSError, option: str) -> str:
    return {
        errno.EADDRINUSE: f"another server has that port; stop it, or choose another by {option}",
        errno.EADDRNOTAVAIL: "that is no address of this machine; choose another by --host",
        errno.EACCES: f"this user may not take that port; choose one above 1023 by {option}",
    }.get(error.errno or 0, str(error.strerror))


def check_socket_path(path: Path) -> None:
    """Look whether a Unix socket can be made there; one of an earlier server is replaced.

    Raises:
        OSError: It cannot.
    """
    size = len(os.fsencode(path))
    if size > _SOCKET_PATH_BYTES:
        raise OSError(
            f"cannot listen on {path}: a socket's path has at most {_SOCKET_PATH_BYTES} bytes,"
            f" this one has {size}"
        )
    if path.exists() and not path.is_socket():
        raise OSError(f"cannot listen on {path}: something is there that is no socket")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OSError(f"cannot listen on {path}: its folder is not there or cannot be written")


def join(host: str, port: int) -> str:
    """Host and port in one word, as clients take it.

    >>> join("localhost", 8500), join("::1", 8500)
    ('localhost:8500', '[::1]:8500')
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
