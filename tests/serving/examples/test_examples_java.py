"""The Java example, compiled and run where Debian's packages for it are installed."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path

import labelled_model
import pytest
from raw_texts import BYTES, HALVES, TEXTS, assert_same, predict_bytes, publish_and_wait

from serving.client import SentimentClient

pytestmark = pytest.mark.slow  # javac takes ten seconds

EXAMPLE = Path(__file__).parents[3] / "serving" / "examples" / "java"
TOOLS = ("java", "javac", "protoc", "grpc_java_plugin")
JARS = [
    Path("/usr/share/java", f"{name}.jar")
    for name in ("grpc-netty", "perfmark-api", "geronimo-annotation-1.3-spec")
]

ASK = """
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;

/** A line of standard input is a text: UTF-16 of a string, or bytes, in base64. */
class Ask {
    public static void main(String[] words) throws Exception {
        var lines = new String(System.in.readAllBytes()).lines().map(Base64.getDecoder()::decode);
        try (var client = new SentimentClient(words[0], words[2], Duration.ofSeconds(30))) {
            var results = words[1].equals("bytes")
                    ? client.predictBytes(lines.map(ByteString::copyFrom).toList())
                    : client.predict(lines.map(b -> ByteBuffer.wrap(b).asCharBuffer().toString()).toList());
            for (var one : results) {
                var shown = one.label() + "\\t" + one.score() + "\\t" + one.known();
                for (var each : one.probabilities().entrySet()) {
                    shown += "\\t" + each.getKey() + "\\t" + each.getValue();
                }
                System.out.println(shown);
            }
        }
    }
}
"""


SWAP = """
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Scanner;

