"""Write the serving graph of a trained model as a SavedModel, with the signatures of the contract.

assets/vocabulary.txt, assets/labels.txt      what the ids mean, as text
saved_model.pb, variables/                    what tf.saved_model.load and a server read
"""

from pathlib import Path
from typing import Any

import tensorflow as tf

from export.graph.assets import write_assets
from export.graph.serving_graph import can_explain, serving_graph
from export.settings import FLOAT32, GRAPHS
from export.signatures import (
    CLASSES,
    CLASSIFY_METHOD,
    CLASSIFY_SIGNATURE,
    EXAMPLES,
    EXPLAIN_SIGNATURE,
    KNOWN,
    LABEL,
    LABEL_SIGNATURE,
    PROBABILITIES,
    SCORE,
    SCORES,
    SERVING_DEFAULT,
    TEXT,
)

_TEXT_SPEC = tf.TensorSpec([None], tf.string, name=TEXT)
_EXAMPLES_SPEC = tf.TensorSpec([None], tf.string, name=EXAMPLES)


class ServingModule(tf.Module):
    """What the SavedModel holds: call it with tweets, or by a signature.

    Args:
        model: a string model; see `export.graph.serving_graph.serving_graph`. One that was brought gives its
            `own_graph()`.
        graph: one of `export.settings.GRAPHS`.
        weights: one of `export.settings.WEIGHTS`.

    Raises:
        ExportError: no such graph or type, or it cannot serve the model's layers.
    """

    def __init__(self, model: Any, graph: str = GRAPHS[0], weights: str = FLOAT32) -> None:
        super().__init__(name="tweet_sentiment")
        own = getattr(model, "own_graph", None)
        self._graph = own() if own else serving_graph(model, graph, weights)
        self._labels = list(model.labels)
        if can_explain(model):
            # Of the others none can be traced, and every function that is here is when it is saved.
            self.explain = tf.function(self._explain, input_signature=[_TEXT_SPEC], autograph=False)

    @tf.function(input_signature=[_TEXT_SPEC], autograph=False)
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, classes] float32`."""
        # A server does not check shapes. This op does, and its message names `text`, the shape it
        # got and the shape expected; without it the error comes from somewhere inside the graph.
        return self._graph(tf.ensure_shape(text, [None]))

    @tf.function(input_signature=[], autograph=False)
    def labels(self) -> tf.Tensor:
        """Class names, `[classes] string`; the position is the class id."""
        return tf.constant(self._labels)

    @tf.function(input_signature=[_TEXT_SPEC], autograph=False)
    def serving_default(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {probabilities: [batch, classes] float32}`."""
        return {PROBABILITIES: self(text)}

    @tf.function(input_signature=[_TEXT_SPEC], autograph=False)
    def label(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {label: [batch] string, score, known: [batch], probabilities: [batch, classes]}`.

        `known` is left out where the graph cannot tell it.
        """
        probabilities, known = self._graph.with_known(tf.ensure_shape(text, [None]))
        return {
            LABEL: tf.gather(tf.constant(self._labels), tf.argmax(probabilities, axis=1)),
            SCORE: tf.reduce_max(probabilities, axis=1),
            PROBABILITIES: probabilities,
            **({} if known is None else {KNOWN: known}),
        }

    def _explain(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {tokens, known: [batch, time], effects: [batch, time, classes], probabilities}`."""
        return self._graph.explained(tf.ensure_shape(text, [None]), len(self._labels))

    @tf.function(input_signature=[_EXAMPLES_SPEC], autograph=False)
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Example `[batch] string -> {classes: [batch, classes] string, scores: ...}`."""
        examples = tf.ensure_shape(inputs, [None])
        features = {TEXT: tf.io.FixedLenFeature([], tf.string)}
        text = tf.io.parse_example(examples, features)[TEXT]
        scores = self(text)
        classes = tf.broadcast_to(tf.constant(self._labels), tf.shape(scores))
        return {CLASSES: classes, SCORES: scores}


def write_saved_model(
    model: Any, directory: Path, graph: str = GRAPHS[0], weights: str = FLOAT32
) -> None:
    """Write the serving graph of `model` into `directory`.

    Args:
        model: see `ServingModule`.
        directory: an empty folder, or one that is not there yet.
        graph: how the classifier is computed, one of `export.settings.GRAPHS`.
        weights: type in which they are stored, one of `export.settings.WEIGHTS`.

    Raises:
        ExportError: the graph cannot serve the model's layers.
    """
    module = ServingModule(model, graph, weights)
    signatures = {
        SERVING_DEFAULT: module.serving_default,
        LABEL_SIGNATURE: module.label,
        CLASSIFY_SIGNATURE: module.classify,
    }
    if can_explain(model):
        signatures[EXPLAIN_SIGNATURE] = module.explain
    options = tf.saved_model.SaveOptions(namespace_whitelist=["TFText"])
    tf.saved_model.save(module, str(directory), signatures=signatures, options=options)
    _name_method(directory, CLASSIFY_SIGNATURE, CLASSIFY_METHOD)
    write_assets(directory, model)


def _name_method(directory: Path, signature: str, method: str) -> None:
    """TensorFlow 2 writes every signature as one for Predict; Classify wants its own."""
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(directory))
    updater.replace_method_name(signature_key=signature, method_name=method)
    updater.save()
