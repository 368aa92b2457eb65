"""Texts as callers find them, for the examples in other languages; and what Python gets for the same bytes."""

import grpc
import labelled_model
from waiting import wait_for

from serving.client import SentimentClient, codec, rpcs
from serving.client.target import Target

TEXTS = [
    "what a lovely day",
    "I love it!!! \N{GRINNING FACE}\N{SMILING FACE WITH HEART-SHAPED EYES}",
    "family \N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}, hand \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}",
    "so sad http://t.co/x?y=1&z=%20 and HTTPS://EXAMPLE.COM",
    "@somebody you are the worst @_x1",
    "\N{RIGHT-TO-LEFT OVERRIDE}يوم جميل \N{RIGHT-TO-LEFT MARK} יום יפה",
    "before\0after\0",
    "",
    "  spaces \t around\v\f \x85 \N{NO-BREAK SPACE}\N{LINE SEPARATOR}\r\n",
    "\N{ZERO WIDTH NO-BREAK SPACE}byte order mark",
    "e\N{COMBINING ACUTE ACCENT} and \N{LATIN SMALL LETTER E WITH ACUTE}, ﬁ, ẞ, İ",
    "quotes \" \\ ' ` $HOME %s {} <b>",
    "今日はいい天気だ 오늘은 좋은 날",
    "highest \U0010ffff, not a character \ufffe\uffff",
    "never good " * 20_000,
]
"""Strings of Unicode characters."""

HALVES = ["half \ud83d", "\ude00 half", "two \ud83d\ud83d", "turned \ude00\ud83d", "\ud83dq\ude00"]
"""Strings that have no UTF-8: halves of surrogate pairs, as JavaScript and Java let them pass."""

BYTES = [
    b"thanks for the great caf\xe9",
    b"\xff\xfe",
    b"i hate this phone \xf0\x9f\x98",
    b"so happy \xc0\xaf my day",
    b"the worst service ever \xed\xa0\xbd",
    b"good \x80 news tonight",
]
"""Bytes that are no UTF-8."""


def predict_bytes(address, model_name, values):
    """Python's answers to exactly these bytes, `[len(values)]` predictions."""
    target = Target(address, model_name, signature_name="label")
    request = codec.predict_request(target, [""] * len(values))
    request.inputs["text"].string_val[:] = values
    with SentimentClient(address, model_name=model_name) as client:
        names = client.labels()
    with grpc.insecure_channel(address) as channel:
        response = rpcs.stubs(channel)[rpcs.PREDICT.path](request, timeout=30)
    return codec.parse_predict(response, len(values)).named(names)


def assert_same(received, expected):
    """Answers of another language, each (label, score, known, probabilities), are Python's predictions."""
    assert len(received) == len(expected) > 0
    for (label, score, known, probabilities), right in zip(received, expected, strict=True):
        assert label == right.label
        # Both are float32; the last digit may depend on how a batch was cut.
        assert abs(score - right.score) <= 1e-6
        assert known == right.known or abs(known - right.known) <= 1e-6
        assert list(probabilities) == list(right.probabilities)
        for name, value in right.probabilities.items():
            assert abs(probabilities[name] - value) <= 1e-6


def publish_and_wait(base, version, labels, running):
    """Publish a version of `labelled_model` and wait until the server answers from no other."""
    labelled_model.publish(base, version, labels)
    with SentimentClient(running.address, model_name="tiny") as client:
        wait_for(lambda: client.wait_until_ready().version == version)


def assert_telling(predictions):
    """The model gives these texts different answers, so that a mixed-up one would show."""
    rows = {tuple(round(p, 5) for p in one.probabilities.values()) for one in predictions}
    assert len(rows) > len(predictions) / 2
