"""What the embedded server says when it refuses: TensorFlow Serving's codes and words."""

import re
from typing import Final

import grpc
import tensorflow as tf

_MESSAGE_BYTES: Final = 1024
"""The real server counts bytes too, and may cut a character in two; such a message could not be read."""
_BY_NUMBER: Final = {code.value[0]: code for code in grpc.StatusCode}

# What Python adds to the text of a TensorFlow status, and the real server does not.
_PREAMBLE: Final = re.compile(
    r"\AGraph execution error:\s+"
    r"(?:Detected at node .* defined at \(most recent call last\):\n"
    r"(?:<stack traces unavailable>\n|(?:[ ].*\n)*\n?))*"
)
_CALLER: Final = re.compile(r"\A\{\{function_node [^}]*\}\} ")
_OP_SUFFIX: Final = re.compile(r"\s*\[Op:[^\]]*\]\s*(?:name: .*)?\Z")


class StatusError(Exception):
    """A request, or a load, ends with this status.

    Attributes:
        code: gRPC's status code.
        message: For the caller, cut as TensorFlow Serving cuts it.
        whole: The same, not cut, as it goes over REST.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        self.code = code
        self.message = _cut(message)
        self.whole = message
        super().__init__(f"{code.name}: {self.message}")


def _cut(message: str) -> str:
    """Whole characters of at most 1,024 bytes; what is no text, a file name's stray byte, becomes `?`."""
    encoded = message.encode(errors="replace")
    if len(encoded) <= _MESSAGE_BYTES:
        return encoded.decode()
    return encoded[:_MESSAGE_BYTES].decode(errors="ignore") + "...TRUNCATED"


def invalid(message: str) -> StatusError:
    """An INVALID_ARGUMENT, by far the most frequent refusal."""
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, message)


def from_error(error: Exception) -> StatusError:
    """The status of anything that TensorFlow or Python raised.

    TensorFlow's own errors keep their code; a wrong file or a bug is INTERNAL.
    """
    if isinstance(error, StatusError):
        return error
    if isinstance(error, tf.errors.OpError):
        code = _BY_NUMBER.get(error.error_code, grpc.StatusCode.UNKNOWN)
        return StatusError(code, plain_message(error.message or str(error)))
    if isinstance(error, UnicodeDecodeError) and isinstance(error.object, bytes):
        # TensorFlow quotes a request's bytes in its message; that they are no text hides its code.
        return invalid(plain_message(error.object.decode(errors="replace")))
    return StatusError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")


def plain_message(message: str) -> str:
    r"""A TensorFlow error's text as the real server words it.

    >>> plain_message("Graph execution error:\n\nno such row\n\t [[{{node Gather}}]] [Op:__inference_f_1]")
    'no such row\n\t [[{{node Gather}}]]'
    """
    return _OP_SUFFIX.sub("", _CALLER.sub("", _PREAMBLE.sub("", message)))
