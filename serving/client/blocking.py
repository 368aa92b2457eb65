"""Ask a served model from Python, without TensorFlow.

    with SentimentClient("localhost:8500") as client:
        for result in client.predict(["what a day", "the bus is late again"]):
            print(result.label, result.score)

Texts are sent as they are: cleaning and tokenizing happen in the served graph. `serving.client.aio` holds the
twin for asyncio, and `python -m serving.client "some tweet"` asks from a shell.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from serving.apart import apart
from serving.client import codec, rpcs
from serving.client.base import (
    CLOSE_S,
    EXPLAINED_AT_ONCE,
    IN_FLIGHT,
    POLL_INTERVAL_S,
    READY_TIMEOUT_S,
    ClientBase,
    late_names,
    not_ready,
    worth_waiting,
)
from serving.client.channel import channel_arguments
from serving.client.errors import CallError, ServingError, from_rpc_error
from serving.client.labels import Ask, Conversation, Learn, Names
from serving.client.results import Explanation, ModelMetadata, Prediction, VersionStatus
from serving.client.target import Target

if TYPE_CHECKING:
    from typing import Self

_Result = TypeVar("_Result")


class SentimentClient(ClientBase):
    """A connection to one model on one server, or on several that hold the same model.

    The connection is made at the first call and kept; a client may be shared between threads, and closed
    while they call. Create it after a fork. Every method raises one of the kinds of
    `serving.client.errors.CallError` when a call fails, and `BadAnswerError` when an answer is damaged.

    Args:
        address: `host:port`; several as a list or with commas, asked in turn; or `unix:/path`.
        model_name: Name under which the server offers the model.
        version: Version to ask; the newest by default.
        version_label: Version to ask by label, such as `stable`; not together with `version`.
        signature_name: Signature to ask; by default `label`, or `serving_default` of a version without it, or
            `classify` for `classify`.
        timeout_s: Seconds that each request may take, 5 by default; each method can override it.
        max_batch_size: Texts sent in one request at most, 512 by default.
        tls: How to trust the server; plain text by default.

    Raises:
        ValueError: An argument does not fit; the message names it.
    """

    _lock = threading.Lock
    _channel: grpc.Channel | None = None
    _stubs: dict[str, Any]

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection: calls under way end with `CallCancelledError`, a later one connects anew."""
        with _OPENING:
            channel, self._channel = self._channel, None
        if channel is not None:
            _close(channel)

    def predict(self, texts: Iterable[str], *, timeout_s: float | None = None) -> list[Prediction]:
        """The sentiment of each text, in order.

        Each gets the class names of the version that answered it. A version that answers for the first time is
        asked for them, once; where it is gone before it tells them, the texts are sent again.

        Args:
            texts: Raw texts, as many as there are; an empty one has a sentiment too.
            timeout_s: Seconds for each request of up to `max_batch_size` texts.

        Raises:
            TypeError: `texts` is one string, or holds something that is none.
            BadAnswerError: The signature answers with something other than probabilities, or the model does
                not tell its class names.
        """
        return self._ask(self._labels.predict, texts, timeout_s)

    def classify(self, texts: Iterable[str], *, timeout_s: float | None = None) -> list[Prediction]:
        """The same through TensorFlow Serving's Classify, which wraps each text in a `tf.Example`.

        Args:
            texts: As for `predict`.
            timeout_s: As for `predict`.

        Raises:
            TypeError: As for `predict`.
            BadAnswerError: The answer does not hold classes for each text.
        """
        return self._ask(self._labels.classify, texts, timeout_s)

    def explain(self, texts: Iterable[str], *, timeout_s: float | None = None) -> list[Explanation]:
        """The sentiment of each text, and what each of its words does to it, in order.

        Args:
            texts: As for `predict`.
            timeout_s: Seconds for each request of up to 32 texts, or `max_batch_size` where that is less.

        Raises:
            TypeError: As for `predict`.
            NoReasonsError: The version has no signature `explain`: it is older, or a model that was brought.
            BadAnswerError: As for `predict`.
        """
        at_once = min(self._max_batch_size, EXPLAINED_AT_ONCE)
        return self._ask(self._labels.explain, texts, timeout_s, at_once)

    def labels(self, *, timeout_s: float | None = None) -> tuple[str, ...]:
        """The class names of the version that answers, in the order of its probabilities.

        Args:
            timeout_s: Seconds to wait for the answer.

        Raises:
            BadAnswerError: The model does not tell them.
        """
        target = self._labels.asking(None)
        return self._labels.learn(self._told(target, self._seconds(timeout_s)))

    def metadata(self, *, timeout_s: float | None = None) -> ModelMetadata:
        """The signatures of the version that answers.

        Args:
            timeout_s: Seconds to wait for the answer.
        """
        return self._tell(rpcs.METADATA, timeout_s)

    def status(self, *, timeout_s: float | None = None) -> list[VersionStatus]:
        """The versions that the server knows, newest first; with `version`, that one.

        Args:
            timeout_s: Seconds to wait for the answer.
        """
        return self._tell(rpcs.STATUS, timeout_s)

    def wait_until_ready(self, timeout_s: float = READY_TIMEOUT_S) -> ModelMetadata:
        """Wait for a version to serve, the chosen one where one is chosen.

        Args:
            timeout_s: Seconds to wait in all.

        Returns:
            What the model says of itself.

        Raises:
            NotReadyError: None served in time, or no server was reached.
        """
        give_up = time.monotonic() + self._seconds(timeout_s)
        while True:
            left = max(give_up - time.monotonic(), POLL_INTERVAL_S)
            try:
                return self.metadata(timeout_s=min(left, self._timeout_s))
            except CallError as error:
                if not worth_waiting(error):
                    raise
                if time.monotonic() + POLL_INTERVAL_S > give_up:
                    versions = self._versions_seen()
                    raise not_ready(self.target, timeout_s, error, versions) from error
            time.sleep(POLL_INTERVAL_S)

    def _versions_seen(self) -> list[VersionStatus]:
        """Where the versions stand, if the server tells."""
        try:
            return self.status()
        except CallError:
            return []

    def _stub(self, path: str) -> Any:
        with _OPENING:
            if self._channel is None:
                target, options, credentials = channel_arguments(self._addresses, self._tls)
                channel = (
                    grpc.secure_channel(target, credentials, options)
                    if credentials
                    else grpc.insecure_channel(target, options)
                )
                # In this order: `_invoke` looks at both without the lock.
                self._stubs, self._channel = rpcs.stubs(channel), channel
            return self._stubs[path]

    def _invoke(self, path: str, start: Callable[[Any], _Result]) -> _Result:
        """Start a call on the open connection, or on the next where another thread has just closed it."""
        while True:
            stub = self._stub(path)
            try:
                return start(stub)
            except ValueError:
                # gRPC's way to say that a channel is closed.
                if self._channel is not None and stub is self._stubs[path]:
                    raise

    def _call(self, path: str, request: Any, seconds: float, target: Target) -> Any:
        try:
            return self._invoke(path, lambda stub: stub(request, timeout=seconds))
        except grpc.RpcError as error:
            raise from_rpc_error(error, target, seconds) from error

    def _tell(self, rpc: rpcs.Rpc[_Result], timeout_s: float | None) -> _Result:
        request = rpc.build(self.target)
        return rpc.parse(self._call(rpc.path, request, self._seconds(timeout_s), self.target))

    def _ask(
        self,
        converse: Callable[[Sequence[str]], Conversation[_Result]],
        texts: Iterable[str],
        timeout_s: float | None,
        at_once: int | None = None,
    ) -> list[_Result]:
        texts = codec.check_texts(texts)
        seconds = self._seconds(timeout_s)
        pieces = codec.batches(texts, at_once or self._max_batch_size)
        if len(texts) > (at_once or self._max_batch_size):
            return self._ask_in_batches(converse, pieces, seconds)
        if not texts:
            return []
        # A plain call takes less time than a future's, which goes through a thread of its own.
        talk = converse(texts)
        return self._finish(talk, partial(self._take, next(talk), seconds), seconds)

    def _ask_in_batches(
        self,
        converse: Callable[[Sequence[str]], Conversation[_Result]],
        pieces: Iterable[Sequence[str]],
        seconds: float,
    ) -> list[_Result]:
        """Send a few requests ahead; answers are read in the order of the texts."""
        pending = deque[tuple[Conversation[_Result], Ask, Any]]()
        stopped = threading.Event()

        def work() -> list[_Result]:
            results: list[_Result] = []
            try:
                for batch in pieces:
                    if len(pending) == IN_FLIGHT:
                        results += self._read_first(pending, seconds)
                    if stopped.is_set():
                        return results
                    talk = converse(batch)
                    step = cast("Ask", next(talk))
                    start = partial(_start, step.rpc.build(step.target, step.texts), seconds)
                    pending.append((talk, step, self._invoke(step.rpc.path, start)))
                while pending:
                    results += self._read_first(pending, seconds)
            finally:
                stop()
                pending.clear()
            return results

        def stop() -> None:
            stopped.set()
            for *_, call in tuple(pending):
                call.cancel()

        return apart(work, stop, CLOSE_S)

    def _read_first(
        self, pending: deque[tuple[Conversation[_Result], Ask, Any]], seconds: float
    ) -> list[_Result]:
        """The answer that was asked for first; it stays among the pending, to be cancelled, until it is there."""
        talk, step, call = pending[0]
        try:
            return self._finish(talk, partial(self._read, step, call, seconds), seconds)
        finally:
            pending.popleft()

    def _finish(
        self, talk: Conversation[_Result], take: Callable[[], Any], seconds: float
    ) -> list[_Result]:
        """Go on with a conversation to its end; `take` gives the answer to its first step."""
        try:
            while True:
                try:
                    answer = take()
                except ServingError as error:
                    step = talk.throw(error)
                else:
                    step = talk.send(answer)
                take = partial(self._take, step, seconds)
        except StopIteration as end:
            return cast("list[_Result]", end.value)

    def _take(self, step: Ask | Learn, seconds: float) -> Any:
        """A step of a conversation."""
        if isinstance(step, Learn):
            return self._learn(step.version, seconds)
        request = step.rpc.build(step.target, step.texts)
        response = self._call(step.rpc.path, request, seconds, step.target)
        return step.rpc.parse(response, len(step.texts))

    def _read(self, step: Ask, call: Any, seconds: float) -> Any:
        """The answer to a step that is under way."""
        try:
            return step.rpc.parse(call.result(), len(step.texts))
        except grpc.RpcError as error:
            raise from_rpc_error(error, step.target, seconds) from error

    def _learn(self, version: int, seconds: float) -> Names:
        target = self._labels.asking(None, version)
        if not self._learning.acquire(timeout=seconds):
            raise late_names(target, seconds)
        try:
            return self._labels.names.get(version) or self._labels.learn(
                self._told(target, seconds), version
            )
        finally:
            self._learning.release()

    def _told(self, target: Target, seconds: float) -> tuple[int, list[str]]:
        request = rpcs.CLASSIFY.build(target, [""])
        return codec.parse_names(self._call(rpcs.CLASSIFY.path, request, seconds, target))


def _close(channel: grpc.Channel) -> None:
    """Close in a thread, and do not wait for it long.

    gRPC waits for the bookkeeping of its calls, and for ever where Ctrl-C came between a call's start and that
    of the thread that reads its answer: 5 of 56 tries hung.
    """
    closing = threading.Thread(target=channel.close, daemon=True)
    try:
        closing.start()
    except RuntimeError:
        # Python is ending, and starts no thread any more.
        channel.close()
    else:
        closing.join(CLOSE_S)


def _start(request: Any, seconds: float, stub: Any) -> Any:
    """A call that is under way."""
    return stub.future(request, timeout=seconds)


_OPENING = threading.Lock()
"""Held while a client opens or drops its connection, so that threads which share it open one."""
