"""Texts to requests, responses to results: the half of a client that the blocking and the asyncio one share."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from export.signatures import CLASSIFY_SIGNATURE, LABELS, PROBABILITIES, TEXT
from serving import messages
from serving.client.errors import BadAnswerError
from serving.client.results import ModelMetadata, Prediction, Signature, TensorSpec, VersionStatus
from serving.client.target import Target


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


def encode_text(text: str) -> bytes:
    r"""UTF-8, whatever the string holds.

    A surrogate without its half has no UTF-8; it becomes U+FFFD, as in Node.js and browsers, and a split
    pair becomes its character.

    >>> encode_text("fine \ud83d\ude00"), encode_text("half \ud83d")
    (b'fine \xf0\x9f\x98\x80', b'half \xef\xbf\xbd')
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


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


def parse_predict(response: Any, count: int) -> list[Prediction]:
    """The predictions of a `PredictResponse`, in the order of the `count` texts sent.

    Raises:
        BadAnswerError: The response holds no `[count, 3]` probabilities.
    """
    if PROBABILITIES not in response.outputs:
        raise BadAnswerError(
            f'The answer has no output "{PROBABILITIES}", only {sorted(response.outputs)}: ask a'
            " signature that has it."
        )
    tensor = response.outputs[PROBABILITIES]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    values = _floats(tensor)
    width = len(LABELS)
    if shape != [count, width] or len(values) != count * width:
        raise BadAnswerError(
            f"Expected probabilities of shape {[count, width]}, for {count} texts and the labels"
            f" {', '.join(LABELS)}; the answer has shape {shape} and {len(values)} values."
        )
    rows = (values[start : start + width] for start in range(0, len(values), width))
    return [Prediction.from_probabilities(dict(zip(LABELS, row, strict=True))) for row in rows]


def _floats(tensor: Any) -> Sequence[float]:
    """A float tensor's values; both fields that may carry them are read."""
    if tensor.tensor_content:
        return struct.unpack(f"<{len(tensor.tensor_content) // 4}f", tensor.tensor_content)
    return list(tensor.float_val)


def parse_classify(response: Any, count: int) -> list[Prediction]:
    """The predictions of a `ClassificationResponse`, in the order of the `count` texts sent.

    Raises:
        BadAnswerError: The response holds another number of rows, or a row without classes.
    """
    rows = response.result.classifications
    if len(rows) != count or not all(row.classes for row in rows):
        raise BadAnswerError(
            f"Expected classes for {count} texts; the answer has {len(rows)} rows."
        )
    return [
        Prediction.from_probabilities({found.label: found.score for found in row.classes})
        for row in rows
    ]


def parse_metadata(response: Any) -> ModelMetadata:
    """The signatures of a `GetModelMetadataResponse`."""
    signatures = messages.SignatureDefMap()
    signatures.ParseFromString(response.metadata["signature_def"].value)
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
    known = info.dtype in messages.DataType.__members__.values()
    dtype = messages.DataType(info.dtype).name.lower() if known else f"type {info.dtype}"
    shape = info.tensor_shape
    sizes = tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
    return TensorSpec(dtype, None if shape.unknown_rank else sizes)


def parse_status(response: Any) -> list[VersionStatus]:
    """The versions of a `GetModelStatusResponse`, newest first."""
    return [
        VersionStatus(
            found.version,
            messages.VersionState(found.state),
            found.status.error_message,
        )
        for found in response.model_version_status
    ]
