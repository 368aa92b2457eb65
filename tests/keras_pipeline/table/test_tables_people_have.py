"""Whatever file people have becomes the same rows: any delimiter, JSON Lines, Parquet, packed, in pieces, headless."""

import bz2
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packers import PACKERS

from export.tables.delimiters import CANDIDATES, find_delimiter
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import OPTIONS, DataSource, find_source
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import read_tweets
from keras_pipeline.table.splits import split
from keras_pipeline.train import main

ROWS = [
    ('so "good", really; yes | no', "positive"),
    ("two\nlines of rain", "negative"),
    ("plain words here", "neutral"),
    ("NA", "neutral"),  # a text, though too short a one
    ("schön und gut 👍", "positive"),
]
TABLE = pd.DataFrame(ROWS, columns=["text", "sentiment"])


def as_bytes(kind, tmp_path):
    if kind == "parquet":
        TABLE.to_parquet(tmp_path / "plain.parquet")
        return (tmp_path / "plain.parquet").read_bytes()
    if kind == "jsonl":
        return TABLE.to_json(orient="records", lines=True, force_ascii=False).encode()
    return TABLE.to_csv(index=False, sep={"csv": ",", "tsv": "\t", "txt": ";"}[kind]).encode()


def rows_of(source):
    tweets = read_tweets(source)
    names = np.array(tweets.label_names)[tweets.labels]
    return list(zip(np.asarray(tweets.texts[:]).tolist(), names.tolist(), strict=True))


EXPECTED = [row for row in ROWS if row[0] != "NA"]


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "jsonl", "parquet"])
def test_every_kind_gives_the_same_rows(kind, packed, tmp_path):
    path = tmp_path / f"table.{kind}{packed}"
    path.write_bytes(PACKERS[packed](as_bytes(kind, tmp_path)))
    assert rows_of(DataSource(path)) == EXPECTED


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", ",", "\x01"])
def test_a_delimiter_may_be_named(delimiter, tmp_path):
    TABLE.to_csv(tmp_path / "a.csv", index=False, sep=delimiter)
    assert rows_of(DataSource(tmp_path / "a.csv", delimiter=delimiter)) == EXPECTED


def test_several_files_a_folder_and_a_glob_are_one_table(tmp_path):
    """Of a folder its tables, whatever their kinds, in the order of their names."""
    TABLE[:2].to_csv(tmp_path / "a.csv", index=False)
    TABLE[2:].to_json(tmp_path / "b.jsonl", orient="records", lines=True)
    (tmp_path / "README.md").write_text("no table")
    for data in ([tmp_path / "a.csv", tmp_path / "b.jsonl"], tmp_path, str(tmp_path / "*.[cj]s*")):
        assert rows_of(find_source(data)) == EXPECTED


def test_sentiment140_by_the_line_of_docs_tables_md(tmp_path):
    """No header, latin-1, labels 0 and 4; its quotes set cells off."""
    lines = [
        '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","_TheSpecialOne_","Awww, that\'s a bummer"',
        '"4","1467822272","Mon Apr 06 22:22:45 PDT 2009","NO_QUERY","ersle","très content today"',
    ]
    path = tmp_path / "training.1600000.processed.noemoticon.csv"
    path.write_text("\n".join(lines) + "\n", encoding="latin-1")
    source = find_source(
        path,
        columns=("sentiment", "id", "date", "flag", "user", "text"),
        encoding="latin-1",
        label_map="0=negative,4=positive",
    )
    assert rows_of(source) == [
        ("Awww, that's a bummer", "negative"),
        ("très content today", "positive"),
    ]


def test_usual_names_of_columns_are_found_and_told(tmp_path, capsys):
    TABLE.set_axis(["Tweet", "label"], axis=1).to_csv(tmp_path / "a.csv", index=False)
    assert rows_of(DataSource(tmp_path / "a.csv")) == EXPECTED
    assert "Texts are read from column `Tweet`, labels from `label`" in capsys.readouterr().out


def test_quotes_may_be_text(tmp_path):
    (tmp_path / "a.tsv").write_text(
        'text\tsentiment\n"so good they say\tpositive\nbad "thing\tnegative\n'
    )
    assert [text for text, _ in rows_of(DataSource(tmp_path / "a.tsv", quotes=False))] == [
        '"so good they say',
        'bad "thing',
    ]


def test_stray_quotes_of_a_tsv_swallow_no_rows(tmp_path):
    """Many TSV files were never quoted: four rows would become two, in silence."""
    rows = [
        '"so good they say\tpositive',
        "plain words\tneutral",
        'bad "thing\tnegative',
        '"the end\tnegative',
    ]
    (tmp_path / "a.tsv").write_text("\n".join(["text\tsentiment", *rows]) + "\n")
    assert len(rows_of(DataSource(tmp_path / "a.tsv"))) == 4


