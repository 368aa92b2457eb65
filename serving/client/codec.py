"""Texts to requests, responses to results: the half of a client that the blocking and the asyncio one share."""

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError

from export.signatures import CLASSIFY_SIGNATURE, EFFECTS, KNOWN, LABEL, PROBABILITIES, TEXT, TOKENS
from export.start.utf8 import encode_text
from serving import messages
from serving.client.errors import BadAnswerError
from serving.client.predictions import Reasons, Scores
from serving.client.results import ModelMetadata, Prediction, Signature, TensorSpec, VersionStatus
from serving.client.target import Target

_EXPLAINED: Final = (PROBABILITIES, TOKENS, KNOWN, EFFECTS)
"""Outputs of a signature that explains."""
_SLACK: Final = 1e-3
"""How far a probability or share may lie outside of 0 to 1: half precision rounds by less."""


def check_texts(texts: Iterable[str]) -> list[str]:
    """The texts as a list.

    Raises:
        TypeError: `texts` is one string, or holds something that is none.
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"Pass a list of texts: [text], not text. Received: texts={texts!r}")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"Every text must be a string. Received: texts[{index}]={text!r}")
    return texts


def batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut into pieces of at most `size`, in order.

    >>> [list(batch) for batch in batches(["a", "b", "c"], 2)]
    [['a', 'b'], ['c']]
    """
    return (texts[start : start + size] for start in range(0, len(texts), size))


def model_spec(target: Target, signature_name: str | None = None) -> Any:
    """The `ModelSpec` of a request; `signature_name` wins over the target's."""
    spec = messages.ModelSpec(name=target.model_name, signature_name=signature_name or "")
    if target.version is not None:
        spec.version.value = target.version
    elif target.version_label is not None:
        spec.version_label = target.version_label
    return spec


def predict_request(target: Target, texts: Sequence[str]) -> Any:
    """A `PredictRequest` for `[batch]` texts."""
    request = messages.PredictRequest(model_spec=model_spec(target, target.signature_name))
    tensor = request.inputs[TEXT]
    tensor.dtype = messages.DataType.STRING
    tensor.tensor_shape.dim.add(size=len(texts))
    tensor.string_val.extend(map(encode_text, texts))
    return request


def classify_request(target: Target, texts: Sequence[str]) -> Any:
    """A `ClassificationRequest`: one `tf.Example` a text, its feature named as the input tensor."""
    request = messages.ClassificationRequest(
        model_spec=model_spec(target, target.signature_name or CLASSIFY_SIGNATURE)
    )
    examples = request.input.example_list.examples
    for text in texts:
        examples.add().features.feature[TEXT].bytes_list.value.append(encode_text(text))
    return request


def metadata_request(target: Target) -> Any:
    """A `GetModelMetadataRequest` for the signatures."""
    return messages.GetModelMetadataRequest(
        model_spec=model_spec(target), metadata_field=["signature_def"]
    )


def status_request(target: Target) -> Any:
    """A `GetModelStatusRequest` for the target's version, or for all."""
    return messages.GetModelStatusRequest(model_spec=model_spec(target))


def decode(message: Any, data: bytes) -> Any:
    """A message of the class `message`, or the `BadAnswerError` that tells why there is none.

    gRPC calls this where an exception would end up in its log, with a traceback, and as INTERNAL; so the
    exception is handed over, and the functions below raise it.
    """
    try:
        return message.FromString(data)
    except DecodeError as error:
        return BadAnswerError(
            f"Expected a {message.DESCRIPTOR.name}; the answer, {len(data):,} bytes, is none ({error})."
        )


def _whole(response: Any) -> Any:
    """What `decode` gave, if it is a message.

    Raises:
        BadAnswerError: It is none.
    """
    if isinstance(response, BadAnswerError):
        raise response
    return response


def parse_predict(response: Any, count: int) -> Scores:
    """What a `PredictResponse` holds, in the order of the `count` texts sent.

    Raises:
        BadAnswerError: The response holds no `[count, classes]` float32 probabilities, does not tell which
            version gave it, or is damaged.
    """
    outputs = _whole(response).outputs
    if PROBABILITIES not in outputs:
        raise BadAnswerError(
            f'The answer has no output "{PROBABILITIES}", only {sorted(outputs)}: ask a signature that'
            " has it."
        )
    return Scores(
        _version(response),
        _rows(outputs[PROBABILITIES], count),
        _shares(outputs[KNOWN], KNOWN, [count]) if KNOWN in outputs else None,
        _strings(outputs[LABEL], LABEL, [count]) if LABEL in outputs else None,
    )


