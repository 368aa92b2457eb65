"""`python -m serving.score`: any table in, the same table with answers out, and one sentence for each mistake."""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import length_model
import pyarrow as pa
import pytest
from pyarrow import parquet

from serving.score.__main__ import main
from serving.score.pieces.rows import BATCH

ROOT = Path(__file__).parents[3]
TEXTS = [f"tweet {at} " + "so " * (at % 7) + "\n" * (at % 2) for at in range(BATCH + 300)]


@pytest.fixture
def table(tmp_path):
    """A CSV of two columns, quoted line ends among them."""
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *enumerate(TEXTS)])
    return path


def score(base, *words):
    return main(["--model", str(base), *map(str, words)])


def parts(folder):
    return sorted(folder.glob("part-*"))


def rows_of(folder):
    """Of any format, as dicts in order."""
    found = []
    for part in parts(folder):
        if part.suffix == ".parquet":
            found += parquet.read_table(part).to_pylist()
        elif part.suffix == ".csv":
            with part.open(encoding="utf-8", newline="") as file:
                found += csv.DictReader(file)
        else:
            lines = part.read_text(encoding="utf-8").split("\n")[:-1]
            found += map(json.loads, lines)
    return found


def contents(folder):
    """Every file of it, by its name."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize("name", ["parquet", "csv", "jsonl"])
def test_every_row_has_its_own_answer_in_every_format(name, base, table, tmp_path):
    assert score(base, "--input", table, "--output", tmp_path / "out", "--format", name) == 0
    found = rows_of(tmp_path / "out")
    assert [row["text"] for row in found] == TEXTS
    assert [str(row["id"]) for row in found] == list(map(str, range(len(TEXTS))))
    for row, text in zip(found[::97], TEXTS[::97], strict=True):
        right = length_model.expected(text, 3)
        told = [float(row[f"probability_{label}"]) for label in length_model.LABELS]
        assert told == pytest.approx(right, abs=1e-6)
        assert row["label"] == length_model.LABELS[right.argmax()]
        assert float(row["score"]) == pytest.approx(right.max(), abs=1e-6)
        assert row["known"] in (None, "")  # this model does not tell


def test_it_agrees_with_the_published_model(tiny_run, tiny_model, sample_csv, tmp_path):
    """The project's own export, by the newest version of its folder; `known` is told."""
    words = ("--input", sample_csv, "--output", tmp_path / "out", "--format", "jsonl")
    assert score(tiny_run / "exported", *words, "--keep-columns", "text") == 0
    found = rows_of(tmp_path / "out")
    texts = [row["text"] for row in found]
    right = tiny_model(texts).numpy()
    for row, numbers in zip(found, right, strict=True):
        told = [row[f"probability_{label}"] for label in tiny_model.labels]
        assert told == pytest.approx(numbers.tolist(), abs=2e-6)
        assert 0 <= row["known"] <= 1


def test_pieces_answer_as_the_whole(base, table, tmp_path):
    score(base, "--input", table, "--output", tmp_path / "whole", "--format", "csv")
    score(
        base, "--input", table, "--output", tmp_path / "cut", "--format", "csv", "--piece-mib", 0.01
    )
    assert len(parts(tmp_path / "whole")) == 1
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "cut")


