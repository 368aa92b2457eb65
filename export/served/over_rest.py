"""Ask a server over REST, as curl would: texts as JSON strings, bytes that are none of UTF-8 as base64."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.served.over_grpc import ANSWER_S, Answers, CallError
from export.signatures import (
    CLASSES,
    CLASSIFY_SIGNATURE,
    LABEL,
    PROBABILITIES,
    SCORES,
    TEXT,
    TOKENS,
)
from export.start.shown import shown

_LOOK_S: Final = 2.0


class RestCaller:
    """One model of one server.

    Args:
        address: such as `http://127.0.0.1:8501`.
        model: its name.
    """

    def __init__(self, address: str, model: str) -> None:
        self._url = f"{address}/v1/models/{model}"
        # It is on this machine, whatever stands in http_proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def is_there(self) -> bool:
        """Whether it answers, whatever."""
        try:
            self._opener.open(self._url, timeout=_LOOK_S).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def ask(self, signature: str, texts: Sequence[bytes]) -> Answers:
        """Outputs by name, each `[rows]` or `[rows, classes]`; strings are bytes.

        Raises:
            CallError: it answered with an error, not at all, or something of another form.
        """
        rows = [{TEXT: _json_value(text)} for text in texts]
        try:
            if signature == CLASSIFY_SIGNATURE:
                return _classified(self._post("classify", signature, "examples", rows)["results"])
            return _predicted(self._post("predict", signature, "instances", rows)["predictions"])
        except (LookupError, TypeError, ValueError) as error:
            raise CallError(f"an answer of another form than REST's: {error}") from error

    def _post(self, verb: str, signature: str, name: str, rows: list[Any]) -> Any:
        body = json.dumps({"signature_name": signature, name: rows}).encode()
        try:
            with self._opener.open(f"{self._url}:{verb}", body, ANSWER_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                words = error.read().decode(errors="replace")
            raise CallError(f"{error.code}: {shown(words)}") from error
        except OSError as error:
            raise CallError(str(error)) from error


def _json_value(text: bytes) -> Any:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(text).decode()}


def _predicted(rows: list[Any]) -> Answers:
    """A signature of one output gives bare values."""
    if not isinstance(rows[0], dict):
        rows = [{PROBABILITIES: row} for row in rows]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: _array(name, values) for name, values in columns.items()}


def _array(name: str, values: list[Any]) -> Any:
    if name == LABEL:
        return np.array([value.encode() for value in values], object)
    if name == TOKENS:
        words = [word.encode() for row in values for word in row]
        return np.array(words, object).reshape(len(values), -1)
    return np.array(values, np.float32)


def _classified(rows: list[Any]) -> Answers:
    return {
        CLASSES: np.array([[name.encode() for name, _ in row] for row in rows], object),
        SCORES: np.array([[score for _, score in row] for row in rows], np.float32),
    }
