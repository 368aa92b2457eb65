"""A SavedModel folder that Keras's `model.export` wrote, as a function of texts."""

from typing import Any, Final

import tensorflow as tf

from export.brought.text_function import TextFunction, first_line, one_answer
from export.errors import UnfitModelError
from export.start.shown import listed

_SIGNATURES: Final = ("serving_default", "serve")


def exported_function(loaded: Any) -> TextFunction:
    """What `tf.saved_model.load` gave, by its serving signature.

    Raises:
        UnfitModelError: no such signature, or it takes no single text.
    """
    signatures = loaded.signatures
    name = next((name for name in _SIGNATURES if name in signatures), None)
    if name is None:
        raise UnfitModelError(
            f"`model` must have the signature serving_default, as model.export writes it. Received: "
            f"{listed(list(signatures)) or 'no signature'}"
        )
    signature = signatures[name]
    ((key, spec),) = _only_text(signature.structured_input_signature[1])
    as_column = spec.shape.rank == 2

    def structured(text: tf.Tensor) -> Any:
        return signature(**{key: text[:, tf.newaxis] if as_column else text})

    try:
        call, width = one_answer(structured)
    except UnfitModelError:
        raise
    except Exception as error:  # whatever a graph of somebody's raises
        raise UnfitModelError(
            f"`model` must answer a batch of texts. Received: {first_line(error)}"
        ) from error
    return TextFunction(
        call=call,
        root=loaded,
        weights=[variable.numpy() for variable in signature.variables],
        told=f"a SavedModel, by its signature {name}",
        takes=f"{key} {list(spec.shape)}".replace("None", "batch", 1),
        width=width,
    )


def _only_text(inputs: dict[str, tf.TensorSpec]) -> list[tuple[str, tf.TensorSpec]]:
    """The one input, a text a row."""
    named = listed(
        [f"{name} {list(spec.shape)} {spec.dtype.name}" for name, spec in inputs.items()]
    )
    if len(inputs) != 1:
        raise UnfitModelError(
            f"`model` must take one text a row; join several texts to one in front of it. Received: {named}"
        )
    (spec,) = inputs.values()
    if spec.dtype != tf.string:
        raise UnfitModelError(
            "`model` must take texts; build it with keras.Input((), dtype='string') in front of its TextVectorization "
            f"and export it again. Received: {named}"
        )
    shape = spec.shape.as_list() if spec.shape.rank is not None else [0]
    if shape not in ([None], [None, 1]):
        raise UnfitModelError(
            f"`model` must take [batch] or [batch, 1] strings, of any batch. Received: {named}"
        )
    return list(inputs.items())
