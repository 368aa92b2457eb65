"""An examination from a CSV: every row or a sentence."""

import pytest

from export.errors import UnreadableRunError
from export.versions.examination_table import read_table

NAMES = ("negative", "neutral", "positive")


@pytest.fixture
def read(tmp_path):
    """Write a table and read it as an examination."""

    def read_it(content, *, text_column="text", label_column="label", label_names=NAMES):
        path = tmp_path / "rows.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(
            path, text_column=text_column, label_column=label_column, label_names=label_names
        )

    return read_it


def test_texts_and_labels(read):
    found = read('label,text,more\npositive,"so happy, ""really""\nyes",1\n negative ,sad,2\n')
    assert found.texts.tolist() == ['so happy, "really"\nyes', "sad"]
    assert found.labels.tolist() == [2, 0]
    assert (found.label_names, found.source, found.chosen) == (NAMES, "rows.csv", True)


def test_other_columns_and_a_byte_order_mark(read):
    found = read(
        "\ufefftweet,feeling\r\nhi,neutral\r\n", text_column="tweet", label_column="feeling"
    )
    assert found.texts.tolist() == ["hi"]


def test_labels_of_a_folder_without_versions_are_the_tables(read):
    assert read("text,label\na,ok\nb,bad\n", label_names=None).label_names == ("bad", "ok")


def test_rows_without_text_or_label_are_counted(read):
    found = read("text,label\na,neutral\n,neutral\nb,\n  ,neutral\n\n")
    assert found.texts.tolist() == ["a"]
    assert found.source == "rows.csv, 3 without text or label"


def test_a_text_longer_than_pythons_own_limit(read):
    assert len(read(f"text,label\n{'a' * 200_000},neutral\n").texts[0]) == 200_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "one column `text`, with none"),
        ("tweet,label\na,neutral\n", "one column `text`, with tweet, label"),
        ("text,text,label\na,a,neutral\n", "one column `text`, with text, text, label"),
        ("text,label\na,neutral,b\n", "with 3 cells in line 2, not 2"),
        ("text,label\na\n", "with 1 cells in line 2, not 2"),
        ('text,label\n"a,neutral\n', "unexpected end of data"),
        (b"text,label\n\xff\xfe,neutral\n", "must be a CSV file in UTF-8"),
        ("text,label\na,happy\nb,happy\n", "must be rows labelled negative, neutral, positive"),
        ("text,label\na,happy\nb,happy\n", "with 'happy' (2 rows)"),
    ],
)
def test_what_is_no_such_table_gets_one_sentence(read, content, words):
    with pytest.raises(UnreadableRunError, match="`examination` must be") as told:
        read(content)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 2


def test_one_class_is_no_examination(read):
    with pytest.raises(UnreadableRunError, match="two classes at least"):
        read("text,label\na,ok\n", label_names=None)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnreadableRunError, match="No such file"):
        read_table(tmp_path / "x.csv", text_column="text", label_column="label", label_names=None)
