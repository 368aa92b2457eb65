"""One signature of a loaded model: what it takes, what it refuses, and how it runs."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

# TensorFlow has no public way to stop a function that runs; the alternative is to let work go on that
# nobody waits for any more.
from tensorflow.python.eager import context, execute
from tensorflow.python.eager.cancellation import CancellationManager

from export.signatures import CLASSES, EXAMPLES, SCORES
from serving.server.saved_model.tensors import OPAQUE, to_tensor
from serving.server.status import StatusError, from_error, invalid


class ServedSignature:
    """One signature: its declaration and the function behind it.

    Args:
        declared: What `saved_model.pb` says of it.
        function: Its `ConcreteFunction`.
        max_rows: Rows in one request at most.
    """

    def __init__(self, declared: meta_graph_pb2.SignatureDef, function: Any, max_rows: int) -> None:
        self._declared = declared
        self._max_rows = max_rows
        self._function = function
        self._inputs = {name: declared.inputs[name].dtype for name in sorted(declared.inputs)}
        self._outputs = sorted(declared.outputs)
        # Variables and tables, and how to call; both are read once, not per request.
        self._captured = list(function.captured_inputs)
        options = context.context().function_call_options.as_attrs()
        self._attributes = tuple(itertools.chain(*options.items()))

    def read_inputs(self, protos: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """The function's arguments, checked in the order in which TensorFlow Serving checks."""
        defaults = self._declared.defaults
        if len(protos) > len(self._inputs) or (len(protos) < len(self._inputs) and not defaults):
            raise self._wrong_size(protos)
        given, tensors = {}, {}
        for alias, expected in self._inputs.items():
            proto = protos.get(alias, defaults.get(alias))
            if proto is None:
                raise self._missing(alias, protos)
            given[alias] = proto
            if proto.dtype == expected or proto.dtype not in OPAQUE:
                tensors[alias] = to_tensor(alias, proto, self._max_rows)
        self._check_all_used(protos)
        self._check_dtypes(given)
        return tensors

    def _wrong_size(self, protos: Mapping[str, Any]) -> StatusError:
        sent, declared = set(protos), set(self._inputs)
        return invalid(
            f"input size does not match signature: {len(sent)}!={len(declared)}"
            f" len({_names(sent)}) != len({_names(declared)})."
            f" Sent extra: {_names(sent - declared)}."
            f" Missing but required: {_names(declared - sent)}."
        )

    def _missing(self, alias: str, protos: Mapping[str, Any]) -> StatusError:
        feed = self._declared.inputs[alias].name
        return invalid(
            f"Signature input alias: {alias}(feed name: {feed}) not found in request and no default"
            f" value provided. Inputs expected to be in the request {_names(protos)}, or default"
            f" input alias set: {','.join(sorted(self._declared.defaults))}"
        )

    def _check_all_used(self, protos: Mapping[str, Any]) -> None:
        """With default values the number may fit while a name does not."""
        used = [alias for alias in self._inputs if alias in protos]
        if len(used) != len(protos):
            raise invalid(
                f"Inputs contains invalid name. Used request inputs: {','.join(used)},"
                f" request input: {','.join(sorted(protos))}"
            )

    def _check_dtypes(self, given: Mapping[str, Any]) -> None:
        for position, (alias, expected) in enumerate(self._inputs.items()):
            provided = given[alias].dtype
            if provided != expected:
                raise invalid(
                    f"Expects arg[{position}] to be {dtype_name(tf.as_dtype(expected))}"
                    f" but {dtype_name(tf.as_dtype(provided))} is provided"
                )

    def choose_outputs(self, output_filter: Iterable[str]) -> list[str]:
        """The outputs to answer with: all, where the request names none."""
        wanted: list[str] = []
        for alias in output_filter:
            if alias not in self._outputs:
                raise invalid(
                    f"output tensor alias not found in signature: {alias}"
                    f" Outputs expected to be in the set {_names(self._outputs)}."
                )
            if alias in wanted:
                raise invalid(f"duplicate output tensor alias: {alias}")
            wanted.append(alias)
        return wanted or self._outputs

    def check_classify(self) -> None:
        """Refuse a signature whose inputs or outputs are not those of Classify.

        Its method name counts as little as at the real server, which looks at it by
        `--enable_signature_method_name_check` alone.
        """
        if len(self._inputs) != 1:
            raise invalid("Expected one input Tensor.")
        if len(self._outputs) not in (1, 2):
            raise invalid(f"Expected one or two output Tensors, found {len(self._outputs)}")
        if EXAMPLES not in self._inputs:
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"No classification inputs found in SignatureDef: {self._declared}",
            )
        if not {CLASSES, SCORES} & set(self._outputs):
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION,
                'Expected classification signature outputs to contain at least one of "classes" or'
                f' "scores". Signature was: {self._declared}',
            )

    def run(
        self, inputs: Mapping[str, tf.Tensor], cancellation: CancellationManager
    ) -> dict[str, tf.Tensor]:
        """Call the function; it ends early once `cancellation` is told to.

        The public call takes no cancellation of its own: `CancellationManagerContext` keeps it in a
        variable of the whole process, and under 16 clients now and then ended a neighbour's request.
        This is the call below it, which also takes 60 us where the public one takes 170.
        """
        try:
            outputs = execute.execute_with_cancellation(
                self._function.name,
                num_outputs=len(self._outputs),
                inputs=[*(inputs[alias] for alias in self._inputs), *self._captured],
                attrs=self._attributes,
                ctx=context.context(),
                cancellation_manager=cancellation,
            )
        except (tf.errors.OpError, UnicodeDecodeError) as error:
            raise from_error(error) from error
        # A signature's arguments and results are ordered by name.
        return dict(zip(self._outputs, outputs, strict=True))


def _names(aliases: Iterable[str]) -> str:
    """A set of names as TensorFlow Serving prints it.

    >>> _names(["b", "a"])
    '{a,b}'
    """
    return "{" + ",".join(sorted(aliases)) + "}"


def dtype_name(dtype: tf.DType) -> str:
    """A type as TensorFlow's C++ prints it, where Python says float32 and float64."""
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)
