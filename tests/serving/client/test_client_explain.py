"""Reasons through the client: of this project's own export behind a real server, and of answers that are none."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from terminals import on_a_terminal

from serving import messages
from serving.client import SentimentClient
from serving.client import __main__ as cli
from serving.client.aio import AsyncSentimentClient
from serving.client.base import EXPLAINED_AT_ONCE
from serving.client.errors import BadAnswerError, NoReasonsError

TEXTS = ["so sad today", "", "i love it !", "qwxzy"]


@pytest.fixture(scope="module")
def explanations(exported_address):
    with SentimentClient(exported_address) as client:
        return client.explain(TEXTS)


def test_an_effect_is_what_leaving_the_word_out_does(explanations, tiny_model):
    """Of the Keras model, asked in this process."""
    for text, found in zip(TEXTS, explanations, strict=True):
        words = text.split()
        assert [word.text for word in found.words] == words
        for place, word in enumerate(found.words):
            rest = " ".join(words[:place] + words[place + 1 :])
            whole, without = tiny_model.predict([text, rest])
            assert list(word.effects.values()) == pytest.approx(list(whole - without), abs=1e-5)


def test_the_prediction_is_that_of_predict(explanations, exported_address):
    with SentimentClient(exported_address) as client:
        for found, expected in zip(explanations, client.predict(TEXTS), strict=True):
            assert found.prediction.label == expected.label
            assert found.prediction.known == pytest.approx(expected.known)
            assert dict(found.prediction.probabilities) == pytest.approx(
                dict(expected.probabilities), abs=1e-6
            )
            for word in found.words:
                assert list(word.effects) == list(expected.probabilities)


def test_words_that_the_vocabulary_lacks_are_told(explanations):
    assert [word.known for word in explanations[3].words] == [False]
    assert explanations[1].words == (), "an empty text has no words"


def test_many_texts_go_in_small_requests(exported_address, explanations):
    """Each word is an answer of its own: 512 texts in one request would hold a server for seconds."""
    many = TEXTS * EXPLAINED_AT_ONCE
    with SentimentClient(exported_address) as client:
        found = client.explain(many)
        assert client.explain([]) == []
    assert [one.prediction.label for one in found] == [
        one.prediction.label for one in explanations
    ] * EXPLAINED_AT_ONCE
    assert [len(one.words) for one in found[:4]] == [3, 0, 4, 1]


def test_asyncio_gets_the_same(exported_address, explanations):
    async def ask():
        async with AsyncSentimentClient(exported_address) as client:
            return await client.explain(TEXTS)

    for found, expected in zip(asyncio.run(ask()), explanations, strict=True):
        assert [word.text for word in found.words] == [word.text for word in expected.words]
        assert found.prediction.label == expected.prediction.label


def test_a_version_without_reasons_gets_one_sentence(server):
    """An older one, or a model that was brought."""
    with SentimentClient(server.address, model_name="tiny") as client:
        with pytest.raises(NoReasonsError) as caught:
            client.explain(["a"])
        assert client.predict(["a"])
    assert str(caught.value) == (
        f'{server.address} cannot tell why: this version has no signature "explain", for model "tiny" was exported '
        "before there was one or brought from elsewhere; export it anew, or ask for the sentiment alone "
        '(Serving signature key "explain" not found).'
    )


def answer(*, leave_out=None, **changes):
    """Two texts, of one word and of two."""
    response = messages.PredictResponse()
    response.model_spec.version.value = 3
    values = {
        "probabilities": (1, (2, 3), [0.2, 0.3, 0.5] * 2),
        "tokens": (7, (2, 2), [b"a", b"", b"b", b"c"]),
        "known": (10, (2, 2), [True, False, True, False]),
        "effects": (1, (2, 2, 3), [0.5, -0.25, -0.25] * 4),
        **changes,
    }
    for name, (dtype, shape, content) in values.items():
        if name == leave_out:
            continue
        tensor = response.outputs[name]
        tensor.dtype = dtype
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        field = {1: "float_val", 7: "string_val", 10: "bool_val"}[dtype]
        if isinstance(content, bytes):
            tensor.tensor_content = content
        else:
            getattr(tensor, field).extend(content)
    return response.SerializeToString()


def test_both_ways_to_send_the_numbers_are_read(answering):
    """A server may pack a tensor's values into bytes."""
    packed = answer(known=(10, (2, 2), b"\x01\x00\x01\x00"))
    for content in (answer(), packed):
        with SentimentClient(answering(Predict=content)) as client:
            first, second = client.explain(["x", "y z"])
        assert [(word.text, word.known) for word in second.words] == [("b", True), ("c", False)]
        assert [word.text for word in first.words] == ["a"]
        assert first.words[0].effects == {"negative": 0.5, "neutral": -0.25, "positive": -0.25}
        assert first.to_dict()["words"][0]["effects"]["negative"] == 0.5


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (answer(leave_out="tokens"), "The answer has no tokens, only"),
        (answer(tokens=(7, (2,), [b"a", b"b"])), r"tokens of shape \[2, tokens\], string"),
        (answer(tokens=(7, (2, 2), [b"a"])), "the answer has 1 values"),
        (answer(known=(10, (2, 2), [True])), "bool; the answer has 1 values"),
        (answer(known=(1, (2, 2), [1.0] * 4)), "the answer is of float"),
        (answer(effects=(1, (2, 2), [0.5] * 4)), r"effects of shape \[2, 2, 3\], float32"),
        (answer(effects=(1, (2, 2, 3), [2.0] * 12)), "Expected effects from -1 to 1"),
        (answer(effects=(1, (2, 2, 3), [float("nan")] * 12)), "the answer holds nan"),
    ],
)
def test_a_damaged_answer_is_one_sentence(answering, content, sentence):
    with (
        SentimentClient(answering(Predict=content)) as client,
        pytest.raises(BadAnswerError, match=sentence),
    ):
        client.explain(["x", "y z"])


