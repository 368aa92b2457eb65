"""Three parts: the notebook's test part, whatever else; and no text, once cleaned, in two of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, find_corpus, find_source, sha256_of
from keras_pipeline.errors import UserError
from keras_pipeline.table.dataset import ReadReport, Tweets, read_tweets
from keras_pipeline.table.splits import split

NAMES = ("negative", "neutral", "positive")
SHARED_TABLE = Path(__file__).parents[4] / "shared" / "data" / "Twitter_Data.csv"
KAGGLE_TABLE = next(
    (path for path in (Path("data/Twitter_Data.csv"), SHARED_TABLE) if path.is_file()), SHARED_TABLE
)


def tweets_of(labels, twins):
    """What `split` looks at: labels, and which rows are twins."""
    counts = dict(zip(NAMES, np.bincount(labels, minlength=3).tolist(), strict=True))
    report = ReadReport(len(labels), 0, 0, {}, counts, ())
    return Tweets(None, np.array(labels), NAMES, np.array(twins, np.int64), report)


def check_apart(tweets, parts):
    """No twins in two parts; the test part is the notebook's; every row is accounted for."""
    of_part = [set(tweets.twins[rows]) for rows in (parts.train, parts.validation, parts.test)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not of_part[one] & of_part[other]
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert len(set(rows)) == len(rows)
    dropped = parts.twins_dropped + parts.validation_twins_dropped
    assert len(rows) + dropped == len(tweets.labels)


def notebooks_test_part(labels, fraction=0.2):
    rows = np.arange(len(labels))
    return train_test_split(rows, test_size=fraction, stratify=labels, random_state=42)[1]


def test_twins_never_stand_in_two_parts():
    """Every tweet three times, under any label: those of test rows are left out, the others go together."""
    draw = np.random.default_rng(0)
    tweets = tweets_of(draw.integers(0, 3, 600), draw.permutation(600) % 200)
    parts = split(tweets, TrainConfig())
    check_apart(tweets, parts)
    assert parts.twins_dropped > 0
    assert parts.validation_twins_dropped > 0
    assert dict(parts.table()[3:5]) == {
        "dropped from train: twin in test": parts.twins_dropped,
        "dropped from validation: twin in test": parts.validation_twins_dropped,
    }
    np.testing.assert_array_equal(parts.test, notebooks_test_part(tweets.labels))


def test_twins_that_are_not_in_the_test_part_are_all_kept():
    """And the validation part keeps its size, about: each goes where the first of them goes."""
    labels = np.arange(3000) % 3
    rest = np.setdiff1d(np.arange(3000), notebooks_test_part(labels))
    twins = np.arange(3000, 6000)
    twins[rest] = rest // 4
    tweets = tweets_of(labels, twins)
    parts = split(tweets, TrainConfig(least_validation_rows=0))
    check_apart(tweets, parts)
    assert parts.twins_dropped + parts.validation_twins_dropped == 0
    assert len(parts.validation) == pytest.approx(240, rel=0.25)


def test_equal_texts_are_those_that_are_equal_once_cleaned(tmp_path):
    """The same tweet with another URL."""
    lines = [f"tweet number {word},{name}\n" for name in NAMES for word in "abcdefghijklmnopqrst"]
    lines += [f"twin tweet http://t.co/{n},{name}\n" for n in range(20) for name in NAMES]
    (tmp_path / "tweets.csv").write_text("".join(["text,sentiment\n", *lines]))
    tweets = read_tweets(DataSource(tmp_path / "tweets.csv"))
    parts = split(tweets, TrainConfig())
    check_apart(tweets, parts)
    assert parts.twins_dropped > 0


def test_the_test_part_stays_whatever_the_seed(sample_csv):
    tweets = read_tweets(DataSource(sample_csv))
    one, other = split(tweets, TrainConfig(seed=1)), split(tweets, TrainConfig(seed=2))
    assert one.test.tolist() == other.test.tolist()
    assert one.validation.tolist() != other.validation.tolist()


def test_a_table_of_test_rows_twins_leaves_nothing_to_learn():
    tweets = tweets_of(np.arange(300) % 3, np.zeros(300))
    with pytest.raises(UserError) as caught:
        split(tweets, TrainConfig())
    assert str(caught.value) == (
        "Each class must have rows to learn from, and some to validate on, that do not stand in the test "
        "part, too; add other texts. Received: train with negative=0, neutral=0, positive=0, validation "
        "with 0 rows"
    )


@pytest.mark.parametrize(
    "fractions",
    [
        {},
        {"validation_fraction": 0.995},
        {"validation_fraction": 0.001},
        {"test_fraction": 0.999},
        {"test_fraction": 5e-324},
    ],
    ids=str,
)
@pytest.mark.parametrize("few", [3, 4, 12, 13])
def test_a_class_of_three_rows_stands_in_every_part(few, fractions):
    """Whatever the fractions; and it is named, for its figures mean little."""
    tweets = tweets_of(np.repeat([0, 1, 2], [200, 300, few]), np.arange(500 + few))
    parts = split(tweets, TrainConfig(**fractions))
    check_apart(tweets, parts)
    for rows in (parts.train, parts.validation, parts.test):
        assert set(tweets.labels[rows]) == {0, 1, 2}
    assert ("positive" in parts.rare) == (few < 13 or bool(fractions))


def test_a_class_of_two_rows_is_refused():
    with pytest.raises(UserError) as caught:
        split(tweets_of([0, 1, 2] * 2 + [0, 0], np.arange(8)), TrainConfig())
    assert str(caught.value) == (
        "Each class must have at least 3 rows, one for train, validation and test each; add rows, or map "
        "or drop its label by --labels. Received: neutral=2, positive=2"
    )


@example([5, 5, 5], 0.5625, 0.53125, 1, 0)  # rounded, two rows would stay to learn from
@given(
    sizes=st.lists(st.integers(1, 60), min_size=3, max_size=3),
    test_fraction=st.floats(0.01, 0.99),
    validation_fraction=st.floats(0.01, 0.99),
    copies=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=300)
def test_any_table_is_cut_or_refused_in_one_sentence(
    sizes, test_fraction, validation_fraction, copies, seed
):
    labels = np.repeat([0, 1, 2], sizes)
    twins = np.random.default_rng(seed).permutation(len(labels)) // copies
    config = TrainConfig(
        test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed
    )
    tweets = tweets_of(labels, twins)
    try:
        parts = split(tweets, config)
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 (no error is right, too)
    else:
        check_apart(tweets, parts)
        assert set(tweets.labels[parts.train]) == {0, 1, 2}
        assert len(parts.validation)


def test_the_bundled_corpus():
    """290 of its test rows had a twin in the validation part."""
    tweets = read_tweets(find_source(find_corpus(), encoding="latin-1"))
    parts = split(tweets, TrainConfig())
    check_apart(tweets, parts)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (26_067, 2_908, 7_632)
    assert (parts.twins_dropped, parts.validation_twins_dropped) == (1_362, 189)
    np.testing.assert_array_equal(parts.test, notebooks_test_part(tweets.labels))


@pytest.mark.skipif(not KAGGLE_TABLE.is_file(), reason="Twitter_Data.csv is not in data/")
def test_the_notebooks_numbers_on_its_own_table():
    """27,481 rows, 27,470 usable, 21,976 to train on, 5,494 to test on; its class weights."""
    source = DataSource(KAGGLE_TABLE)
    assert sha256_of(source.path).startswith("72272bdb46bd")
    tweets = read_tweets(source)
    parts = split(tweets, TrainConfig())
    assert (tweets.report.rows_read, tweets.report.rows_kept) == (27_481, 27_470)
    dropped = parts.twins_dropped + parts.validation_twins_dropped
    assert len(parts.train) + len(parts.validation) + dropped == 21_976
    assert len(parts.test) == 5_494
    assert [round(weight, 4) for weight in parts.class_weights.values()] == [1.1773, 0.8242, 1.0669]
