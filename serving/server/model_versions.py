"""The versions of one model: found in a folder, loaded, served, unloaded after their last request.

A folder is looked at again and again. A version that appears is loaded beside the one that serves; when it
is available the old one takes no more requests and goes after its last. A version that fails to load
leaves the old one serving, and is tried again only after its folder was gone. What shall serve can change meanwhile.

Nothing here knows TensorFlow: how a version is loaded is handed in.
"""

import contextlib
import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import grpc

from serving.messages import VersionState

_log = logging.getLogger(__name__)

_Loaded = TypeVar("_Loaded")

_MAX_DIGITS: Final = 18
"""A version travels as a signed 64-bit number."""


@dataclass(frozen=True)
class ModelConfig:
    """One model to serve.

    Attributes:
        name: Name under which it is asked.
        base_path: Folder whose children with integer names are its versions.
        newest: How many of the newest versions serve; `None` for all.
        only: Version numbers that serve, in place of the newest.
        labels: Version numbers by label.
    """

    name: str
    base_path: Path
    newest: int | None = 1
    only: frozenset[int] = frozenset()
    labels: dict[str, int] = field(default_factory=dict)

    def choose(self, found: set[int]) -> set[int]:
        """Which of the versions found shall serve.

        >>> sorted(ModelConfig("m", Path("m"), newest=2).choose({1, 2, 10}))
        [2, 10]
        """
        if self.only:
            return found & self.only
        return found if self.newest is None else set(sorted(found)[-self.newest :])


@dataclass
class Version(Generic[_Loaded]):
    """One version and where it stands.

    Attributes:
        number: Version number.
        state: From START to END.
        loaded: What `load` returned, while the version is loaded.
        error: Why the load failed.
        in_use: Requests under way.
    """

    number: int
    state: VersionState = VersionState.START
    loaded: _Loaded | None = None
    error: tuple[grpc.StatusCode, str] | None = None
    in_use: int = 0


