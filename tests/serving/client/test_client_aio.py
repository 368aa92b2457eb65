"""The asyncio client does what the blocking one does."""

import asyncio
import contextlib
import inspect

import pytest

from serving.client import SentimentClient, errors
from serving.client.aio import AsyncSentimentClient

TEXTS = ["x" * (i % 60) for i in range(100)]


def run(server, use, **options):
    """What `use` makes of a connected client, in an event loop of its own."""

    async def main():
        async with AsyncSentimentClient(
            server.address, **{"model_name": "tiny", **options}
        ) as client:
            return await use(client)

    return asyncio.run(main())


@pytest.mark.parametrize("method", ["predict", "classify"])
@pytest.mark.parametrize("size", [7, 512])
def test_texts_as_the_blocking_client(server, client, method, size):
    found = run(server, lambda aio: getattr(aio, method)(TEXTS), max_batch_size=size)
    assert found == getattr(client, method)(TEXTS)


@pytest.mark.parametrize("method", ["metadata", "status", "wait_until_ready"])
def test_the_model_as_the_blocking_client(server, client, method):
    assert run(server, lambda aio: getattr(aio, method)()) == getattr(client, method)()


def test_no_text_asks_nobody(server):
    assert run(server, lambda aio: aio.predict([])) == []


def test_many_calls_at_once(server, client):
    async def use(aio):
        return await asyncio.gather(*(aio.predict([text]) for text in TEXTS))

    assert [found for (found,) in run(server, use)] == client.predict(TEXTS)


def test_a_bare_string_is_refused(server):
    with pytest.raises(TypeError, match="Received: texts='some tweet'"):
        run(server, lambda aio: aio.predict("some tweet"))


def test_errors_are_the_same(server):
    with pytest.raises(errors.ModelNotFoundError, match='serves no model "mood"'):
        run(server, lambda aio: aio.predict(["a"]), model_name="mood")


def test_a_failed_batch_gives_the_others_up(server):
    with pytest.raises(errors.InvalidRequestError, match="no sentiment today"):
        run(server, lambda aio: aio.predict(TEXTS), signature_name="refuse", max_batch_size=1)


def test_the_deadline_of_a_call(server):
    with pytest.raises(errors.DeadlineExceededError, match=r"within 0\.1 s"):
        run(server, lambda aio: aio.predict(["a"], timeout_s=0.1), signature_name="hang")


def test_closing_while_sixteen_tasks_call(server, client):
    """A call that it cuts off is an exception of ours: CancelledError would mean that its task is cancelled."""
    wanted = client.predict(["x"] * 300)

    async def ask(aio, count, found):
        for number in range(40):
            found[count, number] = None
            with contextlib.suppress(errors.CallCancelledError):
                found[count, number] = await aio.predict(["x"] * count) == wanted[:count]

    async def use(aio):
        found = {}
        tasks = [asyncio.create_task(ask(aio, 280 * (n % 2) + n, found)) for n in range(1, 17)]
        pause_s = 0.02
        while not all(task.done() for task in tasks):
            await asyncio.sleep(pause_s)
            await aio.close()
            pause_s *= 1.1  # on a busy machine, too, some call is quicker
        await asyncio.gather(*tasks)
        return found

    found = run(server, use, max_batch_size=64)
    assert len(found) == 16 * 40
    assert set(found.values()) == {True, None}


def test_a_task_that_is_cancelled_is_cancelled(server):
    """And the call with it."""

    async def use(aio):
        task = asyncio.create_task(aio.predict(["a"], timeout_s=30))
        await asyncio.sleep(0.3)
        task.cancel()
        await aio.close()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(server, use, signature_name="hang")


def test_waiting_gives_up_in_time(server):
    with pytest.raises(errors.NotReadyError, match="last seen: Servable not found"):
        run(server, lambda aio: aio.wait_until_ready(0.3), model_name="mood")


def test_methods_and_arguments_are_the_same():
    for name in (
        "__init__",
        "predict",
        "classify",
        "labels",
        "metadata",
        "status",
        "wait_until_ready",
        "close",
    ):
        ours, theirs = (
            inspect.signature(getattr(kind, name))
            for kind in (AsyncSentimentClient, SentimentClient)
        )
        assert ours == theirs
