"""Scores of words: what they learn, that they are sums over words, and how much say they get."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline.fit.batches import TokenRows
from keras_pipeline.fit.words import word_scores
from keras_pipeline.fit.words.word_scores import fit_word_scores
from keras_pipeline.numeric.word_scores import WordScores

WORDS = ["", "[UNK]", "lovely", "loveliest", "awful", "awfully", "the", "lake", "tram"]
GOOD, BAD, PLAIN = ([2, 6, 7], [3]), ([4, 6, 8], [5]), ([6, 7], [6, 8])


def token_rows(ids, labels, classes=3):
    return TokenRows(
        tf.ragged.constant(ids, dtype=tf.int64),
        tf.one_hot(labels, classes),
        tf.ones(len(ids)),
    )


def rows_of(classes=3, times=20):
    kinds = (GOOD, BAD, PLAIN)[:classes]
    ids = [row for kind in kinds for row in kind] * times
    labels = [number for number, kind in enumerate(kinds) for _ in kind] * times
    return token_rows(ids, labels, classes)


def uniform(rows):
    return np.full(rows.targets.shape, 1 / rows.targets.shape[1])


@pytest.mark.parametrize("classes", [2, 3])
def test_words_say_what_their_rows_are_and_padding_and_unknown_words_nothing(classes):
    train = rows_of(classes)
    scores = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    given = scores.logits(train).argmax(axis=1)
    assert (given == train.targets.numpy().argmax(axis=1)).mean() > 0.8
    assert scores.table.shape == (len(WORDS), classes + 1)
    assert not scores.table[:2].any()


def test_a_pair_says_what_its_words_do_not():
    """`the lake` and `lake the` have the same words: order decides, which a table of words cannot tell."""
    train = token_rows([[6, 7], [7, 6]] * 20, [0, 1] * 20, classes=2)
    scores = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    assert scores.logits(train).argmax(axis=1).tolist() == [0, 1] * 20


def test_the_layer_computes_what_the_fit_does():
    train = rows_of()
    scores = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    layer = WordScores(len(WORDS), pair_buckets=len(scores.pairs.keys))
    layer.build((None, 3), (None, None))
    layer.set_weights(scores.weights())
    logits = scores.logits(train)
    given = layer(uniform(train), train.ids.to_tensor())
    np.testing.assert_allclose(given, keras.ops.softmax(logits), rtol=1e-4)


def test_a_word_that_no_row_has_is_read_by_its_letters():
    """`lovelily` shares its beginning with what is good: a typo or an inflection is no stranger."""
    train = rows_of()
    scores = fit_word_scores([*WORDS, "lovelily"], train, train, uniform(train), seed=1)
    assert scores.logits(token_rows([[9]], [0])).argmax() == 0


def test_words_that_mislead_beside_a_network_that_is_right_have_little_say():
    """As the validation rows tell; and a network that only guesses leaves it to the words."""
    train = rows_of()
    truth = train.targets.numpy()
    misled = token_rows(train.ids.to_list(), (truth.argmax(axis=1) + 1) % 3)
    right = fit_word_scores(WORDS, misled, train, 0.98 * truth + 0.02 / 3, seed=1)
    guesses = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    assert right.share < 0.5 < guesses.share


def test_many_validation_rows_outvote_what_is_usual_and_few_do_not():
    """Of a large table the network alone may be best; on six rows that is chance."""
    train = rows_of()
    misled = token_rows(train.ids.to_list(), (train.targets.numpy().argmax(axis=1) + 1) % 3)
    few, many = rows_of(times=1), rows_of(times=300)
    shares = []
    for watched in (few, many):
        right = 0.9 * watched.targets.numpy() + 0.1 / 3
        shares.append(fit_word_scores(WORDS, misled, watched, right, seed=1).share)
    assert shares[0] > 4 * shares[1]
    assert shares[1] < 0.03


def test_scores_that_bring_little_by_many_rows_are_left_out_and_by_few_are_kept():
    """Two thousand rows that would be answered no better with them are no chance; a hundred may be."""
    train = rows_of()
    misled = token_rows(train.ids.to_list(), (train.targets.numpy().argmax(axis=1) + 1) % 3)
    few, many = rows_of(times=20), rows_of(times=400)
    for watched, is_left_out in ((few, False), (many, True)):
        right = 0.97 * watched.targets.numpy() + 0.01
        assert (fit_word_scores(WORDS, misled, watched, right, seed=1) is None) == is_left_out
    assert fit_word_scores(WORDS, train, many, uniform(many), seed=1) is not None


def test_of_many_rows_what_began_with_naive_bayes_says_less(monkeypatch):
    """The plain regression finds better weights then."""
    train = rows_of(times=5)
    full = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    monkeypatch.setattr(word_scores, "_RATIOS_ROWS", len(train) / 4)
    less = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    spreads = [
        np.ptp(scores.logits(train) / (scores.trust * scores.share)) for scores in (full, less)
    ]
    assert spreads[1] < 0.8 * spreads[0]


def test_the_same_rows_give_the_same_scores():
    train = rows_of()
    first, second = (fit_word_scores(WORDS, train, train, uniform(train), seed=1) for _ in range(2))
    for one, other in zip(first.weights(), second.weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_of_one_class_say_nothing():
    train = token_rows([[2], [3]], [1, 1])
    scores = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    assert not scores.table[:, :3].any()


def test_a_temperature_divides_everybodys_say_and_leaves_the_squares():
    train = rows_of()
    scores = fit_word_scores(WORDS, train, train, uniform(train), seed=1)
    cooled, ids = scores.cooled(2.0), train.ids.to_tensor()
    layer = WordScores(len(WORDS), pair_buckets=len(scores.pairs.keys))
    layer.build((None, 3), (None, None))
    answers = []
    for weights in (scores.weights(), cooled.weights()):
        layer.set_weights(weights)
        answers.append(np.asarray(layer(keras.ops.softmax(train.targets * 2), ids)))
    np.testing.assert_allclose(answers[1], keras.ops.softmax(np.log(answers[0]) / 2), rtol=1e-3)


def test_what_is_watched_did_not_learn_from_the_rows_that_it_is_watched_on():
    """Else a temperature found on it would take learning by heart for knowledge."""
    train, watched = rows_of(times=5), token_rows([[2, 5], [4, 3]] * 5, [1, 0] * 5)
    scores = fit_word_scores(WORDS, train, watched, uniform(watched), seed=1)
    assert scores.watched.shape == (10, 3)
    assert np.ptp(scores.watched - scores.logits(watched)) > 0.05
