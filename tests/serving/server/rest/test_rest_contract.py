"""REST, case by case of the contract, over a real socket: the embedded server, and the real one where it is."""

import gzip
import json
import re

import pytest
from length_model import expected
from rest_cases import CASES, CLASSIFY, MODEL, PREDICT

NUMBER = re.compile(r"\d+\.\d+")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case(rest, case):
    status, headers, body = rest.ask(case.method, case.path, case.body, case.headers)
    if isinstance(case.answer, str):
        told = json.loads(body)
        assert (status, told) == (case.status, {"error": case.answer})
        assert body == json.dumps(told, indent=4, ensure_ascii=False).encode()
    else:
        assert (status, body) == (case.status, case.answer or b"")
    expected_type = "text/html" if body.startswith(b"<") else "application/json"
    assert headers["Content-Type"] == expected_type or case.method == "OPTIONS"


def layout(body):
    """An answer's text with every number replaced."""
    return NUMBER.sub("N", body.decode())


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (
            {"instances": ["a", "bb"]},
            '{\n    "predictions": [[N, N, N], [N, N, N]\n    ]\n}',
        ),
        (
            {"inputs": ["a"]},
            '{\n    "outputs": [\n        [\n            N,\n            N,\n            N\n        ]\n    ]\n}',
        ),
        ({"signature_name": "bare", "instances": ["a", "b"]}, '{\n    "predictions": [N, N\n    ]\n}'),
    ],
    ids=["rows", "columns", "rows of one number"],
)  # fmt: skip
def test_the_form_of_an_answer(rest, body, written):
    status, _, answer = rest.ask("POST", PREDICT, json.dumps(body))
    assert (status, layout(answer)) == (200, written)


def test_rows_of_several_outputs(rest):
    """Objects over several lines, lists on one; keys in any order."""
    body = json.dumps({"signature_name": "label", "instances": [{"text": "a"}, {"text": "bb"}]})
    status, _, answer = rest.ask("POST", PREDICT, body)
    assert status == 200
    lines = layout(answer).splitlines()
    assert lines[:3] == ["{", '    "predictions": [', "        {"]
    assert sorted(line.rstrip(",") for line in lines[3:6]) == [
        '            "label": "positive"',
        '            "probabilities": [N, N, N]',
        '            "score": N',
    ]
    assert lines[6:8] == ["        },", "        {"]
    assert lines[11:] == ["        }", "    ]", "}"]


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_probabilities_are_the_models(rest, form):
    texts = ["a", "bb", "", "caf\u00e9"]
    _, _, answer = rest.ask("POST", PREDICT, json.dumps({form: texts}))
    (rows,) = json.loads(answer).values()
    for row, text in zip(rows, texts, strict=True):
        assert row == pytest.approx(list(expected(text, 3)), abs=1e-6)


def test_classify(rest):
    body = json.dumps({"signature_name": "classify", "examples": [{"text": "a"}, {"text": ["bb"]}]})
    status, _, answer = rest.ask("POST", CLASSIFY, body)
    row = '[["negative", N], ["neutral", N], ["positive", N]]'
    assert (status, layout(answer)) == (200, f'{{\n    "results": [{row}, {row}\n    ]\n}}')
    for pairs, text in zip(json.loads(answer)["results"], ["a", "bb"], strict=True):
        assert [score for _, score in pairs] == pytest.approx(list(expected(text, 3)), abs=1e-6)


def test_an_examples_own_feature_wins_over_the_contexts(rest):
    body = {"signature_name": "classify", "context": {"text": "shared"}}
    _, _, answer = rest.ask(
        "POST", CLASSIFY, json.dumps({**body, "examples": [{"text": "bb"}, {}]})
    )
    for pairs, text in zip(json.loads(answer)["results"], ["bb", "shared"], strict=True):
        assert [score for _, score in pairs] == pytest.approx(list(expected(text, 3)), abs=1e-6)


def test_classify_refuses_a_signature_without_examples(rest):
    status, _, answer = rest.ask("POST", CLASSIFY, b'{"examples": [{"text": "a"}]}')
    assert status == 400
    told = json.loads(answer)["error"]
    assert told.startswith("No classification inputs found in SignatureDef: ")
    # Errors over REST are whole: gRPC's end after 1,024 bytes.
    assert 'method_name: "tensorflow/serving/predict"' in told


def test_a_long_message_is_whole(rest):
    """A refusal repeats what was sent, however long."""
    _, _, answer = rest.ask(
        "POST", PREDICT, json.dumps({"instances": [{"text": "a" * 5000, "x": 1}]})
    )
    assert "does not have named input: x" in json.loads(answer)["error"]
    _, _, answer = rest.ask("POST", PREDICT, json.dumps({"instances": "a" * 5000}))
    assert "a" * 5000 in json.loads(answer)["error"]


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/3", f"{MODEL}/labels/stable"])
def test_metadata(rest, path):
    status, _, answer = rest.ask("GET", f"{path}/metadata")
    told = json.loads(answer)
    assert status == 200
    assert (told["model_spec"]["name"], told["model_spec"]["version"]) == ("tiny", "3")
    signatures = told["metadata"]["signature_def"]["signature_def"]
    assert signatures["classify"]["method_name"] == "tensorflow/serving/classify"
    text = signatures["serving_default"]["inputs"]["text"]
    assert (text["dtype"], text["tensor_shape"]["dim"]) == (
        "DT_STRING",
        [{"size": "-1", "name": ""}],
    )


def test_a_packed_body_is_unpacked(rest):
    body = gzip.compress(b'{"inputs": []}')
    status, _, answer = rest.ask("POST", PREDICT, body, {"Content-Encoding": "gzip"})
    assert (status, answer) == (200, b'{\n    "outputs": []\n}')
