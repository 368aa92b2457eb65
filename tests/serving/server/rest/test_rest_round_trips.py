"""Any text and any bytes come back from the graph as they went in; any number as it was."""

import base64
import contextlib
import http.client
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.server.rest.document import parse
from serving.server.rest.pretty import decimals, quoted
from serving.server.status import StatusError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=3)


def as_bytes(value):
    """What Python's parser gives, in the bytes of ours."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [as_bytes(one) for one in value]
    if isinstance(value, dict):
        return {as_bytes(key): as_bytes(one) for key, one in value.items()}
    return value


@given(OBJECTS, st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_document_is_read_as_python_reads_it(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert repr(parse(text.encode())) == repr(as_bytes(json.loads(text)))


@given(st.binary())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_document_or_a_refusal(document):
    """Never another error: a request may carry whatever it likes."""
    with contextlib.suppress(StatusError):
        parse(b"{" + document)


@pytest.mark.parametrize("document", [b"[" * 100_000, b'{"a":' * 100_000])
def test_depth_is_bounded(document):
    """The real server dies of 20,000."""
    with pytest.raises(StatusError, match="Nested deeper than the 64 levels"):
        parse(b'{"a": ' + document)


@given(st.floats(width=32))
@settings(max_examples=200, deadline=None)
def test_a_float32_is_written_so_that_it_reads_back(number):
    (written,) = decimals([number], np.float32)
    read = np.float32(float(written))
    assert read == np.float32(number) or (math.isnan(read) and math.isnan(number))
    assert b"." in written or b"e" in written or not math.isfinite(number)


@pytest.fixture(scope="module")
def echo(embedded):
    """Has the graph give texts back, written as JSON values; on one connection."""
    connection = http.client.HTTPConnection("localhost", embedded.port, timeout=30)

    def ask(values):
        texts = b"[" + b", ".join(values) + b"]"
        body = b'{"signature_name": "pair", "inputs": {"weight": [1], "text": ' + texts + b"}}"
        connection.request("POST", "/v1/models/tiny:predict", body)
        return connection.getresponse().read()

    yield ask
    connection.close()


@given(texts=st.lists(st.text(), max_size=5))
@settings(max_examples=100, deadline=None)
def test_texts_over_a_socket(echo, texts):
    answer = json.loads(echo([json.dumps(text).encode() for text in texts]))
    assert answer["outputs"]["echo"] == texts


@given(values=st.lists(st.binary(), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_bytes_over_a_socket(echo, values):
    """Sent as base64; they come back raw, as the real server writes them."""
    sent = [b'{"b64": "%b"}' % base64.b64encode(value) for value in values]
    written = b",\n            ".join(quoted(value) for value in values)
    assert b"[\n            " + written + b"\n        ]" in echo(sent)
