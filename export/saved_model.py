"""Build the serving graph of a trained model and write it as a SavedModel.

The graph is traced without cuDNN: a Keras LSTM looks for a GPU while it is traced, and an export made
on a GPU machine would hold an op that no CPU server can run. The setting is not part of the layer's
config, so a reloaded model is back at "auto" and the classifier is built anew here.
"""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from export.signatures import LABELS, PROBABILITIES, SERVING_DEFAULT, TEXT


class ServingModule(tf.Module):
    """What the SavedModel holds: call it with tweets, or by its signature.

    Args:
        model: a model with a `token_ids` method (`[batch] string -> [batch, time] int64`), which is
            the string half, and a `classifier` (`[batch, time] int64 -> [batch, 3] float32`).
    """

    def __init__(self, model: Any) -> None:
        super().__init__(name="tweet_sentiment")
        self._string_half = model
        self._classifier = portable_classifier(model.classifier)
        self.labels = tf.constant(LABELS)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=TEXT)])
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch, 3] float32`."""
        rows = tf.shape(text)[0]
        stand_in = tf.fill([tf.cast(rows == 0, tf.int32)], "")
        ids = self._string_half.token_ids(tf.concat([text, stand_in], axis=0))
        return self._classifier(ids, training=False)[:rows]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=TEXT)])
    def serving_default(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {probabilities: [batch, 3] float32}`."""
        return {PROBABILITIES: self(text)}


def portable_classifier(classifier: keras.Model) -> keras.Model:
    """A copy of `classifier` whose LSTMs never use cuDNN, whatever machine traces it."""
    copy = keras.Model.from_config(classifier.get_config())
    copy.set_weights(classifier.get_weights())
    for layer in copy._flatten_layers():  # noqa: SLF001 (Keras offers no public walk over inner layers)
        if isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
            layer.use_cudnn = False
    return copy


def write_saved_model(model: Any, directory: Path) -> None:
    """Write the serving graph of `model` into `directory`, which must exist or be free.

    Args:
        model: see `ServingModule`.
        directory: becomes a SavedModel.
    """
    module = ServingModule(model)
    tf.saved_model.save(
        module, str(directory), signatures={SERVING_DEFAULT: module.serving_default}
    )
