"""The class names are the model's: learned once for each version that answers, and never another version's."""

import asyncio
import threading
import time
from collections import Counter
from concurrent import futures

import grpc
import pytest
from client_tables import class_names
from labelled_model import publish, right

from serving import messages
from serving.client import SentimentClient, errors
from serving.client.aio import AsyncSentimentClient

TEXTS = ["k" * length for length in range(1, 30)]
FEELINGS = ("anger", "joy", "optimism", "sadness", "surprise")
SENTIMENTS = ("negative", "neutral", "positive")


class Counting(grpc.GenericRpcHandler):
    """Hands every call on to a real server, bytes as they are, and counts them by method."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.calls = Counter()
        self.before = {}
        """What a test does before a method is handed on, by its name; gets request and context."""

    def service(self, call):
        name = call.method.rpartition("/")[2]
        hand_on = self.channel.unary_unary(call.method)

        def answer(request, context):
            self.calls[name] += 1
            if name in self.before:
                self.before[name](request, context)
            try:
                return hand_on(request, timeout=10)
            except grpc.RpcError as error:
                return context.abort(error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def counted(request):
    """A function that puts a counting server before a real one; gives its address and itself."""

    def start(address):
        counting = Counting(address)
        server = grpc.server(futures.ThreadPoolExecutor(16))
        server.add_generic_rpc_handlers((counting,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        request.addfinalizer(lambda: (server.stop(0).wait(), counting.channel.close()))
        return f"127.0.0.1:{port}", counting

    return start


@pytest.fixture
def serve(start, tmp_path):
    """A function that publishes version 1 with some classes and serves it; gives the address."""

    def run(labels, **options):
        (tmp_path / "tiny").mkdir()
        publish(tmp_path / "tiny", 1, labels, **options)
        return start(tmp_path / "tiny").address

    return run


@pytest.mark.parametrize("count", [2, 5, 20])
def test_any_number_of_classes(serve, count):
    """Predict, Classify and `labels()` name them alike, blocking and with asyncio."""
    names = tuple(f"class {number}, of {count}" for number in range(count))
    address = serve(names)

    async def ask():
        async with AsyncSentimentClient(address, model_name="tiny") as client:
            return await client.labels(), await client.predict(TEXTS), await client.classify(TEXTS)

    with SentimentClient(address, model_name="tiny") as client:
        blocking = client.labels(), client.predict(TEXTS), client.classify(TEXTS)
    for labels, *answers in (blocking, asyncio.run(ask())):
        assert labels == names
        assert all(right(found, TEXTS, {1: names}) for found in answers)


def test_known_is_the_share_that_the_model_tells(serve):
    """And none where the signature does not tell it."""
    address = serve(FEELINGS)
    with SentimentClient(address, model_name="tiny") as client:
        found = client.predict(["", "k", "k x", "x", "  "])
        assert [one.known for one in found] == [0, 1, 0.5, 0, 0]
        assert found[1].to_dict()["known"] == 1
        assert client.classify(["k"])[0].known is None
    with SentimentClient(address, model_name="tiny", signature_name="serving_default") as client:
        assert client.predict(["k"])[0].known is None


def test_an_empty_text_has_nothing_known(exported_address):
    """Of the project's own export."""
    with SentimentClient(exported_address) as client:
        empty, said, never = client.predict(["", "what a day", "qzxv"], timeout_s=30)
    assert (empty.known, never.known) == (0, 0)
    assert 0 <= said.known <= 1


