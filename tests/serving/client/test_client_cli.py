"""`python -m serving.client`: what it prints, and its exit codes."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from imported import HEAVY, packages_imported_by
from length_model import expected
from terminals import on_a_terminal

from serving.client import __main__ as cli
from serving.progress import Progress


def score(text):
    return f"{max(expected(text, 3)):.4f}"


def test_texts_are_answered_a_line_each(ask):
    assert ask("some tweet", "two\nlines") == (
        0,
        f"positive\t{score('some tweet')}\tsome tweet\npositive\t{score('two lines')}\ttwo lines\n",
        "",
    )


def test_json(ask):
    code, out, _ = ask("--json", "emoji \N{GRINNING FACE}", "b")
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert first["text"] == "emoji \N{GRINNING FACE}"
    assert second["label"] == "positive"
    assert list(second["probabilities"]) == ["negative", "neutral", "positive"]
    assert second["score"] == second["probabilities"]["positive"]


def test_json_of_bytes_that_are_no_utf8(ask):
    """The text as it was sent: the server got U+FFFD."""
    code, out, _ = ask("--json", "caf\udce9")
    assert (code, json.loads(out)["text"]) == (0, "caf\ufffd")


def test_answers_come_while_texts_come(command):
    """A stream that never ends is answered piece by piece, in memory that does not grow."""
    pipeline = f"yes a | {shlex.join(command('-'))} | head -10000"
    with subprocess.Popen(["/bin/sh", "-c", pipeline], stdout=subprocess.PIPE) as job:
        assert len(job.stdout.readlines()) == 10_000
        assert job.wait(30) == 0


def test_a_file_a_text_a_line(ask, tmp_path):
    file = tmp_path / "tweets.txt"
    file.write_bytes(b"\xef\xbb\xbffirst\r\n\nbytes \xff\nlast")
    code, out, _ = ask("--file", str(file))
    assert code == 0
    assert [line.split("\t")[2] for line in out.splitlines()] == [
        "first",
        "",
        "bytes \ufffd",
        "last",
    ]


def test_standard_input(ask, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    code, out, _ = ask("-")
    assert code == 0
    assert [line.split("\t")[2] for line in out.splitlines()] == ["one", "two"]


def test_csv(ask, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b'id,text,note\n1,"a, quoted\ntext",x\n2,\xff bytes\n\n3,,z\n')
    code, out, err = ask("--csv", str(source), "--out", str(target))
    assert (code, out, err) == (0, "", f"Wrote 3 rows to {target}\n")
    with target.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["text"] == "a, quoted\ntext"
    assert rows[1]["text"].encode("utf-8", "surrogateescape") == b"\xff bytes"
    assert rows[1]["note"] == ""
    assert rows[2]["label"] == "positive"
    assert float(rows[2]["probability_positive"]) == pytest.approx(expected("", 3)[2], abs=1e-6)
    assert rows[2]["score"] == rows[2]["probability_positive"]
    assert not list(tmp_path.glob("*.part"))


def test_csv_takes_another_column_and_any_number_of_rows(ask, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("tweet\n" + "".join(f"{'x' * (i % 50)}.\n" for i in range(5000)))
    assert ask("--csv", str(source), "--out", str(target), "--text-column", "tweet")[0] == 0
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5000
    for row in rows[::499]:
        assert float(row["probability_neutral"]) == pytest.approx(
            expected(row["tweet"], 3)[1], abs=1e-6
        )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("id,tweet\n", "--text-column=text, columns: id, tweet"),
        ("", "--text-column=text, columns: nothing"),
    ],
)
def test_csv_without_the_column(ask, tmp_path, content, sentence):
    (tmp_path / "in.csv").write_text(content)
    code, _, err = ask("--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))
    assert code == 2
    assert sentence in err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_status_and_metadata(ask):
    code, out, _ = ask("--status")
    assert (code, json.loads(out)) == (0, {"version": 3, "state": "AVAILABLE", "error": ""})
    code, out, _ = ask("--metadata")
    assert code == 0
    assert "serving_default" in json.loads(out)["signatures"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give either texts, --file, --csv, --status or --metadata"),
        (["a", "--status"], "give either texts"),
        (["--csv", "a.csv"], "--csv needs --out"),
        (["-", "a"], "- for standard input stands alone"),
        (["a", "--timeout-s", "0"], "timeout_s=0.0"),
        (["a", "--timeout-s", "inf"], "timeout_s=inf"),
        (["a", "--timeout-s", "nan"], "timeout_s=nan"),
        (["a", "--timeout-s", "1e300"], "timeout_s=1e+300"),
        (["a", "--timeout-s", "soon"], "argument --timeout-s: invalid float value: 'soon'"),
        (["a", "--retry-for", "-1"], "Received: --retry-for=-1"),
        (["a", "--retry-for", "inf"], "Received: --retry-for=inf"),
        (["a", "--max-batch-size", "0"], "Received: max_batch_size=0"),
        (["a", "--version", "-1"], "Received: version=-1"),
        (["a", "--version", str(2**63)], f"Received: version={2**63}"),
        (["a", "--signature-name", "caf\udce9"], "Received: signature_name='caf\\udce9'"),
        (["a", "--ca-file", "no.pem"], "No such file or directory: 'no.pem'"),
        (["a", "--ca-file", __file__], "TLS needs PEM files"),
        (["a", "--ca-file", "/dev/zero"], "TLS needs PEM files of 10 MB at most"),
        (["a", "--version", "1", "--version-label", "x"], "by number or by label"),
        (["a", "--cert-file", "x.pem"], "Mutual TLS needs the certificate and its key"),
        (["--file", "/no/such"], "No such file or directory. Received: --file=/no/such"),
        (["--csv", "/no/such", "--out", "x"], "/no/such"),
        (["a", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["a", "--vers", "1"], "unrecognized arguments: --vers 1"),
        (["--status", "--explain"], "--explain goes with texts or --file"),
        (["--csv", "a.csv", "--out", "x", "--explain"], "--explain goes with texts or --file"),
        (["a", "--csv"], "argument --csv: expected at least one argument"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(ask, words, sentence):
    code, out, err = ask(*words)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line


def test_help_tells_every_option_with_its_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    options = capsys.readouterr().out.partition("what to ask:")[2].partition("examples:")[0]
    entries = re.split(r"\n  (?=\S)", options)[1:]
    assert len(entries) > 20
    assert [one for one in entries if "(default: " not in " ".join(one.split())] == []


@pytest.mark.parametrize("words", [["--help"], ["--nonsense"], ["--csv", "no", "--out", "x"]])
def test_help_and_mistakes_are_told_at_once(command, words):
    """In a quarter of a second; NumPy or TensorFlow would take that again, or many times that."""
    _, *rest = command(*words)
    imported = packages_imported_by(*rest)
    assert {"serving", "grpc"} <= imported
    assert not imported & HEAVY


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model-name", "mood"], 'serves no model "mood"'),
        (["--version", "42"], "serves no version 42 of model"),
        (["--signature-name", "x"], 'Serving signature key "x" not found; --metadata lists'),
        (
            ["--explain"],
            'cannot tell why: this version has no signature "explain", for model "tiny"',
        ),
        (["--signature-name", "hang", "--timeout-s", "0.1"], "No answer from"),
        (["--address", "localhost:1"], "No server answers at localhost:1: check the address"),
    ],
)
def test_a_refusal_is_one_sentence_and_1(server, capsys, words, sentence):
    code = cli.main(["--address", server.address, "--model-name", "tiny", "some tweet", *words])
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("python -m serving.client: ")
    assert sentence in line


def test_a_terminal_gets_colour_and_columns(command):
    shown = on_a_terminal(command("a", "long " * 20), NO_COLOR="")
    assert "\x1b[" not in shown
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    assert "NO_COLOR" not in environment
    first, second = on_a_terminal(command("a", "long " * 20)).splitlines()
    assert first.startswith("\x1b[32mpositive  ")
    assert first.endswith("%\x1b[0m  a")
    assert second.endswith("…")


def test_the_progress_bar_is_for_terminals(command, tmp_path):
    (tmp_path / "in.csv").write_text("text\n" + "a\n" * 10)
    arguments = command("--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))
    assert f"[{'#' * 30}] 100%  10 rows" in on_a_terminal(arguments)
    piped = subprocess.run([*arguments, "--overwrite"], capture_output=True, text=True, check=True)
    assert piped.stderr == f"Wrote 10 rows to {tmp_path / 'out.csv'}\n"


def test_the_bar_is_drawn_ten_times_a_second_at_most():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    with Progress(out) as progress:
        for step in range(1000):
            progress.show(step / 1000, "")
        progress.show(1.0, "done")
    assert out.getvalue().count("\r") < 20
    assert out.getvalue().endswith(f"[{'#' * 30}] 100%  done\n")


def test_a_reader_that_has_seen_enough_is_no_error(command):
    """As `| head -1`."""
    with subprocess.Popen(
        command(*["x"] * 5000), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