def _version(response: Any) -> int:
    """The version that gave the answer."""
    if not response.model_spec.HasField("version"):
        raise BadAnswerError("The answer does not tell which version gave it.")
    return int(response.model_spec.version.value)


def _rows(tensor: Any, count: int) -> list[Sequence[float]]:
    """The probabilities of a `[count, classes]` tensor, row by row.

    Raises:
        BadAnswerError: It is none.
    """
    dims = tensor.tensor_shape.dim
    width = dims[1].size if len(dims) == 2 and dims[1].size > 0 else "classes"
    values = _shares(tensor, PROBABILITIES, [count, width])
    size = len(values) // count
    return [values[start : start + size] for start in range(0, len(values), size)]


def _shares(tensor: Any, name: str, expected: Sequence[int | str]) -> Sequence[float]:
    """The values of a `TensorProto`, each from 0 to 1, row by row; errors as of `_floats`."""
    return _floats(tensor, name, expected, least=0)


def _floats(
    tensor: Any, name: str, expected: Sequence[int | str], *, least: int
) -> Sequence[float]:
    """The values of a `TensorProto`, each from `least` to 1, row by row.

    Raises:
        BadAnswerError: It is no float32 tensor of the shape `expected`, or a value is out of bounds.
    """
    shape = _check_form(tensor, name, expected, messages.DataType.FLOAT)
    count = math.prod(shape)
    # Both fields that may carry the values are read.
    content = tensor.tensor_content
    found = len(content) / 4 if content else len(tensor.float_val)
    if found != count:
        raise BadAnswerError(
            f"Expected {name} of shape {shape}, float32; the answer has {found:g} values."
        )
    values = struct.unpack(f"<{count}f", content) if content else list(tensor.float_val)
    _check_bounds(values, name, least)
    return values


def _strings(tensor: Any, name: str, expected: Sequence[int | str]) -> Sequence[bytes]:
    """The values of a string tensor, row by row.

    Raises:
        BadAnswerError: It is none of the shape `expected`.
    """
    shape = _check_form(tensor, name, expected, messages.DataType.STRING)
    if len(tensor.string_val) != math.prod(shape):
        raise BadAnswerError(
            f"Expected {name} of shape {shape}, string; the answer has {len(tensor.string_val)} values."
        )
    return list(tensor.string_val)


def _bools(tensor: Any, name: str, expected: Sequence[int | str]) -> Sequence[bool]:
    """The values of a bool tensor, row by row.

    Raises:
        BadAnswerError: It is none of the shape `expected`.
    """
    shape = _check_form(tensor, name, expected, messages.DataType.BOOL)
    values = list(map(bool, tensor.tensor_content)) or list(tensor.bool_val)
    if len(values) != math.prod(shape):
        raise BadAnswerError(
            f"Expected {name} of shape {shape}, bool; the answer has {len(values)} values."
        )
    return values