def test_all_kinds_of_file_are_one_table(base, tmp_path):
    """Of columns in any order, packed or not; values of JSON stay what they are."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tsv.gz").write_bytes(gzip.compress(b"text\tid\none\t1\n"))
    (tmp_path / "in" / "b.jsonl").write_text('{"id": 2, "text": "two"}\n\n{"text": "three"}\n')
    parquet.write_table(pa.table({"id": [4], "text": ["four"]}), tmp_path / "in" / "c.parquet")
    (tmp_path / "in" / "_manifest.json").write_text("no table")
    assert (
        score(base, "--input", tmp_path / "in", "--output", tmp_path / "out", "--format", "jsonl")
        == 0
    )
    found = [(row["id"], row["text"]) for row in rows_of(tmp_path / "out")]
    assert found == [("1", "one"), (2, "two"), (None, "three"), (4, "four")]


@pytest.mark.parametrize("name", ["parquet", "csv", "jsonl"])
def test_half_a_surrogate_pair_is_u_fffd(name, base, tmp_path):
    """As in every client; a whole pair is its character, in nested values, too."""
    (tmp_path / "in.jsonl").write_text(
        '{"text": "half \\ud83d", "id": ["\\ude00"]}\n{"text": "\\ud83d\\ude00", "id": "\\ud83d x"}\n'
    )
    words = ("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out", "--format", name)
    assert score(base, *words) == 0
    first, second = rows_of(tmp_path / "out")
    assert (first["text"], second["text"]) == ("half \ufffd", "\U0001f600")
    assert second["id"] == "\ufffd x"
    assert first["id"] == (["\ufffd"] if name == "jsonl" else '["\\ude00"]')
    right = length_model.expected(first["text"], 3)
    told = [float(first[f"probability_{label}"]) for label in length_model.LABELS]
    assert told == pytest.approx(right, abs=1e-6)


def test_columns_of_parquet_keep_their_types(base, tmp_path):
    table = pa.table(
        {"id": pa.array([7, None], pa.int32()), "text": ["a", None], "when": [1.5, 2.5]}
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    words = (
        "--input",
        tmp_path / "in.parquet",
        "--output",
        tmp_path / "out",
        "--keep-columns",
        "when",
        "id",
    )
    assert score(base, *words) == 0
    found = parquet.read_table(parts(tmp_path / "out")[0])
    assert found.schema.field("id").type == pa.int32()
    assert found.column("when").to_pylist() == [1.5, 2.5]
    assert "text" not in found.column_names


def test_row_groups_are_pieces(base, tmp_path):
    table = pa.table({"text": TEXTS})
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=500)
    words = ("--input", tmp_path / "in.parquet", "--output", tmp_path / "out", "--piece-mib", 0.001)
    assert score(base, *words) == 0
    assert [row["text"] for row in rows_of(tmp_path / "out")] == TEXTS
    assert len(parts(tmp_path / "out")) == 5


def test_an_address_of_fsspec_is_read(base, tmp_path):
    import fsspec

    with fsspec.open("memory://tweets/in.csv", "wb") as file:
        file.write(b"text\n" + b"so good\n" * 50)
    words = ("--input", "memory://tweets/*.csv", "--output", tmp_path / "out", "--piece-mib", 0.001)
    assert score(base, *words) == 0
    assert len(rows_of(tmp_path / "out")) == 50


def test_other_encodings_are_read(base, tmp_path):
    """UTF-16 cannot be cut by its bytes, latin-1 can."""
    (tmp_path / "a.csv").write_bytes("text,id\ncafé,1\n".encode("utf-16"))
    (tmp_path / "b.csv").write_bytes("text,id\ncafé,1\n".encode("latin-1"))
    assert score(base, "--input", tmp_path / "a.csv", "--output", tmp_path / "a") == 0
    words = ("--input", tmp_path / "b.csv", "--output", tmp_path / "b", "--encoding", "latin-1")
    assert score(base, *words) == 0
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")
    assert rows_of(tmp_path / "a")[0]["text"] == "café"


def test_rows_that_cannot_be_read_are_told_by_line_and_counted(base, tmp_path, capsys):
    (tmp_path / "in.csv").write_bytes(b'text,id\nfine,1\na,b,c\n"two\nlines",2\n"open,3\nlast,4\n')
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "x", "id": 5}\n[1]\n{"text"\n{"id": 6}\n')
    words = ("--input", tmp_path / "in.csv", tmp_path / "in.jsonl", "--output", tmp_path / "out")
    assert score(base, *words) == 0
    assert [row["id"] for row in rows_of(tmp_path / "out")] == ["1", "2", "4", "5", "6"]
    lines = (tmp_path / "out" / "_rejects.jsonl").read_text().splitlines()
    told = [(row["input"], row["line"]) for row in map(json.loads, lines)]
    assert told == [("in.csv", 3), ("in.csv", 6), ("in.jsonl", 2), ("in.jsonl", 3)]
    assert "5 rows" in (said := capsys.readouterr().err)
    assert "4 could not be read" in said
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    assert (manifest["rows"], manifest["rejects"], manifest["complete"]) == (5, 4, True)


def test_again_there_is_nothing_to_do(base, table, tmp_path, capsys):
    words = ("--input", table, "--output", tmp_path / "out", "--piece-mib", 0.01)
    assert score(base, *words) == 0
    before = contents(tmp_path / "out")
    assert score(base, *words) == 0
    assert contents(tmp_path / "out") == before
    assert "Nothing to do" in capsys.readouterr().err


def test_what_is_missing_is_done_and_no_more(base, table, tmp_path):
    """And what a killed process has left half written goes."""
    out = tmp_path / "out"
    words = ("--input", table, "--output", out, "--piece-mib", 0.01)
    score(base, *words)
    before = contents(out)
    first, second, third = parts(out)[:3]
    kept = third.stat().st_mtime_ns
    first.unlink()
    (out / "_progress" / f"{second.stem}.json").unlink()
    (out / ".part-00001.parquet.0123.tmp").write_bytes(b"half")
    assert score(base, *words) == 0
    assert contents(out) == before
    assert third.stat().st_mtime_ns == kept


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--format", "csv"], "other settings; choose another folder, or take away this one"),
        (["--keep-columns", "id"], "keep_columns"),
        (["--piece-mib", "2"], "piece_mib"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_other_settings_are_refused(change, sentence, base, table, capsys):
    tmp_path = table.parent
    words = ("--input", table, "--output", tmp_path / "out")
    score(base, *words)
    before = contents(tmp_path / "out")
    assert score(base, *words, *change) == 2
    assert sentence in capsys.readouterr().err
    assert contents(tmp_path / "out") == before


def test_another_model_and_another_input_are_refused(base, saved_models, table, tmp_path, capsys):
    words = ("--input", table, "--output", tmp_path / "out")
    score(base, *words)
    newer = tmp_path / "models"
    shutil.copytree(base, newer)
    (newer / "3").rename(newer / "9")
    assert score(newer, *words) == 0  # a copy is the same model
    (newer / "9").rename(newer / "3")
    saved_models.publish(4, newer)
    assert score(newer, *words) == 2
    assert "holds answers of another model" in capsys.readouterr().err
    with table.open("a") as file:
        file.write("9,one more\n")
    assert score(base, *words) == 2
    assert "holds answers of other files" in capsys.readouterr().err


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """The folder of this process."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--input", "no.csv"], "Received: --input="),
        (["--input", "*.none"], "(no such files)"),
        (["--input", "in.csv", "--text-column", "tweet"], "name it by --text-column"),
        (["--input", "in.csv", "--keep-columns", "date"], "and not one date"),
        (["--input", "in.csv", "labelled.csv"], "must have the columns of the first"),
        (["--input", "labelled.csv"], "has a column label already"),
        (["--input", "in.csv", "--model", "none"], "folder of such versions"),
        (["--input", "in.csv", "--output", "full"], "which holds file"),
        (["--input", "cut.csv.gz"], "packed file must be whole"),
        (["--input", "cut.parquet"], "must be a whole Parquet file"),
        (["--input", "nowhere://x/y.csv"], "Received: --input=nowhere://x/y.csv"),
        (["--input", "labelled.csv", "--columns", "text,text"], "must be different names"),
        (["--input", "in.csv", "--output", "s3://bucket/out"], "must be a folder of a file system"),
        (["--input", "in.csv", "--workers", "2"], "--workers goes with --engine ray"),
        (["--input", "in.csv", "--piece-mib", "0"], "must be from 0.001"),
        (["--input", "in.csv", "--formt", "csv"], "did you mean --format?"),
        (["--output", "x"], "the following arguments are required: --input"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)  # fmt: skip
