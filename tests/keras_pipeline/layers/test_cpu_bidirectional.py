"""The layer that trains on a CPU is Keras's Bidirectional(LSTM), number for number."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit import fitting
from keras_pipeline.layers.cpu_bidirectional import CpuBidirectional
from keras_pipeline.numeric.classifier import build_classifier

FEATURES, UNITS = 5, 3


@pytest.fixture(scope="module")
def layers():
    """Keras's and ours, with the same weights."""
    made = [
        kind(keras.layers.LSTM(UNITS, return_sequences=True))
        for kind in (keras.layers.Bidirectional, CpuBidirectional)
    ]
    for layer in made:
        layer.build((None, None, FEATURES))
    made[1].set_weights(made[0].get_weights())
    return made


@pytest.fixture(scope="module", params=["eager", "tf.function"])
def measured(layers, request):
    """For each layer a function: `inputs, lengths, outputs' gradient -> what counts`."""

    def measure(layer, inputs, lengths, gradient):
        mask = tf.sequence_mask(lengths, tf.shape(inputs)[1])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=mask) * tf.cast(mask, tf.float32)[:, :, tf.newaxis]
            loss = tf.reduce_sum(outputs * gradient)
        weights = [variable.value for variable in layer.trainable_variables]
        return [outputs, *tape.gradient(loss, [inputs, *weights])]

    functions = [functools.partial(measure, layer) for layer in layers]
    if request.param == "eager":
        return functions
    shapes = [tf.TensorSpec([None, None, size]) for size in (FEATURES, 2 * UNITS)]
    signature = [shapes[0], tf.TensorSpec([None], tf.int32), shapes[1]]
    return [tf.function(function, input_signature=signature) for function in functions]


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_outputs_and_gradients_are_those_of_keras(measured, lengths, seed):
    """Batches of one to six rows, each of one to nine steps, padded to the longest or beyond."""
    time, draw = max(lengths) + seed % 3, np.random.default_rng(seed)
    inputs, gradient = (
        tf.constant(draw.normal(size=(len(lengths), time, size)), tf.float32)
        for size in (FEATURES, 2 * UNITS)
    )
    theirs, ours = (measure(inputs, tf.constant(lengths), gradient) for measure in measured)
    assert len(ours) == 2 + 6  # outputs, inputs, three weights of each direction
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, atol=2e-5)


def test_a_seed_gives_both_the_same_weights_in_the_same_order():
    """What trains here is saved as Keras's layer: the weights are handed over by their position."""
    weights = []
    for kind in (keras.layers.Bidirectional, CpuBidirectional):
        keras.utils.set_random_seed(1)
        model = build_classifier(TrainConfig(vocabulary_size=9, lstm_units=2), bidirectional=kind)
        weights.append(model.get_weights())
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("config", "gpu", "expected"),
    [
        (TrainConfig(), False, CpuBidirectional),
        (TrainConfig(), True, keras.layers.Bidirectional),
        (TrainConfig(mixed_precision=True), False, keras.layers.Bidirectional),
        (TrainConfig(mask_padding=False), False, keras.layers.Bidirectional),
        (TrainConfig(max_mean_pooling=False), False, keras.layers.Bidirectional),
        (TrainConfig.preset("notebook"), False, keras.layers.Bidirectional),
    ],
)
def test_it_trains_only_what_it_computes(monkeypatch, config, gpu, expected):
    """A GPU keeps cuDNN; the notebook preset, other precisions and last states keep Keras's loop."""
    monkeypatch.setattr(fitting, "has_gpu", lambda: gpu)
    compiled = fitting._compiled(config, words=50, averaged_steps=0.0)
    assert type(compiled.get_layer("bilstm")) is expected
