"""The contract of REST as a table: what is sent, and the status and the JSON that must come back.

One table for two servers: `test_rest_contract.py` asks the embedded server always, and tensorflow_model_server where one
is on the PATH.
"""

from dataclasses import dataclass, field

MODEL = "/v1/models/tiny"
PREDICT = f"{MODEL}:predict"
CLASSIFY = f"{MODEL}:classify"


@dataclass(frozen=True)
class Case:
    """One request, and what must come back.

    Attributes:
        answer: a refusal's message; or the body as it is, in bytes; or `None` for an empty one.
    """

    method: str
    path: str
    body: bytes
    status: int
    answer: str | bytes | None
    headers: dict[str, str] = field(default_factory=dict)


def post(body, status, answer, path=PREDICT, **headers):
    return Case("POST", path, body, status, answer, headers)


def get(path, status, answer):
    return Case("GET", path, b"", status, answer)


def html(status, words):
    return (
        f"<HTML><HEAD>\n<TITLE>{status} {words}</TITLE>\n</HEAD><BODY>\n<H1>{words}</H1>\n</BODY></HTML>\n"
    ).encode()


STATUS = (
    b'{\n "model_version_status": [\n  {\n   "version": "3",\n   "state": "AVAILABLE",\n   "status": {\n'
    b'    "error_code": "OK",\n    "error_message": ""\n   }\n  }\n ]\n}\n'
)
IN_ROW = "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "


def malformed(method, path):
    return Case(method, path, b"", 400, f"Malformed request: {method} {path}")


def sums(numbers, written):
    """Numbers in, their sum out: how one is written."""
    body = b'{"signature_name": "pair", "inputs": {"text": "x", "weight": %b}}' % numbers
    answer = b'{\n    "outputs": {\n        "echo": "x",\n        "size": 1,\n        "sum": %b\n    }\n}'
    return post(body, 200, answer % written)


def echo(sent, written):
    """A text in, the same out; sent as JSON and written as JSON."""
    body = b'{"signature_name": "pair", "inputs": {"weight": [1], "text": %b}}' % sent
    answer = b'{\n    "outputs": {\n        "echo": %b,\n        "size": 1,\n        "sum": 1.0\n    }\n}'
    return post(body, 200, answer % written)


ROUTING = {
    "status": get(MODEL, 200, STATUS),
    "status of a version": get(f"{MODEL}/versions/3", 200, STATUS),
    "status ignores a label": get(f"{MODEL}/labels/nobody", 200, STATUS),
    "in any case": get("/V1/Models/tiny", 200, STATUS),
    "percent-decoded": get("/v1/models/t%69ny", 200, STATUS),
    "a model that is not there": get("/v1/models/m", 404, "Could not find any versions of model m"),
    "a version that is not there": get(
        f"{MODEL}/versions/7", 404, "Could not find version 7 of model tiny"
    ),
    "a query is part of the name": get(
        f"{MODEL}?x=1", 404, "Could not find any versions of model tiny?x=1"
    ),
    "metadata of a model that is not there": get(
        "/v1/models/m/metadata", 404, "Servable not found for request: Latest(m)"
    ),
    "metadata of a label": get(
        f"{MODEL}/labels/x/metadata", 400, "Unrecognized servable version label: x"
    ),
    "no model": get("/v1/models", 400, "Missing model name in request."),
    "a version of no model": get("/v1/models/versions/3", 400, "Missing model name in request."),
    "GET of a method": malformed("GET", PREDICT),
    "POST of a status": malformed("POST", MODEL),
    "PUT": malformed("PUT", PREDICT),
    "DELETE": malformed("DELETE", MODEL),
    "PATCH": malformed("PATCH", PREDICT),
    "another method": malformed("POST", f"{MODEL}:explain"),
    "PREDICT": malformed("POST", f"{MODEL}:PREDICT"),
    "a trailing slash": malformed("GET", f"{MODEL}/"),
    "a version that is no number": malformed("GET", f"{MODEL}/versions/abc"),
    "a query on POST": malformed("POST", f"{PREDICT}?x=1"),
    "a colon that is written otherwise": malformed("POST", f"{MODEL}%3Apredict"),
    "a version too large for 64 bits": get(f"{MODEL}/versions/9223372036854775808", 400, None),
    "the largest version": get(
        f"{MODEL}/versions/9223372036854775807",
        404,
        "Could not find version 9223372036854775807 of model tiny",
    ),
    "no percent-encoding": get("/v1/models/%zz", 400, html(400, "Bad Request")),
    "another path": get("/", 404, html(404, "Not Found")),
    "HEAD": Case("HEAD", MODEL, b"", 400, None),
    "OPTIONS": Case("OPTIONS", PREDICT, b"", 400, None),
    "an unknown method": Case("BREW", MODEL, b"", 501, html(501, "Not Implemented")),
}

