"""The Node.js example: a runtime that could not preprocess gets the numbers that Python gets."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from labelled_model import publish
from length_model import expected
from raw_texts import (
    BYTES,
    HALVES,
    TEXTS,
    assert_same,
    assert_telling,
    predict_bytes,
    publish_and_wait,
)
from tensorflow_serving.apis import predict_pb2

from serving import messages
from serving.client import SentimentClient, codec
from serving.client.target import Target

pytestmark = pytest.mark.slow  # npm fetches two packages and what they need

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "serving" / "examples"

ASK = """
const { connect } = require("./sentiment");
const { address, modelName, texts } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const client = connect(address, { modelName, timeoutS: 30 });
client
  .predict(texts.map((text) => (text.base64 === undefined ? text : Buffer.from(text.base64, "base64"))))
  .then((results) => console.log(JSON.stringify(results)))
  .finally(() => client.close());
"""


def missing(reason):
    """A laptop may be without Node.js; CI may not."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The example as a developer has it: copied away from here, with its packages installed."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            missing(f"{tool} is not on the PATH")
    folder = tmp_path_factory.mktemp("examples") / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        missing(f"npm install failed: {result.stderr}")
    return folder


def node(folder, *words, stdin=None):
    command = [shutil.which("node"), *words]
    return subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )


def ask(folder, address, texts, model_name="tweet_sentiment"):
    """Results of the example's `predict`; bytes travel to it in base64, strings as JSON escapes."""
    sent = [
        {"base64": base64.b64encode(text).decode()} if isinstance(text, bytes) else text
        for text in texts
    ]
    question = json.dumps({"address": address, "modelName": model_name, "texts": sent})
    result = node(folder, "-e", ASK, stdin=question)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def tuples(results):
    return [(one["label"], one["score"], one["known"], one["probabilities"]) for one in results]


def test_strings_get_the_numbers_that_python_gets(example, exported_address):
    with SentimentClient(exported_address) as client:
        predictions = client.predict(TEXTS + HALVES, timeout_s=30)
    assert_telling(predictions)
    assert_same(tuples(ask(example, exported_address, TEXTS + HALVES)), predictions)


def test_bytes_get_the_numbers_that_python_gets(example, exported_address):
    predictions = predict_bytes(exported_address, "tweet_sentiment", BYTES)
    assert_telling(predictions)
    assert_same(tuples(ask(example, exported_address, BYTES)), predictions)


SWAP = """
const { connect } = require("./sentiment");
const { address, texts } = JSON.parse(process.argv[1]);
const client = connect(address, { modelName: "tiny", timeoutS: 30 });
const ask = async () => {
  // At once, so that they share what is learned.
  const answers = await Promise.all(Array.from({ length: 40 }, () => client.predict(texts)));
  console.log(JSON.stringify(answers));
};
require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", ask)
  .on("close", () => client.close());
"""
CLASSES = {
    1: ("negative", "neutral", "positive"),
    2: ("positive", "neutral", "negative"),
    3: ("anger", "joy", "optimism", "sadness", "surprise"),
    4: ("no", "yes"),
}


