"""What a store refuses, told in one sentence that names the URL and the way out.

Each library that fsspec calls has exceptions of its own, so that they are known by their names and words.
"""

import contextlib
import importlib.util
from collections.abc import Iterator
from typing import Final

from export.errors import ExportError, UnknownArtefactError
from export.start.shown import shown
from export.start.store_url import StoreUrl

PACKAGES: Final = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs"}
"""What the extra `remote` brings beside fsspec, by scheme."""

_LONGEST: Final = 200

_CREDENTIALS: Final = (
    "a store that this user's credentials may read and write; set them as its library reads them "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, `gcloud auth application-default login`)"
)
_BUCKET: Final = "in a bucket that is there; make the bucket, or mend its name"
_NETWORK: Final = (
    "a store that can be reached; look at the network and the endpoint (AWS_ENDPOINT_URL)"
)
_COPIES: Final = "a store that copies objects within itself, as s3:// and gs:// do; choose another"
_ANYTHING_ELSE: Final = "a store that takes new versions; mend what it reports"

_NETWORK_NAMES: Final = ("connect", "timeout", "endpoint", "gaierror")
_CREDENTIAL_WORDS: Final = ("credential", "forbidden", "unauthorized", "anonymous caller", "denied")
_BUCKET_WORDS: Final = ("bucket does not exist", "nosuchbucket")


def require(url: StoreUrl) -> None:
    """Refuse a store whose library is not installed, or that no library knows.

    Raises:
        UnknownArtefactError: what to install, or that there is no such scheme.
    """
    package = PACKAGES.get(url.scheme)
    missing = [name for name in ("fsspec", package) if name and not importlib.util.find_spec(name)]
    if missing:
        raise UnknownArtefactError(
            f"`to` needs {', '.join(missing)}; `pip install '.[remote]'` brings what it needs. Received: to={url}"
        )
    from fsspec.registry import known_implementations, registry  # noqa: PLC0415 (an extra)

    if url.scheme not in known_implementations and url.scheme not in registry:
        raise UnknownArtefactError(
            "`to` must be a folder, or the URL of a store that fsspec knows, such as s3://bucket/models/tweets. "
            f"Received: to={url}"
        )
    if not url.address.partition("://")[2].strip("/"):
        raise UnknownArtefactError(
            f"`to` must name a bucket or a folder behind its scheme. Received: to={url}"
        )


@contextlib.contextmanager
def store_explained(url: StoreUrl) -> Iterator[None]:
    """Turn whatever a store's library raises inside the `with` block into one sentence about `url`.

    Raises:
        ExportError: in place of any exception but this project's own.
    """
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        reason = shown(" ".join(str(error).split()) or type(error).__name__, _LONGEST)
        raise ExportError(
            f"`to` must be {_expected(error)}. Received: to={url} ({reason})"
        ) from error


def _expected(error: Exception) -> str:
    """What would have gone well, by the exception's type, its ancestors' names and its words."""
    if isinstance(error, NotImplementedError):
        return _COPIES
    if isinstance(error, ImportError):
        return "a store whose library is installed; install what it names"
    words = str(error).lower()
    names = " ".join(kind.__name__ for kind in type(error).__mro__).lower()
    if isinstance(error, PermissionError) or "credential" in names:
        return _CREDENTIALS
    if isinstance(error, FileNotFoundError) or any(word in words for word in _BUCKET_WORDS):
        return _BUCKET
    if any(name in names for name in _NETWORK_NAMES):
        return _NETWORK
    return _CREDENTIALS if any(word in words for word in _CREDENTIAL_WORDS) else _ANYTHING_ELSE
