"""The configuration file, read again and again: an edit of it is seen without a restart."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from serving.server.config_files import read_model_config
from serving.server.model_versions import ModelConfig
from serving.server.status import StatusError

_log = logging.getLogger(__name__)


class ConfigFile:
    """A thread that reads a `ModelServerConfig` text proto and hands its models on.

    Every reading counts, not only one that differs: as on the real server, the file takes back what a request changed.
    What cannot be read, or is refused, changes nothing; the log tells why, once.

    Args:
        path: The file.
        poll_s: Seconds between two readings.
        reload: Serves these models from now on; may raise a `StatusError`.
    """

    def __init__(
        self, path: Path, poll_s: float, reload: Callable[[Sequence[ModelConfig]], None]
    ) -> None:
        self._path = path
        self._poll_s = poll_s
        self._reload = reload
        self._told = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="configuration", daemon=True)

    def start(self) -> None:
        """Read again and again, in a thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop reading, and wait so long for a load under way."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def read(self) -> None:
        """Read the file once."""
        try:
            self._reload(read_model_config(self._path))
        except (ValueError, StatusError) as error:
            if self._told != str(error):
                _log.error("The configuration stays as it is: %s", error)
            self._told = str(error)
        else:
            self._told = ""

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll_s):
            self.read()