class ModelVersions(Generic[_Loaded]):
    """Every version of one model.

    Args:
        config: The model.
        load: Makes a version's folder ready to answer; what it raises ends that version.
        explain: Turns such an exception into a status.
    """

    def __init__(
        self,
        config: ModelConfig,
        load: Callable[[Path], _Loaded],
        explain: Callable[[Exception], tuple[grpc.StatusCode, str]],
    ) -> None:
        self.config = config
        self._load = load
        self._explain = explain
        self._dismissed = False
        self._polling = threading.Lock()
        self._lock = threading.Lock()
        self._versions: dict[int, Version[_Loaded]] = {}
        self._warned = False

    @contextlib.contextmanager
    def use(self, number: int | None) -> Iterator[Version[_Loaded] | None]:
        """Hold a version while a request runs; it is not unloaded meanwhile.

        Args:
            number: Version number; `None` for the newest that is available.

        Yields:
            The version, or `None` where it is not available.
        """
        with self._lock:
            version = self._available(number)
            if version is not None:
                version.in_use += 1
        try:
            yield version
        finally:
            if version is not None:
                with self._lock:
                    version.in_use -= 1

    def _available(self, number: int | None) -> Version[_Loaded] | None:
        if number is None:
            ready = [v for v in self._versions.values() if v.state is VersionState.AVAILABLE]
            return max(ready, key=lambda version: version.number, default=None)
        version = self._versions.get(number)
        return version if version and version.state is VersionState.AVAILABLE else None

    def serves(self, number: int) -> bool:
        """Whether a version is available."""
        with self._lock:
            return self._available(number) is not None

    def snapshot(self) -> list[Version[_Loaded]]:
        """Copies of every version seen so far, newest first, without what they loaded."""
        with self._lock:
            copies = [replace(version, loaded=None) for version in self._versions.values()]
        return sorted(copies, key=lambda version: -version.number)

    def configure(self, config: ModelConfig) -> None:
        """Serve by another configuration from the next look on.

        A version that is loaded stays, also where another folder has one of its number: so does the real server's.
        """
        self.config, self._dismissed = config, False

    def dismiss(self) -> None:
        """Serve nothing any more; what is loaded goes after its last request."""
        self._dismissed = True
        self._retire(set())

    def poll(self) -> None:
        """Look at the folder once: load what is new, unload what is no longer wanted."""
        with self._polling:
            config = self.config
            found = {} if self._dismissed else self._find(config)
            if found is not None:
                wanted = config.choose(set(found))
                for number in sorted(self._new(wanted, set(found))):
                    self._bring_up(number, found[number])
                # It may have been dismissed while it loaded.
                self._retire(set() if self._dismissed else wanted)
            self._unload_idle()

    def _find(self, config: ModelConfig) -> dict[int, Path] | None:
        """Paths by version number; `None` where the folder cannot be read, which changes nothing."""
        try:
            children = list(config.base_path.iterdir())
        except OSError as error:
            self._warn_once("Cannot read %s: %s", config.base_path, error.strerror)
            return None
        found = {int(child.name): child for child in children if _is_number(child.name)}
        if not found:
            self._warn_once("No version of %s under %s yet.", config.name, config.base_path)
        else:
            self._warned = False
        return found

    def _warn_once(self, message: str, *values: Any) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(message, *values)

    def _new(self, wanted: set[int], found: set[int]) -> set[int]:
        """Wanted versions to load; one that has ended counts again once its folder was gone."""
        with self._lock:
            for number, version in list(self._versions.items()):
                if version.error and number not in found:
                    del self._versions[number]
            ended = {
                number
                for number, version in self._versions.items()
                if version.state is VersionState.END and not version.error
            }
            return {number for number in wanted if number not in self._versions or number in ended}

    def _bring_up(self, number: int, path: Path) -> None:
        """Load one version; the others go on serving meanwhile."""
        version: Version[_Loaded] = Version(number, VersionState.LOADING)
        with self._lock:
            self._versions[number] = version
        started = time.monotonic()
        try:
            loaded = self._load(path)
        except Exception as error:  # noqa: BLE001 - whatever a broken version does, the server lives on
            self._fail(version, error)
            return
        with self._lock:
            version.loaded, version.state = loaded, VersionState.AVAILABLE
        seconds = time.monotonic() - started
        _log.info("%s version %d serves, loaded in %.1f s.", self.config.name, number, seconds)

    def _fail(self, version: Version[_Loaded], error: Exception) -> None:
        code, message = self._explain(error)
        with self._lock:
            version.error, version.state = (code, message), VersionState.END
        _log.error(
            "%s version %d failed to load: %s: %s",
            self.config.name,
            version.number,
            code.name,
            message,
        )

    def _retire(self, wanted: set[int]) -> None:
        """Take versions out of service, never the last one before a wanted one is available."""
        with self._lock:
            serving = {
                v.number for v in self._versions.values() if v.state is VersionState.AVAILABLE
            }
            if wanted and not wanted & serving:
                return
            for number in serving - wanted:
                self._versions[number].state = VersionState.UNLOADING

    def _unload_idle(self) -> None:
        """Drop versions out of service that no request uses any more."""
        with self._lock:
            idle = [
                version
                for version in self._versions.values()
                if version.state is VersionState.UNLOADING and not version.in_use
            ]
            for version in idle:
                version.loaded, version.state = None, VersionState.END
        for version in idle:
            _log.info("%s version %d is unloaded.", self.config.name, version.number)
        if idle:
            # A loaded model is a web of reference cycles; waiting for the collector keeps two in memory.
            gc.collect()


def _is_number(name: str) -> bool:
    """Whether a child of the folder is a version: `1.tmp`, a version in the making, is none.

    >>> [_is_number(name) for name in ("7", "1.tmp", "-1")]
    [True, False, False]
    """
    return name.isascii() and name.isdecimal() and len(name) <= _MAX_DIGITS
