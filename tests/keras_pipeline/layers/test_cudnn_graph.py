"""What a GPU would run, read in traced graphs: none is at hand, but Keras decides while it traces."""

import sys

import pytest
import tensorflow as tf

from export.graph.serving_classifier import KerasClassifier
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit import fitting
from keras_pipeline.numeric.classifier import build_classifier

IDS = tf.TensorSpec([None, None], tf.int64)


@pytest.fixture(autouse=True)
def _gpu(monkeypatch):
    """As on a machine with one; nothing is run."""
    keras_rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(fitting, "has_gpu", lambda: True)


def ops_of(function, *specs):
    """`(name, type)` of every op of its graph."""
    definition = tf.function(function).get_concrete_function(*specs).graph.as_graph_def()
    nodes = [*definition.node, *(n for f in definition.library.function for n in f.node_def)]
    return [(node.op, node.attr["T"].type) for node in nodes]


@pytest.mark.parametrize(
    ("config", "dtype", "checks_masks"),
    [
        (TrainConfig(), tf.float32, True),
        (TrainConfig(mixed_precision=True), tf.float16, True),
        (TrainConfig.preset("notebook"), tf.float32, False),
    ],
    ids=["default", "mixed precision", "notebook"],
)
def test_a_training_step_is_cudnns_forward_and_back_and_holds_no_loop(config, dtype, checks_masks):
    """In 16 bits where they were asked for; a mask of another kind than cuDNN's would be told, not computed."""
    classifier = fitting._compiled(config, 50, averaged_steps=10.0)
    ops = ops_of(
        lambda ids, targets, weights: classifier.train_step((ids, targets, weights)),
        IDS,
        tf.TensorSpec([None, 3]),
        tf.TensorSpec([None]),
    )
    names = [name for name, _ in ops]
    for name in ("CudnnRNNV3", "CudnnRNNBackpropV3"):
        assert [kind for op, kind in ops if op == name] == [dtype.as_datatype_enum] * 2, name
    assert not {"While", "StatelessWhile"} & set(names)
    assert names.count("Assert") == 2 * checks_masks
    assert not classifier.jit_compile, "XLA cannot compile cuDNN's op"


def test_what_is_exported_on_a_gpu_machine_runs_on_any():
    """The plain Keras graph, too, which Keras would else trace with cuDNN's op."""
    classifier = build_classifier(TrainConfig(), vocabulary_size=50)
    assert "CudnnRNNV3" in dict(ops_of(classifier, IDS))
    assert "CudnnRNNV3" not in dict(ops_of(KerasClassifier(classifier), IDS))
