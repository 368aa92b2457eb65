"""What layers over strings have in common: strings have no dtype to be cast to, and keep their shape."""

from typing import Any

import keras


class StringLayer(keras.layers.Layer):
    """Base of layers `string -> string`, any shape; a subclass defines `call`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Strings have no floating point dtype to be cast to, and live on the CPU.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True

    def compute_output_spec(self, text: Any) -> keras.KerasTensor:
        """The same shape, string again."""
        return keras.KerasTensor(text.shape, dtype="string")
