"""What is lost of a text before the model reads it is counted, told, and warned of above a tenth."""

import numpy as np
import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.layers import ExpressiveTweetCleaner, TweetCleaner, build_vectorizer
from keras_pipeline.model import SentimentModel
from keras_pipeline.numeric.classifier import build_classifier
from keras_pipeline.report.coverage import measure_coverage

KNOWN = ["I love this place", "canción bonita", "我不喜欢"]


def model_of(cleaner, texts=KNOWN):
    vectorizer = build_vectorizer(vocabulary_size=100)
    adapt_vectorizer(vectorizer, cleaner, np.array(texts, object))
    return SentimentModel(cleaner, vectorizer, build_classifier(TrainConfig(vocabulary_size=100)))


def measured(cleaner, texts):
    return measure_coverage(model_of(cleaner), np.array(texts, object))


def test_what_is_known_and_read_is_not_lost():
    """Links, mentions, marks and emoticons are no loss: a token stands for them, or nothing was said."""
    texts = [*KNOWN, "@anna love http://x.co/a1 this, place!!! :)"]
    found = measured(ExpressiveTweetCleaner(every_script=True), texts)
    assert found.dropped == 0
    assert found.unknown == pytest.approx(5 / 18, abs=0.06)  # URL, SMILE and the marks are new


def test_a_script_that_the_cleaner_does_not_read_is_dropped_and_warned_of():
    found = measured(TweetCleaner(), KNOWN)
    letters = sum(len(text.replace(" ", "")) for text in KNOWN)
    assert found.dropped == pytest.approx(5 / letters)
    assert found.worst[0] == ("我不喜欢", 1.0, 1.0)
    warning = next(line for line in found.lines() if "dropped before" in line)
    assert warning.startswith("warning: ")
    assert "`我不喜欢`" in warning


def test_words_that_training_did_not_have_are_unknown():
    found = measured(ExpressiveTweetCleaner(every_script=True), ["I love this tram"])
    assert (found.dropped, found.unknown) == (0, 0.25)
    assert any("many tokens are unknown" in line for line in found.lines())


def test_nothing_is_warned_of_where_little_is_lost():
    found = measured(ExpressiveTweetCleaner(every_script=True), ["I love this place"] * 9)
    assert len(found.lines()) == 1


def test_texts_of_nothing_are_no_error():
    found = measured(TweetCleaner(), ["", " ", "!"])
    assert found.dropped == 0
