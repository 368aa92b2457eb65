"""Nothing of the validation and the test part is learned from, nor asked, in whatever spelling."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import measure, read_tweets
from keras_pipeline.table.soft_labels import read_soft_labels
from keras_pipeline.table.splits import split
from keras_pipeline.teacher.answers import probabilities, write_soft_labels
from keras_pipeline.teacher.fine_tuning import _TrainingPieces
from keras_pipeline.teacher.settings import TeacherSettings
from keras_pipeline.teacher.texts import LEAST_WORDS, phrases_of, texts_to_ask


@pytest.fixture
def table(sample_csv):
    """Rows of the sample, how they are cut, and what they are once cleaned where they are held out."""
    source = DataSource(sample_csv)
    tweets = read_tweets(source)
    splits = split(tweets, TrainConfig())
    held_out = tweets.twins[np.concatenate([splits.validation, splits.test])]
    return source, tweets, splits, held_out


def test_no_held_out_twin_is_asked_about(table, tmp_path):
    """The unlabelled file has every tweet of the table, and two of its own."""
    source, tweets, splits, held_out = table
    file = tmp_path / "more.csv"
    copied = list(tweets.texts)
    own = ["nobody in the table says this", "nor that"]
    pd.DataFrame({"text": [*copied, *own]}).to_csv(file, index=False)
    settings = TeacherSettings(encoder=tmp_path, unlabelled=str(file), phrases=3)
    asked = texts_to_ask(tweets, splits, source, settings, seed=42)
    assert not np.isin(measure(np.array(asked, object))[1], held_out).any()
    assert asked[: len(splits.train)] == list(dict.fromkeys(tweets.texts[splits.train]))
    assert set(own) <= set(asked)
    assert len(asked) == len(set(asked)) > len(splits.train) + len(own), "phrases, too"
    whole = " | ".join([*tweets.texts[splits.train], *own])
    assert all(text in " ".join(whole.split()) for text in asked[len(splits.train) + len(own) :])


def test_no_held_out_twin_is_learned_from(table):
    """Two epochs of batches hold each training row twice, and no other."""
    _, tweets, splits, held_out = table
    learned: list[str] = []

    def pieces(texts):
        learned.extend(texts)
        return [np.array([number]) for number, _ in enumerate(texts)]

    rows = _TrainingPieces(pieces, tweets, splits, TrainConfig(), batch_size=8)
    assert not np.isin(measure(np.array(learned, object))[1], held_out).any()
    for epoch in (0, 1):
        assert sorted(np.concatenate(rows._epoch(epoch))) == list(range(len(splits.train)))


def test_phrases_are_runs_of_three_words_or_more_and_never_all():
    text = "this is a tweet of seven words"
    found = phrases_of([text, "too short a one", "no"], 20, seed=1)
    assert len(found) == len(set(found)) > 5
    assert all(phrase in text and phrase != text for phrase in found)
    assert min(len(phrase.split()) for phrase in found) == 3
    assert found == phrases_of([text, "too short a one", "no"], 20, seed=1), "the seed tells which"
    assert phrases_of([text], 0, seed=1) == []


@given(st.lists(st.text(min_size=1, max_size=40), max_size=5), st.integers(1, 3))
def test_any_phrase_is_a_run_of_words_of_a_longer_text(texts, each):
    """Whatever the texts: three words at least, never a whole one, each phrase once."""
    phrases = phrases_of(texts, each, seed=1)
    long_enough = [text.split() for text in texts if len(text.split()) > LEAST_WORDS + 1]
    runs = {
        " ".join(words[start:end])
        for words in long_enough
        for start in range(len(words))
        for end in range(start + LEAST_WORDS, len(words) + 1)
        if end - start < len(words)
    }
    assert set(phrases) <= runs
    assert len(phrases) == len(set(phrases)) <= each * len(long_enough)


def test_an_auto_corpus_is_for_the_three_sentiments_alone(tmp_path):
    """A table of spam is not taught by tweets."""
    file = tmp_path / "spam.csv"
    rows = [
        f"{text} {letter * 3},{text}"
        for letter in "abcdefghijklmnopqrst"
        for text in ("spam", "ham")
    ]
    file.write_text("\n".join(["text,sentiment", *rows]))
    source = DataSource(file)
    tweets = read_tweets(source)
    splits = split(tweets, TrainConfig())
    settings = TeacherSettings(encoder=tmp_path, phrases=0)
    assert len(texts_to_ask(tweets, splits, source, settings, seed=42)) == len(splits.train)


def test_what_is_written_is_what_training_reads_whatever_the_tables_encoding(tmp_path):
    """A Latin-1 table, and texts from elsewhere that Latin-1 cannot write; of several lines, or like a number."""
    texts = ["naïve", "好き 🔥", 'a "b"\r\nc, d', "1.50", "NA"]
    answers = probabilities(np.arange(15, dtype=np.float32).reshape(5, 3), temperature=2.0)
    write_soft_labels(tmp_path / "soft.csv", texts, answers, ("a", "b", "c"), "words")
    source = DataSource(tmp_path / "x.csv", text_column="words", encoding="latin-1")
    read = read_soft_labels(tmp_path / "soft.csv", source, ("a", "b", "c"))
    assert read.keys.tolist() == texts
    np.testing.assert_allclose(read.probabilities, answers, atol=1e-5)


def test_a_class_of_one_row_cannot_be_split(tmp_path):
    """Told by the split before the encoder is read."""
    file = tmp_path / "few.csv"
    file.write_text("text,sentiment\n" + "good text,yes\n" * 9 + "other text,no\n")
    with pytest.raises(UserError, match="Each class must have at least 3 rows"):
        split(read_tweets(DataSource(file)), TrainConfig())