def test_the_names_are_those_of_the_version_that_answers(example, start, tmp_path):
    """One client for its whole life, with forty calls at once to each of four versions."""
    (tmp_path / "tiny").mkdir()
    running = start(tmp_path / "tiny")
    texts = ["", "k", "kk x", "kkk", "so sad"]
    words = [shutil.which("node"), "-e", SWAP]
    words.append(json.dumps({"address": running.address, "texts": texts}))
    with subprocess.Popen(
        words, cwd=example, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for version, labels in CLASSES.items():
            publish_and_wait(tmp_path / "tiny", version, labels, running)
            print("go", file=process.stdin, flush=True)
            answers = json.loads(process.stdout.readline())
            with SentimentClient(running.address, model_name="tiny") as client:
                right = client.predict(texts)
            assert [one.known for one in right] == [0, 1, 0.5, 1, 0]
            assert tuple(right[0].probabilities) == labels
            for answer in answers:
                assert_same(tuples(answer), right)
        process.stdin.close()


def test_a_version_without_the_signature_label_answers(example, start, tmp_path):
    """As older ones: all but `known` is there."""
    (tmp_path / "tiny").mkdir()
    publish(tmp_path / "tiny", 1, CLASSES[3], plain=True)
    found = ask(example, start(tmp_path / "tiny").address, ["k", "kk x"], "tiny")
    assert [one["known"] for one in found] == [None, None]
    assert [one["label"] for one in found] == ["joy", "surprise"]


def test_half_a_surrogate_pair_is_the_replacement_character(example, exported_address):
    values = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in HALVES]
    assert all("\N{REPLACEMENT CHARACTER}" in value for value in values)
    predictions = predict_bytes(exported_address, "tweet_sentiment", [v.encode() for v in values])
    assert_same(tuples(ask(example, exported_address, HALVES)), predictions)


def test_every_byte_arrives(example, server):
    """This model counts bytes."""
    texts = [text for text in TEXTS if len(text) < 1000]
    for text, result in zip(texts, ask(example, server.address, texts, "tiny"), strict=True):
        assert list(result["probabilities"].values()) == pytest.approx(expected(text, 3), abs=1e-6)


@pytest.fixture
def recorder():
    """An address, and the bytes of each request for Predict that came there."""
    requests = []

    def predict(request, _):
        requests.append(request)
        texts = messages.PredictRequest.FromString(request).inputs["text"].string_val
        answer = messages.PredictResponse()
        answer.model_spec.version.value = 3
        answer.outputs["probabilities"].float_val.extend([0.25, 0.5, 0.25] * len(texts))
        return answer.SerializeToString()

    def classify(*_):
        answer = messages.ClassificationResponse()
        answer.model_spec.version.value = 3
        classes = answer.result.classifications.add().classes
        for label in ("negative", "neutral", "positive"):
            classes.add(label=label)
        return answer.SerializeToString()

    handlers = {
        "Predict": grpc.unary_unary_rpc_method_handler(predict),
        "Classify": grpc.unary_unary_rpc_method_handler(classify),
    }
    service = grpc.method_handlers_generic_handler(messages.PREDICTION_SERVICE, handlers)
    running = grpc.server(futures.ThreadPoolExecutor(1))
    running.add_generic_rpc_handlers((service,))
    port = running.add_insecure_port("localhost:0")
    running.start()
    yield f"localhost:{port}", requests
    running.stop(0).wait()


def test_its_request_is_the_python_clients(example, recorder):
    """Read by the official message class; nothing is cleaned, trimmed or put into lower case."""
    address, requests = recorder
    assert len(ask(example, address, TEXTS + HALVES)) == len(TEXTS + HALVES)
    (request,) = requests
    target = Target(address, "tweet_sentiment", signature_name="label")
    ours = codec.predict_request(target, TEXTS + HALVES)
    official = predict_pb2.PredictRequest
    assert official.FromString(request) == official.FromString(ours.SerializeToString())


def test_no_texts_no_results(example, exported_address):
    assert ask(example, exported_address, []) == []


def test_a_string_in_place_of_a_list_is_refused(example):
    program = 'require("./sentiment").connect("localhost:1").predict("a").catch((e) => console.log(`${e}`))'
    result = node(example, "-e", program)
    assert result.stdout == "TypeError: pass an array of texts, received string\n"


def test_the_command(example, exported_address):
    words = ["so sad :(", "two\nlines \N{GRINNING FACE}", "--address", exported_address]
    result = node(example, "predict.js", *words)
    assert (result.returncode, result.stderr) == (0, "")
    with SentimentClient(exported_address) as client:
        predictions = client.predict(["so sad :(", "two\nlines \N{GRINNING FACE}"])
    shown = ["so sad :(", "two lines \N{GRINNING FACE}"]
    assert result.stdout.splitlines() == [
        f"{one.label}\t{one.score:.4f}\t{text}"
        for one, text in zip(predictions, shown, strict=True)
    ]
    objects = map(json.loads, node(example, "predict.js", "--json", *words).stdout.splitlines())
    assert_same(tuples(objects), predictions)


