"""Ask a served model from asyncio: the twin of `serving.client`, method for method.

async with AsyncSentimentClient("localhost:8500") as client:
    results = await client.predict(["what a day", "the bus is late again"])
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from serving.client import codec, rpcs
from serving.client.base import (
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
from serving.client.errors import CallCancelledError, CallError, ServingError, from_rpc_error
from serving.client.labels import Ask, Conversation, Learn, Names
from serving.client.results import Explanation, ModelMetadata, Prediction, VersionStatus
from serving.client.target import Target

if TYPE_CHECKING:
    from typing import Self

_Result = TypeVar("_Result")


class AsyncSentimentClient(ClientBase):
    """A connection to one model, for one event loop; arguments and errors as for `SentimentClient`."""

    _lock = asyncio.Lock
    _channel: grpc.aio.Channel | None = None
    _stubs: dict[str, Any]

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; as `SentimentClient.close`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def predict(
        self, texts: Iterable[str], *, timeout_s: float | None = None
    ) -> list[Prediction]:
        """The sentiment of each text, in order; as `SentimentClient.predict`."""
        return await self._ask(self._labels.predict, texts, timeout_s)

    async def classify(
        self, texts: Iterable[str], *, timeout_s: float | None = None
    ) -> list[Prediction]:
        """The same through Classify; as `SentimentClient.classify`."""
        return await self._ask(self._labels.classify, texts, timeout_s)

    async def explain(
        self, texts: Iterable[str], *, timeout_s: float | None = None
    ) -> list[Explanation]:
        """The sentiment of each text, and what each of its words does to it; as `SentimentClient.explain`."""
        at_once = min(self._max_batch_size, EXPLAINED_AT_ONCE)
        return await self._ask(self._labels.explain, texts, timeout_s, at_once)

    async def labels(self, *, timeout_s: float | None = None) -> tuple[str, ...]:
        """The class names of the version that answers; as `SentimentClient.labels`."""
        target = self._labels.asking(None)
        return self._labels.learn(await self._told(target, self._seconds(timeout_s)))

    async def metadata(self, *, timeout_s: float | None = None) -> ModelMetadata:
        """The signatures of the version that answers; as `SentimentClient.metadata`."""
        return await self._tell(rpcs.METADATA, timeout_s)

    async def status(self, *, timeout_s: float | None = None) -> list[VersionStatus]:
        """The versions that the server knows, newest first; as `SentimentClient.status`."""
        return await self._tell(rpcs.STATUS, timeout_s)

    async def wait_until_ready(self, timeout_s: float = READY_TIMEOUT_S) -> ModelMetadata:
        """Wait for a version to serve; as `SentimentClient.wait_until_ready`."""
        give_up = time.monotonic() + self._seconds(timeout_s)
        while True:
            left = max(give_up - time.monotonic(), POLL_INTERVAL_S)
            try:
                return await self.metadata(timeout_s=min(left, self._timeout_s))
            except CallError as error:
                if not worth_waiting(error):
                    raise
                if time.monotonic() + POLL_INTERVAL_S > give_up:
                    versions = await self._versions_seen()
                    raise not_ready(self.target, timeout_s, error, versions) from error
            await asyncio.sleep(POLL_INTERVAL_S)

    async def _versions_seen(self) -> list[VersionStatus]:
        """Where the versions stand, if the server tells."""
        try:
            return await self.status()
        except CallError:
            return []

    def _stub(self, path: str) -> Any:
        if self._channel is None:
            target, options, credentials = channel_arguments(self._addresses, self._tls)
            self._channel = (
                grpc.aio.secure_channel(target, credentials, options)
                if credentials
                else grpc.aio.insecure_channel(target, options)
            )
            self._stubs = rpcs.stubs(self._channel)
        return self._stubs[path]

    async def _call(self, path: str, request: Any, seconds: float, target: Target) -> Any:
        call = asyncio.ensure_future(_answer(self._stub(path)(request, timeout=seconds)))
        try:
            # Unlike `await call`, this is cancelled with the caller only: a call that `close` cancels must not
            # look as if the caller's task had been.
            await asyncio.wait([call])
        finally:
            call.cancel()
        if call.cancelled():
            code = grpc.StatusCode.CANCELLED
            raise CallCancelledError(code, "Channel closed!", target, seconds)
        try:
            return call.result()
        except grpc.RpcError as error:
            raise from_rpc_error(error, target, seconds) from error

    async def _tell(self, rpc: rpcs.Rpc[_Result], timeout_s: float | None) -> _Result:
        request, seconds = rpc.build(self.target), self._seconds(timeout_s)
        return rpc.parse(await self._call(rpc.path, request, seconds, self.target))

    async def _ask(
        self,
        converse: Callable[[Sequence[str]], Conversation[_Result]],
        texts: Iterable[str],
        timeout_s: float | None,
        at_once: int | None = None,
    ) -> list[_Result]:
        seconds = self._seconds(timeout_s)
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def ask_batch(batch: Sequence[str]) -> list[_Result]:
            async with slots:
                return await self._finish(converse(batch), seconds)

        pieces = codec.batches(codec.check_texts(texts), at_once or self._max_batch_size)
        tasks = [asyncio.create_task(ask_batch(piece)) for piece in pieces]
        try:
            answers = await asyncio.gather(*tasks)
        finally:
            # After the first failure the rest would be asked for nobody.
            for task in tasks:
                task.cancel()
        return [result for answer in answers for result in answer]

    async def _finish(self, talk: Conversation[_Result], seconds: float) -> list[_Result]:
        """Lead a conversation to its end."""
        try:
            step = next(talk)
            while True:
                try:
                    answer = await self._take(step, seconds)
                except ServingError as error:
                    step = talk.throw(error)
                else:
                    step = talk.send(answer)
        except StopIteration as end:
            return cast("list[_Result]", end.value)

    async def _take(self, step: Ask | Learn, seconds: float) -> Any:
        """A step of a conversation."""
        if isinstance(step, Learn):
            return await self._learn(step.version, seconds)
        request = step.rpc.build(step.target, step.texts)
        response = await self._call(step.rpc.path, request, seconds, step.target)
        return step.rpc.parse(response, len(step.texts))

    async def _learn(self, version: int, seconds: float) -> Names:
        target = self._labels.asking(None, version)
        try:
            await asyncio.wait_for(self._learning.acquire(), seconds)
        except TimeoutError as error:
            raise late_names(target, seconds) from error
        try:
            return self._labels.names.get(version) or self._labels.learn(
                await self._told(target, seconds), version
            )
        finally:
            self._learning.release()

    async def _told(self, target: Target, seconds: float) -> tuple[int, list[str]]:
        request = rpcs.CLASSIFY.build(target, [""])
        return codec.parse_names(await self._call(rpcs.CLASSIFY.path, request, seconds, target))


async def _answer(call: Any) -> Any:
    """A coroutine out of gRPC's awaitable, for a task."""
    return await call
