"""Nothing that a file, a column or a server says reaches a terminal as a command to it."""

import csv
import json
import os
import subprocess
import sys
import unicodedata

import grpc
import pytest

from export.start.shown import LONGEST_MESSAGE, json_line, shown
from serving import messages
from serving.client import SentimentClient
from serving.client.errors import ServingError

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m \u202eevil\u2066 \x08\x7f\u200f \udcff"
"""A window's title, a cleared screen, a colour by one character, turned writing, a bell, half a surrogate."""
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of Unicode: control, format, half surrogates, line and paragraph ends."""
JOINERS = "\u200c\u200d"


def harmful(text):
    """What a terminal may obey, but the end of a line and a tabulator."""
    allowed = {"\n", "\t", *JOINERS}
    return [char for char in text if unicodedata.category(char) in HARMFUL and char not in allowed]


def blocks():
    """All 1,114,112 code points, apart from each other: two halves of a surrogate would join."""
    for start in range(0, sys.maxunicode + 1, 4096):
        yield "-".join(map(chr, range(start, start + 4096)))


def test_every_code_point():
    for text in blocks():
        line = shown(text, None)
        assert not harmful(line)
        if text.isprintable():
            assert line == text


def test_every_code_point_in_json():
    for text in blocks():
        line = json_line({"text": text})
        assert not harmful(line)
        assert json.loads(line) == {"text": text}


def test_emoji_families_and_persian_keep_their_joiners():
    text = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert shown(text) == text


def test_a_text_has_a_greatest_length():
    assert len(shown("x" * 10**6)) == LONGEST_MESSAGE
    assert len(shown("\x1b" * 10**6)) == LONGEST_MESSAGE
    assert len(shown("x" * 10**6, None)) == 10**6


def refusing(words):
    def refuse(_, context):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)

    return refuse


@pytest.mark.parametrize(
    "words", [HOSTILE.replace("\udcff", ""), "x" * 6000], ids=["hostile", "long"]
)
def test_a_servers_refusal(answering, words):
    with (
        SentimentClient(answering(Predict=refusing(words))) as client,
        pytest.raises(ServingError) as caught,
    ):
        client.predict(["a"])
    assert not harmful(str(caught.value))
    assert len(str(caught.value)) < 700
    # As data it is whole.
    assert caught.value.details == words


def test_a_servers_names(answering):
    response = messages.PredictResponse()
    for number in range(5000):
        response.outputs[f"{number}\x1b[31m\u202e"].dtype = 1
    with (
        SentimentClient(answering(Predict=response.SerializeToString())) as client,
        pytest.raises(ServingError) as caught,
    ):
        client.predict(["a"])
    assert not harmful(str(caught.value))
    assert len(str(caught.value)) <= LONGEST_MESSAGE


def test_a_versions_error_is_whole_and_harmless(answering, capfd):
    """JSON: a program reads back what the server said, a terminal obeys none of it."""
    from serving.client import __main__ as cli

    response = messages.GetModelStatusResponse()
    one = response.model_version_status.add(version=3, state=50)
    one.status.error_message = words = HOSTILE.replace("\udcff", "")
    address = answering(GetModelStatus=response.SerializeToString())
    assert cli.main(["--address", address, "--status"]) == 0
    out = capfd.readouterr().out
    assert not harmful(out)
    assert json.loads(out)["error"] == words


class TestTheCommand:
    """In a process of its own: what its standard output and errors really get."""

    def run(self, words, **options):
        done = subprocess.run(words, capture_output=True, check=False, **options)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert not harmful(out + err)
        assert "Traceback" not in err
        return done.returncode, out, err

    @pytest.mark.parametrize(
        "words",
        [
            [f"--{HOSTILE.replace(' ', '')}"],
            ["--file", f"/no/{HOSTILE}"],
            ["--csv", f"/no/{HOSTILE}", "--out", "x"],
            ["--csv", "in.csv", "--out", f"no/{HOSTILE}/x"],
            ["--csv", "in.csv", "--out", "x", "--text-column", f"x{HOSTILE}"],
            ["--csv", "in.csv", "--out", "x"],
            ["a", "--address", f"{HOSTILE}:1"],
            ["a", "--model-name", HOSTILE],
            ["a", "--version-label", HOSTILE[:40]],
            ["a", "--delimiter", HOSTILE],
            ["a", "--timeout-s", HOSTILE],
            ["a", "--ca-file", HOSTILE.replace("/", "")],
        ],
        ids=lambda words: words[-2] if len(words) > 1 else "option",
    )  # fmt: skip
    def test_what_was_received(self, command, tmp_path, words):
        """Options, names and a header are named as they are, but for what a terminal would obey."""
        header = f'{HOSTILE},"two\nlines",id\n'
        (tmp_path / "in.csv").write_bytes(header.encode("utf-8", "surrogateescape"))
        code, out, err = self.run(command(*words), cwd=tmp_path)
        assert code in (1, 2)
        assert out == ""
        assert len(err.splitlines()) == 1

    def test_texts(self, command):
        code, out, _ = self.run(command(HOSTILE))
        assert code == 0
        assert len(out.splitlines()) == 1

    def test_json(self, command):
        code, out, _ = self.run(command("--json", HOSTILE))
        assert code == 0
        # The byte that is no UTF-8 as the server got it.
        assert json.loads(out)["text"] == HOSTILE.replace("\udcff", "\ufffd")

    def test_the_names_of_files(self, command, tmp_path):
        """They are kept on the disk and written out on the terminal."""
        (tmp_path / f"{HOSTILE[2:8]}\x1b.csv").write_text("text\na\n")
        target = tmp_path / "out\x1b[31m.csv"
        code, _, err = self.run(
            command("--csv", tmp_path / f"{HOSTILE[2:8]}\x1b.csv", "--out", target)
        )
        assert (code, target.exists()) == (0, True)
        assert "\\x1b[31m" in err

    def test_a_table_keeps_what_it_held(self, command, tmp_path):
        """It is data: a CSV file goes out as it came in, byte for byte."""
        row = f'"{HOSTILE}",1\n'.encode("utf-8", "surrogateescape")
        (tmp_path / "in.csv").write_bytes(b"text,id\n" + row)
        code, _, _ = self.run(command("--csv", tmp_path / "in.csv", "--out", tmp_path / "out.csv"))
        assert code == 0
        with (tmp_path / "out.csv").open(errors="surrogateescape", newline="") as file:
            assert list(csv.reader(file))[1][:2] == [HOSTILE, "1"]

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
    @pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
    def test_an_output_that_is_not_utf8(self, command, encoding, words):
        """A character that it lacks is a question mark, or an escape of JSON, and no reason to stop."""
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        code, out, _ = self.run(command(*words, "emoji \N{GRINNING FACE}"), env=environment)
        assert code == 0
        assert ("\\ud83d\\ude00" if words else "emoji ?") in out