def test_reasons_are_those_that_python_gets(example, exported_address):
    texts = ["so sad :(", "", "never unheardof"]
    words = ["--explain", *texts, "--address", exported_address]
    with SentimentClient(exported_address) as client:
        explanations = client.explain(texts)
    result = node(example, "predict.js", "--json", *words)
    assert (result.returncode, result.stderr) == (0, "")
    for text, found, right in zip(
        texts, map(json.loads, result.stdout.splitlines()), explanations, strict=True
    ):
        expected = right.to_dict()
        assert (found["text"], found["label"]) == (text, expected["label"])
        assert found["known"] == pytest.approx(expected["known"])
        for word, wanted in zip(found["words"], expected["words"], strict=True):
            assert (word["text"], word["known"]) == (wanted["text"], wanted["known"])
            assert word["effects"] == pytest.approx(wanted["effects"], abs=1e-6)
    lines = node(example, "predict.js", *words).stdout.splitlines()
    label = explanations[0].prediction.label
    assert lines[0].split("\t")[2:] == [
        f"{word.text} {word.effects[label]:+.4f}" for word in explanations[0].words
    ]


def test_a_version_without_reasons_says_so(example, server):
    words = ["a", "--explain", "--address", server.address, "--model-name", "tiny"]
    result = node(example, "predict.js", *words)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith('predict.js: this version has no signature "explain"')


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give at least one text."),
        (["a", "--nonsense"], "Unknown option '--nonsense'."),
        (["a", "--timeout-s", "soon"], "--timeout-s must be more than 0, received 'soon'."),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(example, words, sentence):
    result = node(example, "predict.js", *words)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"predict.js: {sentence}")


def test_a_refusal_is_one_sentence_and_1(example, exported_address):
    cases = {
        ("a", "--address", "localhost:1"): (
            "no server answers at localhost:1: check the address, and that a server runs there."
        ),
        ("a", "--address", exported_address, "--model-name", "mood"): (
            f'{exported_address} serves no model "mood": check --model-name'
            " (Servable not found for request: Latest(mood))."
        ),
        ("a", "--address", ""): 'Could not parse target name "".',
    }
    for words, sentence in cases.items():
        result = node(example, "predict.js", *words)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"predict.js: {sentence}\n"


def test_who_never_answers_is_given_up(example):
    with socket.create_server(("localhost", 0)) as silent:
        address = f"localhost:{silent.getsockname()[1]}"
        result = node(example, "predict.js", "a", "--address", address, "--timeout-s", "0.5")
    assert (result.returncode, result.stdout) == (1, "")
    sentence = f"no answer from {address} within 0.5 s: allow more by --timeout-s."
    assert result.stderr == f"predict.js: {sentence}\n"


def snippets(file):
    return re.findall(r"```js\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)


def test_the_snippet_of_the_readme_runs(example, exported_address):
    (snippet,) = snippets(EXAMPLES / "README.md")
    assert "localhost:8500" in snippet
    program = example / "snippet.mjs"
    program.write_text(snippet.replace("localhost:8500", exported_address), encoding="utf-8")
    result = node(example, program.name)
    assert (result.returncode, result.stderr) == (0, "")
    with SentimentClient(exported_address) as client:
        (right,) = client.predict(["I love it"])
    label, score = result.stdout.split()
    assert (label, float(score)) == (right.label, pytest.approx(right.score, abs=1e-6))


def test_the_first_readme_shows_the_same_snippet():
    (snippet,) = snippets(EXAMPLES / "README.md")
    assert set(snippets(ROOT / "README.md")) <= {snippet}