class TestOneRoundTrip:
    """Names cost one call for each version, whatever calls at once."""

    def test_one_request_after_the_other(self, serve, counted):
        address, counting = counted(serve(FEELINGS))
        with SentimentClient(address, model_name="tiny") as client:
            for text in TEXTS * 4:
                client.predict([text])
        assert counting.calls == {"Predict": 4 * len(TEXTS), "Classify": 1}

    def test_sixteen_threads_at_once(self, serve, counted):
        address, counting = counted(serve(FEELINGS))
        with (
            SentimentClient(address, model_name="tiny", max_batch_size=8) as client,
            futures.ThreadPoolExecutor(16) as threads,
        ):
            answers = list(threads.map(client.predict, [TEXTS] * 16))
        assert all(right(found, TEXTS, {1: FEELINGS}) for found in answers)
        assert counting.calls == {"Predict": 16 * 4, "Classify": 1}

    def test_sixteen_tasks_at_once(self, serve, counted):
        address, counting = counted(serve(FEELINGS))

        async def ask():
            async with AsyncSentimentClient(address, model_name="tiny", max_batch_size=8) as client:
                return await asyncio.gather(*(client.predict(TEXTS) for _ in range(16)))

        assert all(right(found, TEXTS, {1: FEELINGS}) for found in asyncio.run(ask()))
        assert counting.calls == {"Predict": 16 * 4, "Classify": 1}

    def test_a_version_without_the_signature(self, serve, counted, tmp_path):
        """An older one answers as before; the newer one, once it is there, tells what it knows."""
        address, counting = counted(serve(FEELINGS, plain=True))
        with SentimentClient(address, model_name="tiny") as client:
            for text in TEXTS:
                (found,) = client.predict([text])
                assert right([found], [text], {1: FEELINGS})
                assert found.known is None
            # The first is refused, answered, looked into and named.
            assert counting.calls == {"Predict": len(TEXTS) + 2, "Classify": 1}
            publish(tmp_path / "tiny", 2, SENTIMENTS)
            give_up = time.monotonic() + 20
            while found.known is None and time.monotonic() < give_up:
                (found,) = client.predict(["k x"])
            assert (found.known, right([found], ["k x"], {2: SENTIMENTS})) == (0.5, True)
            counting.calls.clear()
            client.predict(TEXTS)
            assert counting.calls == {"Predict": 1}


VERSIONS = {
    1: SENTIMENTS,
    2: ("positive", "neutral", "negative"),
    3: FEELINGS,
    4: ("no", "yes"),
    5: tuple(reversed(FEELINGS)),
    6: SENTIMENTS,
}


def swap(base, until):
    """Publish the other versions, each once the one before has been seen to answer."""
    for version in list(VERSIONS)[1:]:
        publish(base, version, VERSIONS[version])
        give_up = time.monotonic() + 20
        while version not in until and time.monotonic() < give_up:
            time.sleep(0.01)


def versions_of(predictions):
    return {round((one.score - 0.75) * 1000) for one in predictions}


@pytest.mark.slow
class TestASwapWhileCallsRun:
    """Every answer has the names of the version that gave it."""

    def test_blocking(self, serve, tmp_path):
        """Single texts, and lists that many requests share."""
        address = serve(VERSIONS[1])
        seen, wrong, calls, stop = set(), [], Counter(), threading.Event()
        with SentimentClient(address, model_name="tiny", max_batch_size=8) as client:

            def ask(texts):
                while not stop.is_set():
                    found = client.predict(texts)
                    seen.update(versions_of(found))
                    calls[len(texts)] += 1
                    if not right(found, texts, VERSIONS):
                        wrong.append(found)

            threads = [threading.Thread(target=ask, args=(t,)) for t in (["k"], TEXTS) * 2]
            for thread in threads:
                thread.start()
            swap(tmp_path / "tiny", seen)
            stop.set()
            for thread in threads:
                thread.join(20)
        assert (wrong, seen) == ([], set(VERSIONS))
        assert calls.total() > 300

    def test_asyncio(self, serve, tmp_path):
        address = serve(VERSIONS[1])
        seen, answers = set(), []

        async def ask(client, texts, swapping):
            while not swapping.done():
                found = await client.predict(texts)
                seen.update(versions_of(found))
                answers.append(right(found, texts, VERSIONS))

        async def main():
            async with AsyncSentimentClient(address, model_name="tiny", max_batch_size=8) as client:
                swapping = asyncio.ensure_future(asyncio.to_thread(swap, tmp_path / "tiny", seen))
                await asyncio.gather(
                    *(ask(client, texts, swapping) for texts in (["k"], TEXTS) * 2)
                )

        asyncio.run(main())
        assert seen == set(VERSIONS)
        assert all(answers)
        assert len(answers) > 300

    def test_a_version_that_goes_before_it_has_told_its_names(self, serve, counted, tmp_path):
        """The texts are sent again, to the version that serves now."""
        address, counting = counted(serve(VERSIONS[1]))
        publish(tmp_path / "tiny", 2, VERSIONS[2])

        def wait_for_the_swap(request, _):
            spec = messages.ClassificationRequest.FromString(request).model_spec
            counting.before.pop("Classify", None)
            if spec.version.value == 1:
                with SentimentClient(address, model_name="tiny", version=1) as client:
                    while any(one.version == 1 and one.state < 50 for one in client.status()):
                        time.sleep(0.02)

        counting.before["Classify"] = wait_for_the_swap
        with SentimentClient(address, model_name="tiny") as client:
            assert right(client.predict(TEXTS), TEXTS, VERSIONS)

    def test_a_version_that_was_chosen_and_goes_is_told(self, serve, counted):
        address, counting = counted(serve(VERSIONS[1]))
        gone = grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(tiny, 1)"
        counting.before["Classify"] = lambda _, context: context.abort(*gone)
        with (
            SentimentClient(address, model_name="tiny", version=1) as client,
            pytest.raises(errors.ModelNotFoundError, match="serves no version 1 of model"),
        ):
            client.predict(["k"])
        assert counting.calls["Predict"] == 1

    def test_another_model_under_the_same_number(self, start, tmp_path):
        """A server that is started anew with another folder: the first answer shows it."""
        for name, labels in (("one", SENTIMENTS), ("two", FEELINGS), ("three", FEELINGS[::-1])):
            (tmp_path / name).mkdir()
            publish(tmp_path / name, 1, labels)
        running = start(tmp_path / "one")
        with SentimentClient(running.address, model_name="tiny", timeout_s=20) as client:
            assert right(client.predict(TEXTS), TEXTS, {1: SENTIMENTS})
            for name, labels in (("two", FEELINGS), ("three", FEELINGS[::-1])):
                running.stop()
                running = start(tmp_path / name, port=running.port)
                client.wait_until_ready()
                assert right(client.predict(TEXTS), TEXTS, {1: labels})