def _check_form(
    tensor: Any, name: str, expected: Sequence[int | str], dtype: messages.DataType
) -> list[int]:
    """The tensor's shape; a word in the one that is expected stands for a size that the tensor does not tell.

    Raises:
        BadAnswerError: Type or shape is another.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == dtype and shape == list(expected):
        return shape
    sizes = ", ".join(map(str, expected))
    wanted = f"Expected {name} of shape [{sizes}], {_dtype(dtype).replace('float', 'float32')}"
    if tensor.dtype != dtype:
        raise BadAnswerError(f"{wanted}; the answer is of {_dtype(tensor.dtype)}.")
    raise BadAnswerError(f"{wanted}; the answer has shape {shape}.")


def _check_bounds(values: Sequence[float], name: str, least: int) -> None:
    """In C where all is well: value by value it was a third of the time that an answer of 256 texts takes."""
    if (
        values
        and min(values) >= least - _SLACK
        and max(values) <= 1 + _SLACK
        and not math.isnan(sum(values))
    ):
        return
    for value in values:
        # Never true of NaN.
        if not least - _SLACK <= value <= 1 + _SLACK:
            raise BadAnswerError(f"Expected {name} from {least} to 1; the answer holds {value}.")


def parse_explain(response: Any, count: int) -> Reasons:
    """What a `PredictResponse` of `explain` holds, in the order of the `count` texts sent.

    Raises:
        BadAnswerError: An output is missing or of another shape, or the answer is damaged.
    """
    outputs = _whole(response).outputs
    missing = [name for name in _EXPLAINED if name not in outputs]
    if missing:
        raise BadAnswerError(
            f"The answer has no {', '.join(missing)}, only {sorted(outputs)}: ask a signature that explains."
        )
    dims = outputs[TOKENS].tensor_shape.dim
    shape = [count, dims[1].size if len(dims) == 2 else "tokens"]
    tokens = _cut(_strings(outputs[TOKENS], TOKENS, shape), count)
    known = _cut(_bools(outputs[KNOWN], KNOWN, shape), count)
    rows = _rows(outputs[PROBABILITIES], count)
    classes = len(rows[0])
    effects = _floats(outputs[EFFECTS], EFFECTS, [*shape, classes], least=-1)
    shares = [
        sum(found) / max(sum(map(bool, words)), 1)
        for found, words in zip(known, tokens, strict=True)
    ]
    return Reasons(
        Scores(_version(response), rows, shares),
        tokens,
        known,
        [effects[start : start + classes] for start in range(0, len(effects), classes)],
    )


def _cut(values: Sequence[Any], count: int) -> list[Sequence[Any]]:
    """Into `count` rows of one length."""
    time = len(values) // count
    return [values[row * time : (row + 1) * time] for row in range(count)]


def parse_classify(response: Any, count: int) -> list[Prediction]:
    """The predictions of a `ClassificationResponse`, in the order of the `count` texts sent.

    Raises:
        BadAnswerError: The response holds another number of rows, a row without classes, or is damaged.
    """
    rows = _classified(response, count)
    _check_bounds([found.score for row in rows for found in row.classes], PROBABILITIES, 0)
    return [
        Prediction.from_probabilities({found.label: found.score for found in row.classes})
        for row in rows
    ]


def _classified(response: Any, count: int) -> Any:
    rows = _whole(response).result.classifications
    if len(rows) != count or not all(row.classes for row in rows):
        raise BadAnswerError(
            f"Expected classes for {count} texts; the answer has {len(rows)} rows."
        )
    return rows


def parse_names(response: Any) -> tuple[int, list[str]]:
    """Of a `ClassificationResponse` to one text: the version that gave it, and its class names by class id.

    Raises:
        BadAnswerError: As `parse_classify`; or it does not tell the version.
    """
    (row,) = _classified(response, 1)
    return _version(response), [found.label for found in row.classes]


def parse_metadata(response: Any) -> ModelMetadata:
    """The signatures of a `GetModelMetadataResponse`.

    Raises:
        BadAnswerError: The response holds no signatures, or is damaged.
    """
    if "signature_def" not in _whole(response).metadata:
        raise BadAnswerError(
            f"Expected signatures (signature_def); the answer tells {sorted(response.metadata)}."
        )
    value = response.metadata["signature_def"].value
    signatures = _whole(decode(messages.SignatureDefMap, value))
    return ModelMetadata(
        name=response.model_spec.name,
        version=response.model_spec.version.value,
        signatures={
            name: Signature(_specs(found.inputs), _specs(found.outputs), found.method_name)
            for name, found in sorted(signatures.signature_def.items())
            # Every SavedModel of TensorFlow 2 carries this one; it initialises and answers nothing.
            if name != "__saved_model_init_op"
        },
    )


def _specs(tensors: Any) -> dict[str, TensorSpec]:
    return {name: _spec(info) for name, info in sorted(tensors.items())}


def _spec(info: Any) -> TensorSpec:
    shape = info.tensor_shape
    sizes = tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
    return TensorSpec(_dtype(info.dtype), None if shape.unknown_rank else sizes)


def _dtype(number: int) -> str:
    known = number in messages.DataType.__members__.values()
    return messages.DataType(number).name.lower() if known else f"type {number}"


def parse_status(response: Any) -> list[VersionStatus]:
    """The versions of a `GetModelStatusResponse`, newest first.

    Raises:
        BadAnswerError: A version is in a state that TensorFlow Serving does not have, or all is damaged.
    """
    return [
        VersionStatus(found.version, _state(found), found.status.error_message)
        for found in _whole(response).model_version_status
    ]


def _state(found: Any) -> messages.VersionState:
    try:
        return messages.VersionState(found.state)
    except ValueError as error:
        raise BadAnswerError(
            f"Expected a state such as AVAILABLE (30); version {found.version} has {found.state}."
        ) from error
