"""A Keras model as a function of texts: Sequential, functional, nested, subclassed, or KerasHub's with a preprocessor."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import keras
import tensorflow as tf

from export.brought.fast_function import fast_call
from export.brought.text_function import TextFunction, first_line, one_answer
from export.errors import UnfitModelError
from export.start.shown import listed

Give = Callable[[tf.Tensor], Any]

_TEXT_LAYERS: Final = (keras.layers.TextVectorization, keras.layers.StringLookup)
_LOOKUPS: Final = (*_TEXT_LAYERS, keras.layers.IntegerLookup)
_SAME: Final = ("Identity", "Cast", "Dropout", "Reshape", "Flatten")
"""Layers behind the head that leave its numbers as they are."""

_MOST_LAYERS: Final = 30


def keras_function(model: Any) -> TextFunction:
    """A loaded or trained Keras model; its layers are told not to look for cuDNN.

    Raises:
        UnfitModelError: it takes no single text, has several outputs, or a table without words.
    """
    layers = list(_layers_of(model))
    _refuse_unadapted(layers)
    for layer in layers:
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False  # "auto" looks for a GPU while it is traced
    call, takes, width, give = _traceable(model)
    return TextFunction(
        call=call,
        root=model,
        weights=list(model.get_weights()),
        told=_told(model),
        takes=takes,
        width=width,
        activation=_activation(model),
        loss=getattr(model, "loss", None) if getattr(model, "compiled", False) else None,
        cuts=_cuts(layers),
        words=_words(layers),
        fast=fast_call(model, give),
    )


def _layers_of(model: Any) -> Iterator[Any]:
    if not isinstance(model, keras.layers.Layer):
        raise UnfitModelError(
            f"`model` must be a Keras model. Received: model of type {type(model).__name__}"
        )
    yield from model._flatten_layers()  # noqa: SLF001 (Keras offers no public walk over inner layers)
    preprocessor = getattr(model, "preprocessor", None)
    if isinstance(preprocessor, keras.layers.Layer):
        yield from preprocessor._flatten_layers()  # noqa: SLF001


def _refuse_unadapted(layers: list[Any]) -> None:
    for layer in layers:
        if isinstance(layer, _LOOKUPS) and not _own_words(layer):
            raise UnfitModelError(
                "`model` must know its words; call adapt(texts) or set_vocabulary(words) before it is saved. "
                f"Received: the {type(layer).__name__} `{layer.name}` without a word"
            )


def _own_words(layer: Any) -> list[Any]:
    return list(layer.get_vocabulary(include_special_tokens=False))


def _traceable(model: Any) -> tuple[Callable[[tf.Tensor], tf.Tensor], str, int, Give]:
    """The call, how it takes a text, its width, and what gives it: the first way to hand a text over that it takes."""
    failed: Exception | None = None
    for takes, give, ask in _ways(model):

        def structured(text: tf.Tensor, give: Give = give, ask: Give = ask) -> Any:
            return ask(give(text))

        try:
            call, width = one_answer(structured)
        except UnfitModelError as error:
            failed = error if not isinstance(failed, UnfitModelError) else failed
        except Exception as error:  # noqa: BLE001 (whatever somebody's layers raise)
            failed = failed or error
        else:
            return call, takes, width, give
    if isinstance(failed, UnfitModelError):
        raise failed
    reason = first_line(failed) if failed else "it takes none"
    raise UnfitModelError(
        f"`model` must take a batch of texts, [batch] or [batch, 1] strings. Received: {reason}"
    ) from failed


def _ways(model: Any) -> Iterator[tuple[str, Give, Give]]:
    """Names of the input, what makes it of `[batch]` texts, and what is asked with it."""
    inputs = _inputs(model)

    def ask(given: Any) -> Any:
        return model(given, training=False)

    if inputs and _takes_text(inputs):
        shape = inputs[0].shape
        give = _rows if len(shape) == 1 else _column
        structure = inputs[0] if isinstance(model, keras.Sequential) else model.input
        yield (
            _shown_input(inputs),
            lambda text: keras.tree.map_structure(lambda _: give(text), structure),
            ask,
        )
    elif callable(getattr(model, "preprocessor", None)):
        yield "[batch], by the model's own preprocessor", model.preprocessor, ask
    elif isinstance(model, keras.Sequential) and isinstance(model.layers[0], keras.layers.Layer):
        # One without an Input is loaded with an input of float, whatever its first layer takes.
        if not isinstance(model.layers[0], _TEXT_LAYERS) and inputs:
            raise _no_single_text(inputs)
        yield "[batch]", _rows, lambda text: _one_by_one(model, text)
        yield "[batch, 1]", _column, lambda text: _one_by_one(model, text)
    elif inputs:
        raise _no_single_text(inputs)
    else:
        yield from _ways_of_subclass(model, ask)


def _ways_of_subclass(model: Any, ask: Give) -> Iterator[tuple[str, Give, Give]]:
    """A subclass declares no input: as it was called when it was built, else whatever it takes."""
    built = (model.get_build_config() or {}).get("input_shape")
    if isinstance(built, dict) and len(built) == 1:
        ((name, shape),) = built.items()
        give = _column if len(shape) == 2 else _rows
        yield f"{{{name}: {_dims(shape)}}}", lambda text: {name: give(text)}, ask
        return
    if isinstance(built, dict):
        raise UnfitModelError(_several(f"{len(built)} inputs, {listed(list(map(str, built)))}"))
    ways = [("[batch]", _rows, ask), ("[batch, 1]", _column, ask)]
    yield from (reversed(ways) if built is not None and len(built) == 2 else ways)


def _inputs(model: Any) -> list[Any]:
    """The declared inputs; none of a subclass, or of a Sequential that was never called."""
    try:
        return list(model.inputs)
    except (AttributeError, ValueError, TypeError):
        return []


def _takes_text(inputs: list[Any]) -> bool:
    shape = inputs[0].shape
    return (
        len(inputs) == 1
        and inputs[0].dtype == "string"
        and shape[0] is None
        and (len(shape) == 1 or tuple(shape[1:]) == (1,))
    )


def _no_single_text(inputs: list[Any]) -> UnfitModelError:
    named = _shown_input(inputs)
    if len(inputs) == 1 and inputs[0].dtype != "string":
        return UnfitModelError(
            "`model` must take texts, not what was made of them; put the TextVectorization in front, "
            f"keras.Sequential([keras.Input((), dtype='string'), vectorizer, model]). Received: {named}"
        )
    return UnfitModelError(_several(named))


def _several(received: str) -> str:
    return (
        "`model` must take one text a row, [batch] or [batch, 1] strings; join several texts to one in front of it. "
        f"Received: {received}"
    )


def _shown_input(inputs: list[Any]) -> str:
    return listed([f"{t.name} {_dims(t.shape)} {t.dtype}" for t in inputs])


def _dims(shape: Any) -> str:
    return f"[{', '.join(str(d) if n else 'batch' for n, d in enumerate(shape))}]"


def _rows(text: tf.Tensor) -> tf.Tensor:
    return text


def _column(text: tf.Tensor) -> tf.Tensor:
    return text[:, tf.newaxis]


def _one_by_one(model: Any, x: tf.Tensor) -> Any:
    for layer in model.layers:
        x = layer(x)
    return x


def _told(model: Any) -> str:
    kinds = [type(layer).__name__ for layer in getattr(model, "layers", [])]
    return (
        f"{type(model).__name__}: {listed(kinds, _MOST_LAYERS)}" if kinds else type(model).__name__
    )


def _activation(model: Any) -> str | None:
    """What the last layer makes of its numbers; inside nested models too."""
    try:
        tensor = model.outputs[0]
    except (AttributeError, ValueError, TypeError, IndexError):
        return None
    for _ in range(_MOST_LAYERS):
        operation, _node, _index = tensor._keras_history  # noqa: SLF001 (the only way back)
        name = type(operation).__name__
        if isinstance(operation, keras.Model):
            tensor = operation.outputs[0]
        elif name in _SAME:
            tensor = keras.tree.flatten(operation.input)[0]
        else:
            return _activation_of(operation, name)
    return None


def _activation_of(operation: Any, name: str) -> str | None:
    if name in ("Softmax", "Sigmoid"):
        return name.lower()
    activation = getattr(operation, "activation", None)
    if activation is None:
        return None
    return getattr(activation, "__name__", type(activation).__name__).lower()


def _cuts(layers: list[Any]) -> bool:
    """Whether a long text costs no more than a short one behind the vectorizer."""
    vectorizers = [layer for layer in layers if isinstance(layer, keras.layers.TextVectorization)]
    configs = [layer.get_config() for layer in vectorizers]
    return bool(configs) and all(
        config["output_mode"] != "int" or config["output_sequence_length"] is not None
        for config in configs
    )


def _words(layers: list[Any]) -> list[str] | None:
    lookups = [
        layer
        for layer in layers
        if isinstance(layer, _TEXT_LAYERS) and not layer.name.startswith("_")
    ]
    vectorizers = [layer for layer in lookups if isinstance(layer, keras.layers.TextVectorization)]
    if len(vectorizers) != 1 or vectorizers[0].get_config()["output_mode"] != "int":
        return None
    words = list(map(str, vectorizers[0].get_vocabulary()))
    return None if any("\n" in word for word in words) else words