class TestNamesThatCannotBe:
    """One sentence, and no prediction with a name that nobody vouches for."""

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (class_names(["a", "a", "b"]), "Expected a name for each class of version 3"),
            (class_names(["a", "b"]), r"Expected probabilities of shape \[1, 2\]"),
            (class_names(version=4), "Version 3 was asked, and version 4 answered"),
            (messages.ClassificationResponse().SerializeToString(), "Expected classes for 1 texts"),
            (b"\xff", "Expected a ClassificationResponse"),
        ],
        ids=["two alike", "too few", "another version", "none", "no protobuf"],
    )
    def test_it_is_told(self, answering, answer, words):
        address = answering(Predict=predicted(), Classify=answer)

        async def ask():
            async with AsyncSentimentClient(address) as client:
                await client.predict(["a"])

        with SentimentClient(address) as client, pytest.raises(errors.BadAnswerError, match=words):
            client.predict(["a"])
        with pytest.raises(errors.BadAnswerError, match=words):
            asyncio.run(ask())

    def test_an_answer_without_its_version(self, answering):
        response = messages.PredictResponse.FromString(predicted())
        response.ClearField("model_spec")
        address = answering(Predict=response.SerializeToString())
        with (
            SentimentClient(address) as client,
            pytest.raises(errors.BadAnswerError, match="does not tell which version"),
        ):
            client.predict(["a"])

    def test_a_label_that_is_none_of_the_classes(self, answering):
        response = messages.PredictResponse.FromString(predicted())
        label = response.outputs["label"]
        label.dtype = messages.DataType.STRING
        label.tensor_shape.dim.add(size=1)
        label.string_val.append(b"joy")
        address = answering(Predict=response.SerializeToString())
        with (
            SentimentClient(address) as client,
            pytest.raises(errors.BadAnswerError, match='class "joy", where its classes'),
        ):
            client.predict(["a"])

    def test_names_that_are_long_in_coming(self, answering):
        """A call waits for its own seconds, not for those of all that wait with it."""
        hanging = threading.Event()
        address = answering(Predict=predicted(), Classify=lambda *_: hanging.wait(20) and b"")
        with SentimentClient(address, timeout_s=0.5) as client:
            began_at = time.monotonic()
            with futures.ThreadPoolExecutor(8) as threads:
                asked = [threads.submit(client.predict, ["a"]) for _ in range(8)]
            assert {type(one.exception()) for one in asked} == {errors.DeadlineExceededError}
            assert time.monotonic() - began_at < 3
        hanging.set()


def predicted():
    """An answer of version 3 to one text."""
    response = messages.PredictResponse()
    response.model_spec.version.value = 3
    tensor = response.outputs["probabilities"]
    tensor.dtype = messages.DataType.FLOAT
    for size in (1, 3):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.extend([0.2, 0.3, 0.5])
    return response.SerializeToString()
