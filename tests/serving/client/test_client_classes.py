"""The command with a model of other classes: columns, the best few, and tables that mix no versions."""

import csv
import json
import threading

import pytest
from client_tables import class_names, names
from labelled_model import publish
from long_tables import written
from waiting import wait_for

from serving import messages
from serving.client import __main__ as cli

CLASSES = ('so, "so"', "joy", "two\nlines", "anger", "fear")


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """A base path with a model of five classes."""
    base = tmp_path_factory.mktemp("five") / "tiny"
    base.mkdir()
    publish(base, 1, CLASSES)
    return base


@pytest.fixture
def run(five, start, here, capsys):
    """A function that runs the command here, against that model; gives exit code, output and errors."""
    address = start(five).address
    (here / "in.csv").write_text("id,text\n1,k\n2,kk x\n3,\n")

    def command(*words):
        try:
            code = cli.main([*words, "--address", address, "--model-name", "tiny"])
        except SystemExit as exit_:
            code = exit_.code
        return code, *capsys.readouterr()

    return command


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_column_for_each_class(run, here):
    assert run("--csv", "in.csv", "--out", "r.csv")[0] == 0
    header, *found = rows(here / "r.csv")
    added = ["label", "score", "known", *(f"probability_{name}" for name in CLASSES)]
    assert header == ["id", "text", *added]
    assert [row[2] for row in found] == ["joy", "fear", 'so, "so"']
    assert [row[4] for row in found] == ["1.000000", "0.500000", "0.000000"]
    for row in found:
        assert row[5 + CLASSES.index(row[2])] == row[3]


def test_the_best_few(run, here):
    """A row tells its own, the best first."""
    assert run("--csv", "in.csv", "--out", "r.csv", "--top", "2")[0] == 0
    header, first, *_ = rows(here / "r.csv")
    assert header == ["id", "text", "label", "score", "known", "label_2", "score_2"]
    assert first == ["1", "k", "joy", "0.751000", "1.000000", 'so, "so"', "0.062250"]
    assert run("--csv", "in.csv", "--out", "all.csv", "--top", "99")[0] == 0
    assert rows(here / "all.csv")[0][-1] == "score_5"


def test_lines_and_json(run):
    assert run("k") == (0, "joy\t0.7510\tk\n", "")
    assert run("k", "--top", "2") == (0, 'joy\t0.7510\tso, "so"\t0.0623\tk\n', "")
    found = json.loads(run("k x", "--json")[1])
    assert (found["known"], list(found["probabilities"])) == (0.5, list(CLASSES))
    found = json.loads(run("k", "--json", "--top", "2")[1])
    assert list(found["probabilities"]) == ["joy", 'so, "so"']


@pytest.mark.parametrize("word", ["0", "-1", "two", "1.5", ""])
def test_the_number_of_the_best_is_one(run, word):
    code, out, err = run("k", f"--top={word}")
    assert (code, out) == (2, "")
    assert f"Received: --top={word}" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["--top", "3"]], ids=["all", "three"])
def test_a_job_goes_on_wherever_it_was_cut(run, here, words):
    """Names of classes hold what a CSV file must quote."""
    words = ["--csv", "in.csv", "--out", "r.csv", *words]
    assert run(*words)[0] == 0
    whole = (here / "r.csv").read_bytes()
    for end in range(0, len(whole), 7):
        (here / "r.csv").unlink()
        (here / "r.csv.unfinished").write_bytes(whole[:end])
        code, _, err = run(*words, "--resume")
        assert code == 0, err
        assert (here / "r.csv").read_bytes() == whole


@pytest.mark.parametrize("column", ["label", "known", "probability_joy"])
def test_a_column_of_that_name(run, here, column):
    (here / "in.csv").write_text(f"text,{column}\na,b\n")
    code, _, err = run("--csv", "in.csv", "--out", "r.csv")
    assert code == 2
    assert f'a column "{column}" already' in err
    assert names(here) == ["in.csv"]


class TestAVersionWithOtherClasses:
    """It comes to answer while a table is written: a table holds one version's classes."""

    def test_it_ends_the_job(self, answering, here, capsys):
        """The rows before are kept, as they are the table's."""
        (here / "in.csv").write_text("text\n" + "a\n" * 9000)
        labels = {3: ("negative", "neutral", "positive"), 4: tuple("abcdefg")}
        calls = []

        def predict(request, _):
            calls.append(1)
            version = 3 if len(calls) <= 10 else 4
            texts = messages.PredictRequest.FromString(request).inputs["text"].string_val
            return scores(version, len(texts), len(labels[version]))

        def classify(request, _):
            asked = messages.ClassificationRequest.FromString(request).model_spec.version.value
            return class_names(labels[asked or 3], asked or 3)

        address = answering(Predict=predict, Classify=classify)
        words = ["--csv", "in.csv", "--out", "r.csv", "--address", address]
        assert cli.main(words) == 1
        sentence, kept = capsys.readouterr().err.splitlines()
        assert (
            "A version with the classes a, b, c, d, e and 2 more has come to answer, and the table's are"
            " negative, neutral, positive: choose a version of these with --version" in sentence
        )
        assert "4,096 rows are kept" in kept
        found = rows(here / "r.csv.unfinished")
        assert len(found) == 4097
        assert all(len(row) == 7 for row in found)

    def test_amid_a_job_over_a_real_server(self, start, tmp_path, here, capsys):
        """Whatever the moment: each table is whole with one version's names, or the job says why not."""
        base = tmp_path / "tiny"
        base.mkdir()
        publish(base, 1, ("negative", "neutral", "positive"))
        running = start(base)
        (here / "in.csv").write_text("text\n" + "k\nkk\n" * 20_000)
        words = ["--csv", "in.csv", "--out", "r.csv", "--address", running.address]

        def swap():
            wait_for(lambda: written(here / "r.csv.unfinished") > 100_000)
            publish(base, 2, CLASSES)

        swapping = threading.Thread(target=swap)
        swapping.start()
        code = cli.main([*words, "--model-name", "tiny", "--max-batch-size", "20"])
        swapping.join()
        err = capsys.readouterr().err
        assert code == 1, err
        assert "has come to answer, and the table's are negative, neutral, positive" in err
        header, *found = rows(here / "r.csv.unfinished")
        assert header[-1] == "probability_positive"
        assert {tuple(row[:2]) for row in found} == {("k", "neutral"), ("kk", "positive")}


def scores(version, count, classes):
    """An answer in bytes."""
    response = messages.PredictResponse()
    response.model_spec.version.value = version
    tensor = response.outputs["probabilities"]
    tensor.dtype = messages.DataType.FLOAT
    for size in (count, classes):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.extend([1 / classes] * count * classes)
    return response.SerializeToString()
