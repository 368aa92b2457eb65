"""What `--to` names: a folder of this machine, or a store that fsspec knows. Nothing is opened here."""

import dataclasses
import re
from pathlib import Path
from typing import Final

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL: Final = ("file", "local")
_SECRET: Final = re.compile(r"(?<=://)[^/@]*@")


@dataclasses.dataclass(frozen=True)
class StoreUrl:
    """The URL of a prefix that holds versions, such as `s3://bucket/models/tweets`.

    Attributes:
        address: as it was given, without slashes at its end.
    """

    address: str

    def __str__(self) -> str:
        """The address without a user's name and password: it is printed."""
        return _SECRET.sub("", self.address)

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.address.partition("://")[0]

    def __truediv__(self, name: str) -> "StoreUrl":
        return StoreUrl(f"{self.address}/{name}")


def folder_named(text: str) -> Path | StoreUrl:
    """A folder where `text` is a path or a `file://` URL, a store where it is any other URL.

    A folder of this machine never goes through fsspec: it has renames and locks, which promise more.

    Example:
    >>> folder_named("models/tweets"), folder_named("file:///srv/tweets")
    (PosixPath('models/tweets'), PosixPath('/srv/tweets'))
    >>> print(folder_named("s3://bucket/tweets/"))
    s3://bucket/tweets
    """
    found = _SCHEME.match(text)
    if found is None:
        return Path(text)
    if found[1].lower() in _LOCAL:
        return Path(text[found.end() :])
    return StoreUrl(text[: found.end()] + text[found.end() :].rstrip("/"))
