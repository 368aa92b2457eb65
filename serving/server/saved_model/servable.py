"""One loaded version of a model: a SavedModel and the requests it answers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.python.eager.cancellation import CancellationManager
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    input_pb2,
    predict_pb2,
)

from export.signatures import CLASSES, EXAMPLES, SCORES, SERVING_DEFAULT
from serving.server.saved_model.signature import ServedSignature, dtype_name
from serving.server.saved_model.tensors import check_rows, fill_proto
from serving.server.status import StatusError, from_error, invalid
from serving.text_ops import load_saved_model

_MAX_CONTEXT_BYTES: Final = 64 * 2**20
"""A request of 2 MB, 4,000 empty examples and one context, took 16 GB."""


class Servable:
    """A SavedModel, ready to answer.

    Args:
        path: Its version directory.
        max_rows: Rows in one request at most.

    Attributes:
        signature_defs: Every signature as the file declares it, by name.

    Raises:
        StatusError: The directory holds no SavedModel that loads.
    """

    def __init__(self, path: Path, max_rows: int) -> None:
        self._max_rows = max_rows
        try:
            self.signature_defs = _read_signature_defs(path)
            # Kept for as long as its functions are: it owns their variables and tables.
            self._root = load_saved_model(path)
        except Exception as error:
            raise from_error(error) from error
        self._signatures = {
            name: ServedSignature(self.signature_defs[name], function, max_rows)
            for name, function in self._root.signatures.items()
        }

    def predict(
        self, request: predict_pb2.PredictRequest, cancellation: CancellationManager
    ) -> predict_pb2.PredictResponse:
        """Answer a Predict; the response's spec names the signature, the caller adds the rest.

        Raises:
            StatusError: As TensorFlow Serving refuses.
        """
        name = request.model_spec.signature_name or SERVING_DEFAULT
        if name not in self._signatures:
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        signature = self._signatures[name]
        inputs = signature.read_inputs(request.inputs)
        wanted = signature.choose_outputs(request.output_filter)
        outputs = signature.run(inputs, cancellation)
        response = predict_pb2.PredictResponse()
        response.model_spec.signature_name = name
        for alias in wanted:
            fill_proto(response.outputs[alias], outputs[alias])
        return response

    def classify(
        self,
        request: classification_pb2.ClassificationRequest,
        cancellation: CancellationManager,
    ) -> classification_pb2.ClassificationResponse:
        """Answer a Classify; otherwise as `predict`.

        Raises:
            StatusError: As TensorFlow Serving refuses.
        """
        name = request.model_spec.signature_name or SERVING_DEFAULT
        if name not in self._signatures:
            raise invalid(f"No signature was found with the name: {name}")
        signature = self._signatures[name]
        signature.check_classify()
        examples = _serialized_examples(request.input, self._max_rows)
        outputs = signature.run({EXAMPLES: tf.constant(examples, tf.string)}, cancellation)
        response = classification_pb2.ClassificationResponse()
        response.model_spec.signature_name = name
        _fill_classes(response.result, outputs, len(examples))
        return response

    def signature_map(self) -> get_model_metadata_pb2.SignatureDefMap:
        """Every signature as the file declares it, as metadata tell it."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, declared in self.signature_defs.items():
            signatures.signature_def[name].CopyFrom(declared)
        return signatures


def _read_signature_defs(path: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    """The signatures that `saved_model.pb` declares for serving; TensorFlow's loader drops parts of them."""
    file = path / "saved_model.pb"
    if not file.is_file():
        raise StatusError(
            grpc.StatusCode.NOT_FOUND,
            "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
            f"{path}. Check that the directory exists and that you have the right permissions for"
            " accessing it.",
        )
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in saved_model.meta_graphs:
        if tf.saved_model.SERVING in graph.meta_info_def.tags:
            return dict(graph.signature_def)
    raise StatusError(
        grpc.StatusCode.NOT_FOUND,
        "Could not find meta graph def matching supplied tags: { serve }.",
    )


def _serialized_examples(given: input_pb2.Input, max_rows: int) -> list[bytes]:
    """Each example as bytes; a context's features stand before the example's own, which win."""
    context = b""
    examples = given.example_list.examples
    if given.WhichOneof("kind") == "example_list_with_context":
        examples = given.example_list_with_context.examples
        context = given.example_list_with_context.context.SerializeToString()
    if not examples:
        raise invalid("Input is empty.")
    check_rows(EXAMPLES, len(examples), max_rows)
    if len(context) * len(examples) > _MAX_CONTEXT_BYTES:
        raise invalid(
            f"A context of {len(context)} bytes before each of {len(examples)} examples is more than"
            f" {_MAX_CONTEXT_BYTES} bytes together: ask in smaller requests."
        )
    return [context + example.SerializeToString() for example in examples]


def _fill_classes(result: Any, outputs: Mapping[str, tf.Tensor], count: int) -> None:
    """Write classes and scores, either of which a signature may lack."""
    classes = _matrix(outputs, CLASSES, tf.string, count)
    scores = _matrix(outputs, SCORES, tf.float32, count)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid(
            "Tensors class and score should match in dim_size(1). Got "
            f"{classes.shape[1]} vs. {scores.shape[1]}"
        )
    for row in range(count):
        found = result.classifications.add()
        for column in range((scores if classes is None else classes).shape[1]):
            one = found.classes.add()
            if classes is not None:
                one.label = classes[row, column]
            if scores is not None:
                one.score = scores[row, column]


def _matrix(outputs: Mapping[str, tf.Tensor], alias: str, dtype: tf.DType, count: int) -> Any:
    """An output's values, checked as TensorFlow Serving checks them; `None` where it has none."""
    tensor = outputs.get(alias)
    if tensor is None:
        return None
    shape = tensor.shape.as_list()
    if len(shape) != 2:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {_brackets(shape)}")
    if tensor.dtype != dtype:
        expected, got = (f"DT_{dtype_name(one).upper()}" for one in (dtype, tensor.dtype))
        raise invalid(f"Expected {alias} Tensor of {expected}. Got: {got}")
    if shape[0] != count:
        raise invalid(f"Expected {alias} output batch size of {count}. Got: {shape[0]}")
    return tensor.numpy()


def _brackets(shape: Iterable[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
