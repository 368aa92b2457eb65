"""A server that is away for a while does not end a job: the same texts are asked again once it is back."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from serving.client.base import worth_waiting
from serving.client.errors import CallCancelledError, CallError, ServerUnavailableError, TlsError
from serving.client.results import Prediction

DEFAULT_RETRY_FOR_S: Final = 60.0
_POLL_S: Final = 0.5

Predict = Callable[[Sequence[str]], list[Prediction]]


class PatientPredict:
    """`predict`, asked again while the server is away.

    At first only a server that is not reached is waited for: a wrong name of a model is told at once. After
    the first answer, so is one that has not loaded its model yet, gives calls up or does not answer in time.

    Args:
        predict: Gives the sentiments of a list of texts.
        retry_for_s: Seconds from the first failure to the last try; 0 to try once.
        tell: Gets a sentence when a wait begins.
    """

    def __init__(self, predict: Predict, retry_for_s: float, tell: Callable[[str], None]) -> None:
        self._predict = predict
        self._retry_for_s = retry_for_s
        self._tell = tell
        self._answered = False

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The sentiments.

        Raises:
            CallError: The server was away for too long, or refuses.
        """
        found = self._try(texts)
        give_up = time.monotonic() + self._retry_for_s
        if isinstance(found, CallError) and self._is_away(found) and self._retry_for_s:
            self._tell(f"{found} Asking again for {self._retry_for_s:g} s.")
        while isinstance(found, CallError):
            left = give_up - time.monotonic()
            if left <= 0 or not self._is_away(found):
                raise found
            time.sleep(min(_POLL_S, left))
            found = self._try(texts)
        self._answered = True
        return found

    def _try(self, texts: Sequence[str]) -> list[Prediction] | CallError:
        try:
            return self._predict(texts)
        except CallError as error:
            return error

    def _is_away(self, error: CallError) -> bool:
        if self._answered:
            return worth_waiting(error) or isinstance(error, CallCancelledError)
        return isinstance(error, ServerUnavailableError) and not isinstance(error, TlsError)
