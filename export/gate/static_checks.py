"""Checks of the gate that read a version's files and run nothing: ops, signatures, assets."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from export.errors import GateError
from export.gate.graph_ops import ops_of, unservable
from export.graph.assets import assets_of, read_lines
from export.signatures import signatures


def check_ops(directory: Path, *, ours: bool = True) -> None:
    """Refuse a graph that not every CPU server can run.

    Args:
        directory: of the version.
        ours: whether this project built the graph, of ops that are all known; else see `unservable`.

    Raises:
        GateError: it names the ops.
    """
    refused = unservable(ops_of(directory), ours=ours)
    if refused:
        named = ", ".join(f"{op} ({reason})" for op, reason in refused.items())
        raise GateError("ops", "ops that any CPU server runs", named)


def check_signatures(
    directory: Path, classes: int, *, known: bool = True, explains: bool = True
) -> None:
    """Compare names, dtypes, shapes and method names with the contract.

    Raises:
        GateError: a signature differs, is missing, or is one too many.
    """
    saved = saved_model_pb2.SavedModel.FromString((directory / "saved_model.pb").read_bytes())
    found = {
        name: (definition.method_name, _tensors(definition.inputs), _tensors(definition.outputs))
        for name, definition in saved.meta_graphs[0].signature_def.items()
        if not name.startswith("__")  # TensorFlow's own init op
    }
    expected = signatures(classes, known=known, explains=explains)
    for name, declared in expected.items():
        if found.get(name) != declared:
            raise GateError("signatures", f"`{name}` to be {declared}", f"{found.get(name)}")
    if extra := sorted(set(found) - set(expected)):
        raise GateError("signatures", f"only {', '.join(expected)}", f"also {', '.join(extra)}")


def _tensors(infos: Any) -> dict[str, tuple[str, tuple[int | None, ...]]]:
    return {
        name: (
            tf.dtypes.as_dtype(info.dtype).name,
            tuple(None if dim.size == -1 else dim.size for dim in info.tensor_shape.dim),
        )
        for name, info in infos.items()
    }


def check_assets(directory: Path, model: Any) -> None:
    """Compare the text files beside the graph with the model.

    Raises:
        GateError: a file is missing or holds something else.
    """
    for name, expected in assets_of(model).items():
        lines = read_lines(directory / name)
        if lines != expected:
            differing = [
                n for n, pair in enumerate(zip(lines, expected, strict=False)) if pair[0] != pair[1]
            ]
            where = f", the first difference in line {differing[0] + 1}" if differing else ""
            raise GateError(
                "assets",
                f"`{name}` of {len(expected)} lines, the model's own",
                f"{len(lines)} lines{where}",
            )