/** Asks anew for each line of standard input, from one client and many threads. */
class Swap {
    public static void main(String[] words) throws Exception {
        var texts = List.of("", "k", "kk x", "kkk", "so sad");
        try (var client = new SentimentClient(words[0], "tiny", Duration.ofSeconds(30))) {
            var lines = new Scanner(System.in);
            while (lines.hasNextLine()) {
                lines.nextLine();
                var answers = Collections.nCopies(40, texts).parallelStream().map(client::predict).toList();
                System.out.println(answers.stream().distinct().toList());
            }
        }
    }
}
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example copied away from here and compiled by its own script."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    missing += [str(jar) for jar in JARS if not jar.exists()]
    if missing:
        pytest.skip(f"serving/examples/java/build.sh tells what to install; missing: {missing}")
    folder = tmp_path_factory.mktemp("examples") / "java"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build"))
    result = subprocess.run([folder / "build.sh"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    (folder / "Ask.java").write_text(ASK, encoding="utf-8")
    (folder / "Swap.java").write_text(SWAP, encoding="utf-8")
    return folder


def java(folder, *words, stdin=""):
    classpath = (folder / "build" / "classpath").read_text(encoding="utf-8").strip()
    return subprocess.run(
        [shutil.which("java"), "-cp", classpath, *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        # Java reads its arguments in the locale's encoding.
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )


def ask(folder, address, texts, kind, model_name="tweet_sentiment"):
    """(label, score, known, probabilities) for each text."""
    values = texts if kind == "bytes" else [t.encode("utf-16-be", "surrogatepass") for t in texts]
    stdin = "".join(base64.b64encode(value).decode() + "\n" for value in values)
    result = java(folder, "Ask.java", address, kind, model_name, stdin=stdin)
    assert (result.returncode, result.stderr) == (0, "")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [
        (
            label,
            float(score),
            None if known == "null" else float(known),
            dict(zip(rest[::2], map(float, rest[1::2]), strict=True)),
        )
        for label, score, known, *rest in rows
    ]


def test_strings_get_the_numbers_that_python_gets(example, exported_address):
    with SentimentClient(exported_address) as client:
        predictions = client.predict(TEXTS + HALVES, timeout_s=30)
    assert_same(ask(example, exported_address, TEXTS + HALVES, "strings"), predictions)


def test_bytes_get_the_numbers_that_python_gets(example, exported_address):
    predictions = predict_bytes(exported_address, "tweet_sentiment", BYTES)
    assert_same(ask(example, exported_address, BYTES, "bytes"), predictions)


def test_reasons_are_those_that_python_gets(example, exported_address):
    texts = ["so sad :(", "", "never unheardof"]
    with SentimentClient(exported_address) as client:
        explanations = client.explain(texts)
    result = java(example, "Predict", exported_address, "--explain", *texts)
    assert (result.returncode, result.stderr) == (0, "")
    for line, right in zip(result.stdout.splitlines(), explanations, strict=True):
        label, score, *words = line.split("\t")
        assert (label, float(score)) == (
            right.prediction.label,
            pytest.approx(right.prediction.score, abs=1e-4),
        )
        assert words == [f"{word.text} {word.effects[label]:+.4f}" for word in right.words]


def test_the_names_are_those_of_the_version_that_answers(example, start, tmp_path):
    """One client for its whole life, forty calls to each of three versions; all forty answers are equal."""
    (tmp_path / "tiny").mkdir()
    running = start(tmp_path / "tiny")
    classpath = (example / "build" / "classpath").read_text(encoding="utf-8").strip()
    words = [shutil.which("java"), "-cp", classpath, "Swap.java", running.address]
    with subprocess.Popen(
        words, cwd=example, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for version, labels in ((1, ("no", "so", "yes")), (2, ("yes", "so", "no")), (3, "abcde")):
            publish_and_wait(tmp_path / "tiny", version, tuple(labels), running)
            print("go", file=process.stdin, flush=True)
            answers = process.stdout.readline()
            found = re.findall(r"label=(\w+), score=([\d.]+), known=([\d.]+)", answers)
            assert len(found) == 5
            for length, (label, score, _) in zip((0, 1, 4, 3, 6), found, strict=True):
                assert label == labels[length % len(labels)]
                assert float(score) == pytest.approx(labelled_model.score(version), abs=1e-6)
            assert [float(known) for *_, known in found] == [0, 1, 0.5, 1, 0]
            assert re.findall(r"(\w+)=0[.]\d+,", answers.split("{")[1].split("}")[0] + ",") == list(
                labels
            )
        process.stdin.close()


def test_a_version_without_the_signature_label_answers(example, start, tmp_path):
    """As older ones: all but `known` is there."""
    (tmp_path / "tiny").mkdir()
    labelled_model.publish(tmp_path / "tiny", 1, ("no", "yes"), plain=True)
    found = ask(example, start(tmp_path / "tiny").address, ["k", "kk"], "strings", "tiny")
    assert [(label, known) for label, _, known, _ in found] == [("yes", None), ("no", None)]


def test_the_command(example, exported_address):
    texts = ["so sad :(", "two\nlines \N{GRINNING FACE}"]
    result = java(example, "Predict", exported_address, *texts)
    assert (result.returncode, result.stderr) == (0, "")
    with SentimentClient(exported_address) as client:
        predictions = client.predict(texts)
    lines = [f"{one.label}\t{one.score:.4f}" for one in predictions]
    assert result.stdout.splitlines() == lines


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["localhost:1"], 2, "give an address and at least one text. Usage: "),
        (["localhost:1", "a"], 1, "no server answers at localhost:1: check the address, and that"),
    ],
)
def test_what_goes_wrong_is_one_sentence(example, words, code, sentence):
    result = java(example, "Predict", *words)
    assert (result.returncode, result.stdout) == (code, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Predict: {sentence}")


def test_another_model_is_one_sentence(example, server):
    """The tests' other server has no `tweet_sentiment`."""
    result = java(example, "Predict", server.address, "a")
    assert (result.returncode, result.stdout) == (1, "")
    details = "Servable not found for request: Latest(tweet_sentiment)"
    assert result.stderr == (
        f'Predict: {server.address} serves no model "tweet_sentiment" ({details}).\n'
    )
