"""The whole served graph, raw tweets to probabilities, in one of several builds of one function.

    graph = serving_graph(model)            # "auto"; or "fused", "packed", "keras"
    graph(text)                             # [batch] string -> [batch, classes] float32

Keep it as an attribute of the module that is saved and call it inside a tf.function.
"""

from typing import Any

import tensorflow as tf

from export.graph.explaining import Tokens, explanations
from export.graph.serving_classifier import serving_classifier
from export.graph.token_ids import (
    Split,
    TokenIds,
    known_share,
    known_tokens,
    splits_at_whitespace,
)
from export.settings import FLOAT32, GRAPHS


class ServingGraph(tf.Module):
    """A string half and a numeric half: `[batch] string -> [batch, classes] float32`.

    Args:
        token_ids: module, `[batch] string -> [batch, time] int64`.
        classifier: module, `[batch, time] int64 -> [batch, classes] float32`.
    """

    def __init__(self, token_ids: tf.Module, classifier: tf.Module) -> None:
        super().__init__(name="serving_graph")
        self.token_ids = token_ids
        self.classifier = classifier

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, classes] float32`; no rows are fine."""
        return self.classifier(self.token_ids(text))

    def with_known(self, text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Probabilities `[batch, classes]`, and the share of each text's tokens that are known, `[batch]`."""
        ids = self.token_ids(text)
        return self.classifier(ids), known_share(ids)

    def explained(self, text: tf.Tensor, classes: int) -> dict[str, tf.Tensor]:
        """What each word does to the answer, see `export.graph.explaining.explanations`."""
        return explanations(self.token_ids.with_words, self.classifier.of_many, text, classes)


class KerasTokenIds(tf.Module):
    """The model's own string half; it keeps the layers, and leaves the classifier out of the file.

    Args:
        model: see `serving_graph`.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(name="keras_token_ids")
        self._layers = (model.cleaner, model.vectorizer)
        self._call = model.token_ids
        # Here, not where it is used: settings that are read while a graph is traced leave ops in it.
        self._split = (
            Split(*self._layers, model.padded_length)
            if splits_at_whitespace(model.vectorizer)
            else None
        )

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, time] int64`."""
        return self._call(text)

    def with_words(self, text: tf.Tensor) -> Tokens:
        """The same, and each token as text, of a model that `can_explain`."""
        assert self._split is not None
        tokens, ids = self._split(text), self._call(text)
        return Tokens(ids, self._split.dense(tokens, tokens.values, ""), known_tokens(ids))


def can_explain(model: Any) -> bool:
    """Whether the graph of `model` has the signature `explain`: its tokens can be told as text.

    Args:
        model: as of `serving_graph`; one that was brought cannot.
    """
    return hasattr(model, "token_ids") and splits_at_whitespace(model.vectorizer)


def serving_graph(model: Any, graph: str = GRAPHS[0], weights: str = FLOAT32) -> ServingGraph:
    """Build the graph that a SavedModel of `model` holds.

    Args:
        model: a string model with `cleaner`, `vectorizer`, `token_ids`, `padded_length` and
            `classifier`, as `keras_pipeline.model.SentimentModel` has them.
        graph: one of `export.settings.GRAPHS`. `keras` is what Keras traces, both halves,
            and serves any such model.
        weights: type in which they are stored, one of `export.settings.WEIGHTS`.

    Raises:
        ExportError: no such graph or type, or it does not know the model's layers.
    """
    classifier = serving_classifier(model.classifier, graph, weights)
    if graph == "keras":
        return ServingGraph(KerasTokenIds(model), classifier)
    return ServingGraph(TokenIds(model.cleaner, model.vectorizer, model.padded_length), classifier)
