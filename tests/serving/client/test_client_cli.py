"""`python -m serving.client`: what it prints, and its exit codes."""

import contextlib
import csv
import io
import json
import os
import pty
import subprocess
import sys

import pytest
from length_model import expected

from serving.client import __main__ as cli
from serving.client.terminal import Progress


@pytest.fixture
def ask(server, capsys):
    """A function that runs the command here; gives exit code, output and errors."""

    def run(*words):
        try:
            code = cli.main([*words, "--address", server.address, "--model-name", "tiny"])
        except SystemExit as exit_:
            code = exit_.code
        return code, *capsys.readouterr()

    return run


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
        ("id,tweet\n", 'no column "text", only: id, tweet; choose one with --text-column'),
        ("", 'no column "text", only: nothing'),
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
        (["--csv", "a.csv"], "--csv and --out go together"),
        (["-", "a"], "- for standard input stands alone"),
        (["a", "--timeout-s", "0"], "timeout_s=0.0"),
        (["a", "--version", "1", "--version-label", "x"], "by number or by label"),
        (["a", "--cert-file", "x.pem"], "Mutual TLS needs the certificate and its key"),
        (["--file", "/no/such"], "No such file or directory: '/no/such'"),
        (["--csv", "/no/such", "--out", "x"], "/no/such"),
        (["a", "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(ask, words, sentence):
    code, out, err = ask(*words)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model-name", "mood"], 'serves no model "mood"'),
        (["--version", "42"], "serves no version 42 of model"),
        (["--signature-name", "x"], 'Serving signature key "x" not found; --metadata lists'),
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


def command(server, *words):
    return [
        sys.executable, "-W", "error", "-m", "serving.client", "--address", server.address,
        "--model-name", "tiny", *words,
    ]  # fmt: skip


def on_a_terminal(arguments, **environment):
    """The output of a command whose standard output and errors are a terminal."""
    parent, child = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40", **environment}
    process = subprocess.Popen(arguments, stdout=child, stderr=child, env=environment)
    os.close(child)
    shown = b""
    # Linux ends a terminal that nobody writes to any more with an error.
    with contextlib.suppress(OSError):
        while True:
            shown += os.read(parent, 65536)
    os.close(parent)
    assert process.wait(30) == 0
    return shown.decode()


def test_a_terminal_gets_colour_and_columns(server):
    shown = on_a_terminal(command(server, "a", "long " * 20), NO_COLOR="")
    assert "\x1b[" not in shown
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    assert "NO_COLOR" not in environment
    first, second = on_a_terminal(command(server, "a", "long " * 20)).splitlines()
    assert first.startswith("\x1b[32mpositive  ")
    assert first.endswith("%\x1b[0m  a")
    assert second.endswith("…")


def test_the_progress_bar_is_for_terminals(server, tmp_path):
    (tmp_path / "in.csv").write_text("text\n" + "a\n" * 10)
    arguments = command(
        server, "--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv")
    )
    assert f"[{'#' * 30}] 100%  10 rows" in on_a_terminal(arguments)
    piped = subprocess.run(arguments, capture_output=True, text=True, check=True)
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


def test_a_reader_that_has_seen_enough_is_no_error(server):
    """As `| head -1`."""
    with subprocess.Popen(
        command(server, *["x"] * 5000), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
