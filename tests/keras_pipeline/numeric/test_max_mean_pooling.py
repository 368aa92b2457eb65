"""Maximum and mean pooling: what counts, what does not, and that Keras can save it."""

import keras
import numpy as np
import pytest

from keras_pipeline.numeric.max_mean_pooling import MaxMeanPooling1D

OUTPUTS = np.random.default_rng(1).normal(size=(5, 7, 3)).astype("float32") - 2  # maxima below 0
MASK = np.arange(7) < np.array([[7], [1], [4], [0], [6]])


def test_without_a_mask_every_step_counts():
    expected = np.concatenate([OUTPUTS.max(axis=1), OUTPUTS.mean(axis=1)], axis=-1)
    np.testing.assert_allclose(MaxMeanPooling1D()(OUTPUTS), expected, atol=1e-6)


def test_masked_steps_count_for_neither_and_no_step_gives_zeros():
    pooled = np.asarray(MaxMeanPooling1D()(OUTPUTS, mask=MASK))
    for row, steps in enumerate(MASK.sum(axis=1)):
        counted = OUTPUTS[row, :steps] if steps else np.zeros((1, 3))
        expected = np.concatenate([counted.max(axis=0), counted.mean(axis=0)])
        np.testing.assert_allclose(pooled[row], expected, atol=1e-6)


def test_what_is_masked_may_hold_anything():
    spoilt = np.where(MASK[:, :, np.newaxis], OUTPUTS, np.float32("nan"))
    clean = np.asarray(MaxMeanPooling1D()(OUTPUTS, mask=MASK))
    np.testing.assert_array_equal(MaxMeanPooling1D()(spoilt, mask=MASK), clean)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtype_follows_the_policy(dtype):
    pooled = MaxMeanPooling1D(dtype=dtype)(keras.ops.cast(OUTPUTS, dtype), mask=MASK)
    assert keras.backend.standardize_dtype(pooled.dtype) == dtype


def test_in_a_model_it_takes_the_embedding_mask_and_learns():
    """Padding more changes nothing, and no gradient is NaN, a row without words included."""
    model = _model()
    short = np.array([[3, 2], [4, 0], [0, 0]])
    np.testing.assert_allclose(
        model(short, training=False), model(np.pad(short, [(0, 0), (0, 3)])), atol=1e-6
    )
    model.compile(optimizer="sgd", loss="mse")
    model.fit(short, np.ones((3, 8)), verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_config_and_shapes_survive_saving(tmp_path):
    model = _model()
    assert model.output_shape == (None, 8)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again.layers[-1], MaxMeanPooling1D)
    ids = np.array([[1, 2, 0]])
    np.testing.assert_array_equal(again(ids), model(ids))


def test_rank_2_is_refused():
    with pytest.raises(ValueError, match="expected ndim=3"):
        MaxMeanPooling1D()(np.zeros((2, 3), "float32"))


def _model():
    ids = keras.Input((None,), dtype="int64")
    x = keras.layers.Embedding(5, 6, mask_zero=True)(ids)
    x = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True))(x)
    return keras.Model(ids, MaxMeanPooling1D()(x))