PARSING = {
    "no body": post(b"", 400, "JSON Parse error: The document is empty"),
    "a value that is none": post(
        b'{"instances": [', 400, "JSON Parse error: Invalid value. at offset: 15"
    ),
    "no object": post(b'["a"]', 400, 'JSON Value: [\n    "a"\n] Is not object'),
    "a control character": post(
        b'{"instances": ["\n"]}',
        400,
        "JSON Parse error: Invalid escape character in string. at offset: 15",
    ),
    "half a pair of surrogates": post(
        rb'{"instances": ["\ud83d"]}',
        400,
        "JSON Parse error: The surrogate pair in string is invalid. at offset: 16",
    ),
    "its other half": echo(rb'"\ude00"', b'"\xed\xb8\x80"'),
    "a pair": echo(rb'"\ud83d\ude00"', '"\N{GRINNING FACE}"'.encode()),
    "bytes that are no UTF-8": echo(b'"caf\xe9"', b'"caf\xe9"'),
    "quotes and controls": echo(rb'"\"\\\/\b\f\n\r\t\u001f\u007f"', b'"\\"\\\\/\\b\\f\\n\\r\\t\\u001F\x7f"'),
    "text after the object": post(b'{"inputs": []} more', 200, b'{\n    "outputs": []\n}'),
    "a byte order mark": post(b'\xef\xbb\xbf{"inputs": []}', 200, b'{\n    "outputs": []\n}'),
    "an unknown key": post(b'{"inputs": [], "x": [1]}', 200, b'{\n    "outputs": []\n}'),
    "the first of two": post(b'{"inputs": [], "inputs": 1}', 200, b'{\n    "outputs": []\n}'),
    "gzip that is none": post(
        b'{"inputs": []}', 400, "JSON Parse error: The document is empty",
        **{"Content-Encoding": "gzip"},
    ),
    "another content type": post(
        b'{"inputs": []}', 200, b'{\n    "outputs": []\n}', **{"Content-Type": "image/png"}
    ),
}  # fmt: skip

