"""The loop over steps that other formats carry computes what the trained classifier computes."""

import numpy as np
import pytest
import tensorflow as tf
from small_classifiers import LONGEST, build_classifier, random_ids

from export.settings import FLOAT16
from export.signatures import PROBABILITIES
from export.tokens.token_classifier import TOKEN_IDS_SPEC, TokenClassifier


def traced(classifier, **options):
    """As it is exported: traced once for any batch and time."""
    model = TokenClassifier(classifier, **options)
    call = tf.function(lambda ids: model(ids)[PROBABILITIES], input_signature=[TOKEN_IDS_SPEC])
    return lambda ids: call(tf.constant(ids, tf.int64)).numpy()


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_the_trained_classifier(masked, pooled):
    """Rows without words among them."""
    classifier = build_classifier(masked=masked, pooled=pooled, scored=pooled)
    trained = tf.function(lambda ids: classifier(ids, training=False), [TOKEN_IDS_SPEC])
    serve = traced(classifier)
    for rows in (1, 2, 7, 64):
        for time in (1, 13, LONGEST):
            ids = random_ids(rows, time)
            np.testing.assert_allclose(serve(ids), trained(ids), atol=1e-6, rtol=0)


@pytest.mark.parametrize("pooled", [False, True])
def test_no_rows_and_no_time_have_an_answer(pooled):
    serve = traced(build_classifier(pooled=pooled, scored=pooled))
    assert serve(np.zeros((0, 5))).shape == serve(np.zeros((0, 0))).shape == (0, 3)
    np.testing.assert_array_equal(serve(np.zeros((2, 0))), serve(np.zeros((2, 3))))


@pytest.mark.parametrize("pooled", [False, True])
def test_neighbours_and_padding_change_nothing(pooled):
    serve = traced(build_classifier(pooled=pooled, scored=pooled))
    ids = random_ids(30, 12)
    together = serve(np.pad(ids, [(0, 0), (0, 9)]))
    for row in (0, 1, 2, 29):
        length = max(1, np.count_nonzero(ids[row]))
        np.testing.assert_allclose(serve(ids[row : row + 1, :length])[0], together[row], atol=1e-6)


def test_half_precision_is_the_rounded_weights():
    classifier, ids = build_classifier(), random_ids(8, 12)
    rounded = build_classifier()
    rounded.set_weights([weight.astype("float16") for weight in classifier.get_weights()])
    half = traced(classifier, weights=FLOAT16)(ids)
    np.testing.assert_allclose(half, traced(rounded)(ids), atol=1e-6, rtol=0)
    assert np.abs(half - traced(classifier)(ids)).max() > 1e-6