class TestShell:
    """`python -m serving.client --explain`."""

    def command(self, address, *words):
        return [sys.executable, "-m", "serving.client", "--address", address, "--explain", *words]

    def test_piped_each_word_is_a_field_with_its_effect(
        self, exported_address, explanations, capsys
    ):
        assert cli.main(["--address", exported_address, "--explain", *TEXTS]) == 0
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        for (label, score, *words), found in zip(lines, explanations, strict=True):
            assert (label, float(score)) == (
                found.prediction.label,
                pytest.approx(found.prediction.score, abs=1e-4),
            )
            assert [word.partition(" ")[0] for word in words] == [one.text for one in found.words]
            numbers = [float(word.partition(" ")[2]) for word in words]
            expected = [one.effects[label] for one in found.words]
            assert numbers == pytest.approx(expected, abs=1e-4)

    def test_json_has_every_class(self, exported_address, capsys, tmp_path):
        (tmp_path / "texts").write_text("so sad\nqwxzy\n")
        words = ["--explain", "--json", "--file", str(tmp_path / "texts"), "--top", "1"]
        assert cli.main(["--address", exported_address, *words]) == 0
        first, second = map(json.loads, capsys.readouterr().out.splitlines())
        assert [word["text"] for word in first["words"]] == ["so", "sad"]
        assert set(first["words"][0]["effects"]) == {"negative", "neutral", "positive"}
        assert (first["text"], len(first["probabilities"])) == ("so sad", 1)
        assert second["words"][0]["known"] is False

    def test_a_terminal_gets_colours(self, answering):
        """For the answer in its colour, against it blue, large ones bold, unknown ones underlined."""
        effects = [0.0, 0.0, 0.5, 0, 0, 0, -0.02, 0, 0.02, 0, 0, -0.2]
        address = answering(Predict=answer(effects=(1, (2, 2, 3), effects)))
        environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        assert "NO_COLOR" not in environment
        first, second = on_a_terminal(self.command(address, "x", "y z")).splitlines()
        assert first == "\x1b[32mpositive  50.0%\x1b[0m  \x1b[32m\x1b[1ma\x1b[0m"
        assert second.endswith("  \x1b[32mb\x1b[0m \x1b[4m\x1b[34m\x1b[1mc\x1b[0m")

    def test_a_terminal_without_colours_gets_numbers(self, answering):
        shown = on_a_terminal(self.command(answering(Predict=answer()), "x", "y z"), NO_COLOR="")
        assert "\x1b[" not in shown
        assert shown.splitlines()[1].endswith("  b -0.2500  c -0.2500")

    def test_no_word_reaches_a_terminal_with_an_escape(self, answering):
        """Cleaned words have none; a server may send what it likes."""
        tokens = (7, (2, 2), [b"\x1b]0;x\x07", b"", b"b", b"c"])
        shown = on_a_terminal(self.command(answering(Predict=answer(tokens=tokens)), "x", "y z"))
        assert "\x1b]" not in shown
        assert "\x07" not in shown

    def test_standard_input_a_text_a_line(self, exported_address):
        found = subprocess.run(
            self.command(exported_address, "-"),
            input=b"so\n\nsad\n",
            capture_output=True,
            check=True,
        )
        assert [line.count(b"\t") for line in found.stdout.splitlines()] == [2, 1, 2]
