"""A layer of strings as anybody may write one; `one_sigmoid.py` uses it, and the exporter gets it by --import."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="example")
class Shortened(keras.layers.Layer):
    """Letters that are repeated come twice at most: `[batch] string -> [batch] string`.

    RE2 has no backreference, so each letter is a pattern of its own.
    """

    def call(self, text: tf.Tensor) -> tf.Tensor:
        """`[batch] string -> [batch] string`."""
        for letter in "aeiou!?":
            text = tf.strings.regex_replace(text, f"[{letter}]{{3,}}", letter * 2)
        return text

    def compute_output_spec(self, text: keras.KerasTensor) -> keras.KerasTensor:
        """As the input."""
        return keras.KerasTensor(text.shape, dtype="string")
