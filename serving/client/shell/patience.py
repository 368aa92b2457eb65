"""A server that is away for a while does not end a job: the same texts are asked again once it is back."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from serving.client.base import worth_waiting
from serving.client.blocking import SentimentClient
from serving.client.errors import CallCancelledError, CallError, ServerUnavailableError, TlsError
from serving.client.results import Explanation, Prediction

DEFAULT_RETRY_FOR_S: Final = 60.0
_POLL_S: Final = 0.5

_Result = TypeVar("_Result")


class PatientClient:
    """A client that asks again while the server is away.

    At first only a server that is not reached is waited for: a wrong name of a model is told at once. After
    the first answer, so is one that has not loaded its model yet, gives calls up or does not answer in time.

    Args:
        client: Whom to ask.
        retry_for_s: Seconds from the first failure to the last try; 0 to try once.
        tell: Gets a sentence when a wait begins.
    """

    def __init__(
        self, client: SentimentClient, retry_for_s: float, tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._retry_for_s = retry_for_s
        self._tell = tell
        self._answered = False

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The sentiments.

        Raises:
            CallError: The server was away for too long, or refuses.
        """
        return self.ask(partial(self._client.predict, texts))

    def explain(self, texts: Sequence[str]) -> list[Explanation]:
        """The reasons.

        Raises:
            CallError: As for `predict`.
        """
        return self.ask(partial(self._client.explain, texts))

    def labels(self) -> tuple[str, ...]:
        """The class names.

        Raises:
            CallError: As for `predict`.
        """
        return self.ask(self._client.labels)

    def ask(self, ask: Callable[[], _Result]) -> _Result:
        """What a call gives, once it gives something.

        Args:
            ask: The call, made again as long as the server is away.

        Raises:
            CallError: As for `predict`.
        """
        found = _tried(ask)
        give_up = time.monotonic() + self._retry_for_s
        if isinstance(found, CallError) and self._is_away(found) and self._retry_for_s:
            self._tell(f"{found} Asking again for {self._retry_for_s:g} s.")
        while isinstance(found, CallError):
            left = give_up - time.monotonic()
            if left <= 0 or not self._is_away(found):
                raise found
            time.sleep(min(_POLL_S, left))
            found = _tried(ask)
        self._answered = True
        return found

    def _is_away(self, error: CallError) -> bool:
        if self._answered:
            return worth_waiting(error) or isinstance(error, CallCancelledError)
        return isinstance(error, ServerUnavailableError) and not isinstance(error, TlsError)


def _tried(ask: Callable[[], _Result]) -> _Result | CallError:
    try:
        return ask()
    except CallError as error:
        return error
