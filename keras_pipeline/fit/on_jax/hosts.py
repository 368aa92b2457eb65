"""Hosts that train together: who they are, and which one this is.

The first one reads, judges and exports; the others are handed all that they need, and only train.
Nothing here needs TensorFlow, Keras or JAX.
"""

import dataclasses
import re
from typing import Final

from keras_pipeline.errors import UserError

_ADDRESS: Final = re.compile(r"(?P<host>[^\s:,/]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")


@dataclasses.dataclass(frozen=True)
class Hosts:
    """As `--hosts` and `--host-index` name them.

    Attributes:
        addresses: `host:port` of each; they meet at the first one's.
        index: of this host, from 0.
    """

    addresses: tuple[str, ...]
    index: int

    def arguments(self) -> list[str]:
        """For the process that trains."""
        return [self.addresses[0], str(len(self.addresses)), str(self.index)]


def hosts_of(addresses: str | None, index: int | None, backend: str) -> Hosts | None:
    """What the options say, None where this host trains alone.

    Args:
        addresses: of `--hosts`.
        index: of `--host-index`.
        backend: what trains.

    Raises:
        UserError: only one of the two is given, or one makes no sense, or the backend knows one host.
    """
    if addresses is None and index is None:
        return None
    if addresses is None or index is None:
        raise UserError(
            "`--hosts` and `--host-index` belong together: all addresses, and which of them is this one, from 0. "
            f"Received: hosts={addresses}, host_index={index}"
        )
    if backend != "jax":
        raise UserError(
            f"`--hosts` needs --backend jax: Keras on TensorFlow knows one host. Received: backend={backend}"
        )
    found = tuple(address.strip() for address in addresses.split(","))
    if len(found) < 2 or len(set(found)) < len(found) or not all(map(_is_address, found)):
        raise UserError(
            "`--hosts` must be two or more different addresses, host:port,host:port. "
            f"Received: hosts={addresses}"
        )
    if not 0 <= index < len(found):
        raise UserError(
            f"`--host-index` must be between 0 and {len(found) - 1}, one for each of --hosts. "
            f"Received: host_index={index}"
        )
    return Hosts(found, index)


def _is_address(text: str) -> bool:
    match = _ADDRESS.fullmatch(text)
    return match is not None and 0 < int(match["port"]) < 2**16