def test_a_mistake_is_one_sentence(words, sentence, base, empty, capsys):
    Path("in.csv").write_text("id,text\n1,so good\n")
    Path("labelled.csv").write_text("text,label\nso good,yes\n")
    Path("cut.csv.gz").write_bytes(
        gzip.compress(b"text\n" + os.urandom(9000).hex().encode())[:4000]
    )
    Path("cut.parquet").write_bytes(b"PAR1 and no more")
    Path("full").mkdir()
    Path("full/file").touch()
    words = ["--model", str(base), "--output", "out", *words]
    try:
        code = main(words)
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr().err
    assert code == 2
    assert sentence in said
    assert said.count("\n") <= 1 or "cut.csv.gz" in words
    assert not list(Path().glob("out/part-*"))


def test_two_at_once_are_refused(base, table, tmp_path, capsys):
    from serving.score.folder import OutputFolder

    words = ("--input", table, "--output", tmp_path / "out")
    score(base, *words)
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    other = OutputFolder(tmp_path / "out", "parquet")
    other.begin(manifest, [])
    assert score(base, *words) == 2
    other.release()
    assert "one process at work" in capsys.readouterr().err


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "serving.score", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_piped_it_tells_plain_lines(base, table, tmp_path):
    """Nothing of TensorFlow's, no bar, no colours."""
    ended = run("--model", base, "--input", table, "--output", tmp_path / "out")
    assert ended.returncode == 0
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert "a second" in lines[0]
    assert lines[-1] == f"Wrote {len(TEXTS):,} rows to {tmp_path / 'out'}"
    assert all(line.isprintable() for line in lines)


@pytest.mark.slow
def test_a_file_that_never_answers_ends_in_a_sentence(base, tmp_path):
    """`--stall-timeout`: the model hangs, as a disk or a network may."""
    shutil.copytree(base / "3", tmp_path / "3")
    swap_signature(tmp_path / "3" / "saved_model.pb")
    (tmp_path / "in.csv").write_text("text\nso good\n")
    words = ("--input", tmp_path / "in.csv", "--output", tmp_path / "out", "--stall-timeout", 10)
    began_at = time.monotonic()
    ended = run("--model", tmp_path / "3", *words)
    assert time.monotonic() - began_at < 60
    assert ended.returncode == 1
    assert (
        "No progress in 10 seconds (--stall-timeout), while waiting for the model's answers"
        in ended.stderr
    )
    assert not list((tmp_path / "out").glob(".*"))


def swap_signature(file):
    """The signature that never answers in place of `label`."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    signatures = saved.meta_graphs[0].signature_def
    signatures["label"].CopyFrom(signatures["hang"])
    # What TensorFlow 2 loads is the object graph's: the map of signatures there.
    for node in saved.meta_graphs[0].object_graph_def.nodes:
        children = {child.local_name: child for child in node.children}
        if {"label", "hang", "classify"} <= set(
            children
        ) and node.user_object.identifier == "signature_map":
            children["label"].node_id = children["hang"].node_id
    file.write_bytes(saved.SerializeToString())
