"""The served model that the page is about: which versions there are, and the clients that ask them.

Streamlit runs the page's script anew at every click; what must outlast that, a connection, is kept here.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from serving.client import SentimentClient
from serving.client.errors import (
    CallError,
    NoReasonsError,
    RefusedError,
    ServerUnavailableError,
    ServingError,
)
from serving.client.results import Prediction, VersionStatus, WordEffect
from serving.messages import VersionState

_TIMEOUT_S: Final = 10.0
_LOOK_S: Final = 3.0


@dataclass(frozen=True)
class Choice:
    """Which version is asked: by number, by label, or the newest.

    Attributes:
        version: A number.
        label: A label, such as `stable`.
    """

    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"version {self.version}"
        return "the newest version" if self.label is None else self.label

    @property
    def path(self) -> str:
        """The part of a REST path that chooses it."""
        if self.version is not None:
            return f"/versions/{self.version}"
        return "" if self.label is None else f"/labels/{quote(self.label, safe='')}"


NEWEST: Final = Choice()


@dataclass(frozen=True)
class Look:
    """What the server told a moment ago.

    Attributes:
        version: The version that answers whoever names none.
        labels: Its class names.
        versions: All that the server knows, newest first.
        choices: What may be asked, the newest first.
    """

    version: int
    labels: tuple[str, ...]
    versions: tuple[VersionStatus, ...]
    choices: tuple[Choice, ...]


class Served:
    """One model on one server; may be shared between threads.

    Args:
        address: `host:port`.
        model_name: Name under which the model is served.
    """

    def __init__(self, address: str, model_name: str) -> None:
        self.address = address
        self.model_name = model_name
        self._clients: dict[Choice, SentimentClient] = {}
        self._lock = threading.Lock()

    def client(self, choice: Choice = NEWEST) -> SentimentClient:
        """The connection that asks a version; made once."""
        with self._lock:
            if choice not in self._clients:
                self._clients[choice] = SentimentClient(
                    self.address,
                    model_name=self.model_name,
                    version=choice.version,
                    version_label=choice.label,
                    timeout_s=_TIMEOUT_S,
                )
            return self._clients[choice]

    def look(self, labels: Sequence[str] = ()) -> Look:
        """Ask the server what there is.

        Args:
            labels: Labels of versions that are offered where the server knows them.

        Raises:
            ServingError: It does not tell.
        """
        client = self.client()
        try:
            versions = tuple(client.status(timeout_s=_LOOK_S))
            version = client.metadata(timeout_s=_LOOK_S).version
            names = client.labels(timeout_s=_LOOK_S)
        except ServerUnavailableError:
            self.connect_anew()
            raise
        numbers = [one.version for one in versions if one.state is VersionState.AVAILABLE]
        known = [Choice(label=label) for label in labels if self._knows(label)]
        choices = (NEWEST, *known, *(Choice(number) for number in numbers))
        return Look(version, names, versions, choices)

    def version(self) -> int | None:
        """The version that answers whoever names none; `None` where none does."""
        try:
            return self.client().metadata(timeout_s=_LOOK_S).version
        except CallError:
            self.connect_anew()
            return None

    def answer(self, text: str, choice: Choice) -> Prediction:
        """What a version says of one text.

        Raises:
            ServingError: It says nothing.
        """
        return self.client(choice).predict([text])[0]

    def words(self, text: str, choice: Choice) -> tuple[WordEffect, ...] | None:
        """The text's words with their effects; `None` where the version cannot tell them.

        Raises:
            ServingError: Something is wrong with the server.
        """
        try:
            return self.client(choice).explain([text])[0].words
        except NoReasonsError:
            return None

    def connect_anew(self) -> None:
        """Drop the connections: gRPC tries a server that was not there up to two minutes apart, people at once."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def _knows(self, label: str) -> bool:
        try:
            return bool(self.client(Choice(label=label)).status(timeout_s=_LOOK_S))
        except RefusedError:
            return False


def told(error: ServingError | OSError | ValueError) -> str:
    """The sentence for people on a page: without the options of a command that they did not type."""
    words = str(error)
    for option in (
        "; --status lists the versions of a model that is served",
        " (timeout_s, --timeout-s)",
        " with --version",
    ):
        words = words.replace(option, "")
    return words
