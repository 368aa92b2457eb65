"""`--csv IN`: what a table may look like, and what is told where it does not."""

import bz2
import csv
import gzip
import lzma

import pandas as pd
import pytest
from client_tables import TABLE, check, names

from serving.client.shell.rows import row_writer


class TestDelimiter:
    """`--delimiter`."""

    @pytest.mark.parametrize(
        ("word", "char"), [("tab", "\t"), ("\\t", "\t"), (";", ";"), ("|", "|"), ("·", "·")]
    )
    def test_it_stands_between_cells_of_both(self, ask, here, word, char):
        (here / "in.csv").write_text(TABLE.replace(",", char))
        assert ask("--csv", "in.csv", "--out", "r.csv", "--delimiter", word)[0] == 0
        content = (here / "r.csv").read_text()
        assert "," not in content
        check(content.replace(char, ","))

    @pytest.mark.parametrize("word", ["", "ab", '"', "\n", "\r", "tabulator"])
    def test_it_is_one_character(self, ask, here, word):
        code, _, err = ask("--csv", "in.csv", "--out", "r.csv", "--delimiter", word)
        assert code == 2
        assert "expected one character, no quote and no line end, or tab" in err
        assert len(err.splitlines()) == 1


class TestWhatIsNoTable:
    """One sentence with the line, exit code 2, before anything is written."""

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ('id,text\n1,"never closed\n2,b\n', "in.csv, line 2"),
            ('id,text\n1,a\n\n2,"closed" twice"\n', "in.csv, line 4"),
            ('id,"text\n1,a\n', "in.csv, line 1"),
            ("id,text\n1,a\n2,b,c\n", "A row has 3 cells, the header 2"),
            ("id,text\n1," + "x" * 200_000 + "\n", "in.csv, line 2"),
            ("text,text\n1,a\n", "--text-column=text, columns: text, text"),
            ("id#text\n1#a\n", "--text-column=text, columns: id#text"),
            ("text,label\na,b\n", 'a column "label" already'),
            ("text,probability_neutral\na,b\n", 'a column "probability_neutral" already'),
        ],
        ids=range(9),
    )  # fmt: skip
    def test_it_is_told(self, ask, here, content, sentence):
        (here / "in.csv").write_text(content)
        code, out, err = ask("--csv", "in.csv", "--out", "r.csv")
        assert (code, out) == (2, "")
        assert sentence in err
        assert len(err.splitlines()) == 1
        assert names(here) == ["in.csv"]

    def test_a_second_label_column_can_have_another_name(self, ask, here):
        (here / "in.csv").write_text("text,label\na,negative\n")
        words = ["--csv", "in.csv", "--out", "r.csv", "--column-prefix", "predicted_"]
        assert ask(*words)[0] == 0
        with (here / "r.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["label"], row["predicted_label"]) == ("negative", "positive")
        assert "predicted_probability_neutral" in row

    def test_empty_cells_at_the_end_are_none(self, ask, here):
        """As spreadsheets leave them."""
        (here / "in.csv").write_text("id,text\n1,a,\n2,bb,,\n")
        assert ask("--csv", "in.csv", "--out", "r.csv")[0] == 0
        check((here / "r.csv").read_text())


@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.tsv", b"id\ttext\n1\ta\n2\tbb\n"),
        ("in.csv", b"id;text\n1;a\n2;bb\n"),
        ("in.jsonl", b'{"id": 1, "text": "a"}\n{"id": 2, "text": "bb"}\n'),
    ],
)
def test_a_table_of_any_kind_is_read(ask, here, name, content, packed):
    """The delimiter is found, what is packed unpacked; JSON Lines become CSV."""
    (here / name).write_bytes(packed(content))
    assert ask("--csv", name, "--out", "r.csv")[0] == 0
    with (here / "r.csv").open(newline="") as file:
        delimiter = csv.Sniffer().sniff(file.readline(), ",;\t").delimiter
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=delimiter))
    assert [(row["id"], row["text"]) for row in rows] == [("1", "a"), ("2", "bb")]
    assert "probability_neutral" in rows[0]


def test_a_parquet_file_is_read(ask, here):
    table = pd.DataFrame({"id": [1, 2], "text": ["a", "bb"]})
    table.to_parquet(here / "in.parquet")
    assert ask("--csv", "in.parquet", "--out", "r.csv")[0] == 0
    assert (here / "r.csv").read_text().splitlines()[2].startswith("2,bb,")


def test_a_packed_file_that_was_cut_is_one_sentence(ask, here):
    (here / "in.csv.gz").write_bytes(gzip.compress(b"id,text\n" + b"1,a\n" * 5000)[:-30])
    code, _, err = ask("--csv", "in.csv.gz", "--out", "r.csv")
    assert code == 2
    assert "A packed file must be whole" in err


def test_a_carriage_return_in_a_text_stays_in_it(ask, here):
    """Python up to 3.12 wrote it without quotes, and readers took the rest for a row of its own."""
    rows = [["id", "text"], ["1", "old\rMac"], ["2", "two\r\nlines"], ["3", "b"]]
    (here / "in.csv").write_bytes(b"".join(map(row_writer(","), rows)))
    assert ask("--csv", "in.csv", "--out", "r.csv")[0] == 0
    with (here / "r.csv").open(newline="") as file:
        assert [row[:2] for row in csv.reader(file)] == rows


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--csv", "no.csv", "--out", "x"], "Cannot read the file: No such file or directory. Received: --csv=no.csv"),
        (["--csv", ".", "--out", "x"], "Is a directory. Received: --csv=."),
        (["--csv", "in.csv", "--out", "no/x"], "Cannot write the file: No such file or directory. Received: --out=no/x"),
        (["--csv", "in.csv", "--out", "in.csv/x"], "Not a directory. Received: --out=in.csv/x"),
        (["--csv", "in.csv", "--out", "."], "Is a directory. Received: --out=."),
        (["--csv", "in.csv", "--out", "x" * 250], "File name too long. Received: --out="),
        (["--csv", "in.csv", "--out", "/proc/x"], "Received: --out=/proc/x"),
        (["--csv", "in.csv", "--out", "/sys/x"], "Received: --out=/sys/x"),
        (["--csv", "in.csv", "--out", "x", "--text-column", "y"], "Received: --text-column=y, columns: id, text"),
        (["--csv", "in.csv", "--out", "x", "--json"], "--json does not go with --csv"),
        (["--csv", "in.csv"], "--csv needs --out"),
        (["a", "--out", "x"], "--out goes with --csv"),
        (["a", "--resume"], "--resume goes with --csv"),
        (["a", "--overwrite"], "--overwrite goes with --csv"),
        (["a", "--delimiter", "tab"], "--delimiter goes with --csv"),
        (["a", "--text-column", "x"], "--text-column goes with --csv"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage_is_told_before_anything_is_sent(answering, here, capsys, words, sentence):
    from serving.client import __main__ as cli

    asked = []
    address = answering(Predict=lambda *_: asked.append(1))
    try:
        code = cli.main([*words, "--address", address])
    except SystemExit as exit_:
        code = exit_.code
    out, err = capsys.readouterr()
    assert (code, out, asked) == (2, "", [])
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert names(here) == ["in.csv"]
