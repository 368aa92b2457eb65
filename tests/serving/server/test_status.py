"""The words of a refusal: what Python adds is taken away, and what remains can travel."""

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.server.status import StatusError, plain_message

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)


@given(ANY_TEXT, st.integers(0, 600))
def test_a_message_is_utf8_of_bounded_length(piece, times):
    """Lone surrogates too, which Python makes of a file name's bytes."""
    message = piece * times
    told = StatusError(grpc.StatusCode.INTERNAL, message).message.encode()
    whole = message.encode(errors="replace")
    if len(whole) <= 1024:
        assert told == whole
    else:
        kept = told.removesuffix(b"...TRUNCATED")
        assert 1024 - 3 <= len(kept) <= 1024
        assert whole.startswith(kept)


@pytest.mark.parametrize(
    ("python", "plain"),
    [
        ("no such row [Op:__inference_f_1]", "no such row"),
        (
            "{{function_node __inference_f_1}} bad\n\t [[{{node A}}]] [Op:f] name: x",
            "bad\n\t [[{{node A}}]]",
        ),
        (
            (
                "Graph execution error:\n\nDetected at node A defined at (most recent call last):\n"
                '  File "a.py", line 1, in f\n\nbad [1]\n\t [[{{node A}}]] [Op:f]'
            ),
            "bad [1]\n\t [[{{node A}}]]",
        ),
        ("a message of its own", "a message of its own"),
    ],
)
def test_python_adds_nothing_to_tensorflows_words(python, plain):
    assert plain_message(python) == plain