def test_json_lines_may_have_their_columns_in_any_order_and_broken_emoji(tmp_path):
    lines = [
        '{"text": "half \\ud83d an emoji", "id": 1}',
        '{"sentiment": "a", "text": "one more"}',
        '{"text": "and this", "sentiment": "b"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert rows_of(DataSource(tmp_path / "a.jsonl")) == [("one more", "a"), ("and this", "b")]


def test_parts_that_come_as_tables_are_the_parts(tmp_path):
    """And what stands in them is not learned from."""
    words = ["sun", "rain", "snow", "hail", "wind", "fog", "frost", "storm"]
    rows = [
        (f"{first} and {second}", ("no", "yes")[n % 2])
        for n, first in enumerate(words)
        for second in words
    ]
    table = pd.DataFrame(rows, columns=["text", "label"])
    table.to_csv(tmp_path / "train.csv", index=False)
    table[:6].to_csv(tmp_path / "validation.csv", index=False)
    table[20:30].to_csv(tmp_path / "test.csv", index=False)
    source = find_source(
        tmp_path / "train.csv",
        validation_paths=[tmp_path / "validation.csv"],
        test_paths=[tmp_path / "test.csv"],
    )
    tweets = read_tweets(source)
    parts = split(tweets, TrainConfig())
    assert (len(parts.validation), len(parts.test)) == (6, 10)
    assert len(parts.train) == 64 - 16
    assert (parts.twins_dropped, parts.validation_twins_in_train) == (10, 6)
    known = set(tweets.twins[parts.train])
    assert not known & set(tweets.twins[np.concatenate([parts.validation, parts.test])])


@pytest.mark.parametrize("option", OPTIONS.values())
def test_a_file_that_is_not_there_is_told_by_the_option_that_named_it(option, sample_csv, capsys):
    words = ["--data", str(sample_csv), f"--{option}", "gone.csv", "--distill", "2"]
    assert main(words) == 2
    told = f"`{option}` must be a CSV file. Received: {option}=gone.csv (no such file)"
    assert told in capsys.readouterr().err


BAD = {
    "a folder without tables": (None, "`data` must name tables"),
    "json that is none.jsonl": (b'{"text": "a"\n', "must hold one JSON object a line"),
    "no object.jsonl": (b"[1]\n", "line 1 is no object"),
    "cut.csv.bz2": (
        bz2.compress(as_bytes("csv", None))[:40] + bytes(40),
        "A packed file must be whole",
    ),
    "cut.csv.gz": (gzip.compress(as_bytes("csv", None))[:40], "A packed file must be whole"),
    "no parquet.parquet": (b"PAR1 and nothing else", "must be a whole Parquet file"),
    "another delimiter.csv": (
        b"text#sentiment\na b c#neutral\n",
        "--delimiter tells what parts them",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_one_sentence(name, tmp_path):
    content, sentence = BAD[name]
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        read_tweets(find_source(path))
    assert "\n" not in str(caught.value)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00\ufeff"), min_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=8), st.sampled_from(CANDIDATES))
def test_the_delimiter_of_a_table_with_a_known_header_is_found(texts, delimiter):
    """Whatever the texts hold: the header tells."""
    table = pd.DataFrame({"id": range(len(texts)), "text": texts, "label": "a"})
    start = table.to_csv(index=False, sep=delimiter)
    assert find_delimiter(start, wanted=["text", "label"]) == delimiter


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(cells, min_size=1, max_size=8))
def test_any_text_comes_through_json_lines(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    lines = [
        json.dumps({"text": f"words {text}", "sentiment": "a b"[2 * (n % 2)]})
        for n, text in enumerate(texts)
    ]
    path.write_text(
        "\n".join(
            [
                *lines,
                json.dumps({"text": "and more", "sentiment": "b"}),
                json.dumps({"text": "and less", "sentiment": "a"}),
            ]
        )
    )
    assert [text for text, _ in rows_of(DataSource(path))][:-2] == [
        f"words {text}" for text in texts
    ]


def test_no_name_is_no_folder():
    """An empty option, as a script's unset variable gives it."""
    with pytest.raises(UserError, match="no name"):
        find_source("")


def test_columns_of_a_file_that_has_names_are_refused(tmp_path):
    TABLE.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    with pytest.raises(UserError, match="`--columns` names those of CSV files without a header"):
        read_tweets(DataSource(tmp_path / "a.jsonl", columns=("text", "sentiment")))
