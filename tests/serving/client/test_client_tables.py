"""`--csv IN`: what a table may look like, and what is told where it does not."""

import bz2
import csv
import gzip
import lzma

import pandas as pd
import pytest
from client_tables import TABLE, check, names

from serving.client.shell.table.rows import row_writer


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


class TestWhatIsTold:
    """What a table does not say of itself: `--columns`, `--encoding`, `--no-quotes`."""

    def test_a_table_without_a_header_gets_one(self, ask, here):
        (here / "in.csv").write_text("1,a\n2,bb\n")
        assert ask("--csv", "in.csv", "--out", "r.csv", "--columns", "id,text")[0] == 0
        check((here / "r.csv").read_text())

    def test_json_lines_have_names_of_their_own(self, ask, here):
        (here / "in.jsonl").write_text('{"text": "a"}\n')
        code, _, err = ask("--csv", "in.jsonl", "--out", "r.csv", "--columns", "id,text")
        assert code == 2
        assert "leave it out. Received: in.jsonl, which has names of its own" in err

    @pytest.mark.parametrize(
        ("encoding", "options"),
        [("latin-1", ["--encoding", "latin-1"]), ("utf-16", []), ("utf-16-le", ["--encoding", "utf-16-le"])],
    )  # fmt: skip
    def test_other_encodings_come_out_as_utf_8(self, ask, here, encoding, options):
        """UTF-16 is known by its mark."""
        (here / "in.csv").write_bytes("id,text\n1,canción\n".encode(encoding))
        assert ask("--csv", "in.csv", "--out", "r.csv", *options)[0] == 0
        assert (here / "r.csv").read_text(encoding="utf-8").splitlines()[1].startswith("1,canción,")

    def test_quotes_can_be_text(self, ask, here):
        (here / "in.csv").write_text('id,text\n1,"so they say\n2,b\n')
        assert ask("--csv", "in.csv", "--out", "r.csv")[0] == 2
        assert ask("--csv", "in.csv", "--out", "r.csv", "--no-quotes")[0] == 0
        with (here / "r.csv").open(newline="") as file:
            assert [row["text"] for row in csv.DictReader(file)] == ['"so they say', "b"]

    def test_stray_quotes_of_a_tsv_are_text_without_a_word(self, ask, here):
        """As training reads it."""
        (here / "in.tsv").write_text('id\ttext\n1\t"so they say\n2\tb"\n3\tc\n')
        assert ask("--csv", "in.tsv", "--out", "r.csv")[0] == 0
        assert len((here / "r.csv").read_text().splitlines()) == 4


class TestSeveralFiles:
    """They are one table."""

    @pytest.fixture
    def parts(self, here):
        (here / "parts").mkdir()
        (here / "parts" / "1.csv").write_text("id,text\n1,a\n")
        (here / "parts" / "2.csv.gz").write_bytes(gzip.compress(b"id,text\n2,bb\n"))
        return here / "parts"

    @pytest.mark.parametrize(
        "names", [["parts"], ["parts/*"], ["parts/1.csv", "parts/2.csv.gz"]], ids=" ".join
    )
    def test_a_folder_a_glob_or_names(self, ask, here, parts, names):
        assert ask("--csv", *names, "--out", "r.csv")[0] == 0
        check((here / "r.csv").read_text())

    def test_a_stopped_job_goes_on_in_the_second_file(self, ask, here, parts):
        assert ask("--csv", "parts", "--out", "r.csv")[0] == 0
        whole = (here / "r.csv").read_bytes()
        (here / "r.csv").unlink()
        (here / "r.csv.unfinished").write_bytes(whole[: -len(whole.splitlines()[-1]) - 1])
        assert ask("--csv", "parts", "--out", "r.csv", "--resume")[0] == 0
        assert (here / "r.csv").read_bytes() == whole

    def test_other_columns_in_a_later_file_are_told(self, ask, here, parts):
        (parts / "3.csv").write_text("text,id\nc,3\n")
        code, _, err = ask("--csv", "parts", "--out", "r.csv")
        assert code == 2
        assert (
            "must have the columns of parts/1.csv. Received: --csv=parts/3.csv, columns: text, id"
            in err
        )

    def test_none_of_them_is_written_to(self, ask, here, parts):
        code, _, err = ask("--csv", "parts", "--out", "parts/2.csv.gz", "--overwrite")
        assert code == 2
        assert "The input is the output too" in err

    def test_a_folder_without_tables_is_told(self, ask, here):
        (here / "empty").mkdir()
        code, _, err = ask("--csv", "empty", "--out", "r.csv")
        assert code == 2
        assert (
            "must name tables (.csv, .tsv, .jsonl, .parquet, packed or not). Received: --csv=empty"
            in err
        )

    def test_standard_input_stands_alone(self, ask, parts):
        code, _, err = ask("--csv", "-", "parts", "--out", "r.csv")
        assert code == 2
        assert "- for standard input stands alone" in err


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
        (["--csv", "in.csv", "--out", "x", "--encoding", "klingon"], "expected an encoding, such as utf-8, latin-1 or utf-16. Received: --encoding=klingon"),
        (["--csv", "in.csv", "--out", "x", "--encoding", "rot13"], "Received: --encoding=rot13"),
        (["--csv", "in.csv", "--out", "x", "--columns", "a,a"], "expected different names. Received: --columns=a,a"),
        (["a", "--columns", "x"], "--columns goes with --csv"),
        (["a", "--no-quotes"], "--no-quotes goes with --csv"),
        (["a", "--encoding", "utf-8"], "--encoding goes with --csv"),
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