PREDICTING = {
    "neither": post(b"{}", 400, "Missing 'inputs' or 'instances' key"),
    "both": post(
        b'{"inputs": [], "instances": []}',
        400,
        'JSON Value: {\n    "inputs": [],\n    "instances": []\n} Not formatted correctly expecting only one of'
        " 'inputs' or 'instances' keys to exist ",
    ),
    "an empty signature name is the default": post(
        b'{"signature_name": "", "inputs": []}', 200, b'{\n    "outputs": []\n}'
    ),
    "a signature name of another type": post(
        b'{"signature_name": 1}',
        400,
        "JSON Value: {\n    \"signature_name\": 1\n} not formatted correctly. 'signature_name' key must be a"
        " string value.",
    ),
    "an unknown signature": post(
        b'{"signature_name": "nope", "inputs": []}',
        400,
        'Serving signature name: "nope" not found in signature def',
    ),
    "an unknown model": post(
        b'{"inputs": []}',
        404,
        "Servable not found for request: Latest(m)",
        path="/v1/models/m:predict",
    ),
    "an unknown version": post(
        b'{"inputs": []}',
        404,
        "Servable not found for request: Specific(tiny, 42)",
        path=f"{MODEL}/versions/42:predict",
    ),
    "an unknown label": post(
        b'{"inputs": []}',
        400,
        "Unrecognized servable version label: x",
        path=f"{MODEL}/labels/x:predict",
    ),
    "a version": post(
        b'{"inputs": []}', 200, b'{\n    "outputs": []\n}', path=f"{MODEL}/versions/3:predict"
    ),
    "a label": post(
        b'{"inputs": []}', 200, b'{\n    "outputs": []\n}', path=f"{MODEL}/labels/stable:predict"
    ),
    "no rows": post(
        b'{"instances": []}',
        400,
        "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
    ),
    "rows that are no list": post(
        b'{"instances": "a"}',
        400,
        'JSON Value: {\n    "instances": "a"\n} Expecting \'instances\' to be an list/array',
    ),
    "a number in place of a text": post(
        b'{"instances": [1]}',
        400,
        f"{IN_ROW}JSON Value: 1 Type: Number is not of expected type: string",
    ),
    "null in place of a text": post(
        b'{"instances": [null]}',
        400,
        f"{IN_ROW}JSON Value: null Type: Null is not of expected type: string",
    ),
    "a wrong name": post(
        b'{"instances": [{"tweet": "a"}]}',
        400,
        "Failed to process element: 0 key: tweet of 'instances' list. Error: INVALID_ARGUMENT:"
        " JSON object: does not have named input: tweet",
    ),
    "a missing name": post(
        b'{"instances": [{}]}',
        400,
        "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: text",
    ),
    "an object after a value": post(
        b'{"instances": ["a", {"text": "b"}]}',
        400,
        "Expecting value/list but got object at item 1 of input list",
    ),
    "a value after an object": post(
        b'{"instances": [{"text": "a"}, "b"]}',
        400,
        "Expecting object but got list at item 1 of input list",
    ),
    "rows of two lengths": post(
        b'{"instances": [["a"], ["b", "c"]]}',
        400,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 1"
        " but got: 2",
    ),
    "base64 that is none": post(
        b'{"instances": [{"b64": "?"}]}', 400, f"{IN_ROW}Unable to base64 decode"
    ),
    "base64 that is URL-safe": post(
        b'{"instances": [{"b64": "_-__"}]}', 400, f"{IN_ROW}Unable to base64 decode"
    ),
    "values where several inputs are": post(
        b'{"signature_name": "pair", "instances": [1]}',
        400,
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per"
        " tensorinfo_map",
    ),
    "a missing column": post(
        b'{"inputs": {"tweet": ["a"]}}', 400, "Missing named input: text in 'inputs' object."
    ),
    "one column too many": post(
        b'{"inputs": {"text": [], "more": 1}}', 200, b'{\n    "outputs": []\n}'
    ),
    "base64": echo(b'{"b64": "YQ=="}', b'"a"'),
    "base64 without padding": echo(b'{"b64": "YQ"}', b'"a"'),
    "base64 with white space": echo(rb'{"b64": " Y\nQ= ="}', b'"a"'),
    "a list of lists": echo(
        b'[["a"], ["b"]]',
        b'[\n            [\n                "a"\n            ],\n            [\n                "b"\n            ]\n        ]',
    ),
}

NUMBERS = {
    "six digits": sums(b"[0.1]", b"0.1"),
    "nine digits where six are another number": sums(b"[0.0450639091]", b"0.0450639091"),
    "a whole number": sums(b"[3]", b"3.0"),
    "a large one": sums(b"[1e6]", b"1e+06"),
    "a small one": sums(b"[1e-7]", b"1e-07"),
    "nothing, from below": sums(b"[-0.0]", b"-0.0"),
    "no number": sums(b"[NaN]", b"NaN"),
    "infinity": sums(b"[Infinity]", b"Infinity"),
    "minus infinity": sums(b"[-Inf]", b"-Infinity"),
    "one that float32 does not hold": post(
        b'{"signature_name": "pair", "inputs": {"text": "x", "weight": [16777217]}}',
        400,
        "Cannot convert JSON value: 16777217 to float without loss of precision.",
    ),
    "one that double does not hold": post(
        b'{"inputs": 1e999}',
        400,
        "JSON Parse error: Number too big to be stored in double. at offset: 11",
    ),
}


def classify(body, message):
    return post(body, 400, message, path=CLASSIFY)


CLASSIFYING = {
    "no examples": classify(
        b'{"examples": []}',
        "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    ),
    "without examples": classify(
        b"{}",
        "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    ),
    "an example that is no object": classify(
        b'{"examples": ["a"]}', "Example must be JSON object but got JSON String"
    ),
    "a feature of null": classify(
        b'{"examples": [{"text": null}]}',
        "Feature: text has element with unexpected JSON type: Null",
    ),
    "a feature of two types": classify(
        b'{"examples": [{"text": ["a", 1]}]}',
        "Unexpected element type in feature: text expecting type: bytes",
    ),
    "an unknown signature of Classify": classify(
        b'{"signature_name": "nope", "examples": [{"text": "a"}]}',
        "No signature was found with the name: nope",
    ),
}

CASES = {**ROUTING, **PARSING, **PREDICTING, **NUMBERS, **CLASSIFYING}
