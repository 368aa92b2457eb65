"""Keep exactly what a traced function captures, so that it is saved, once, and found by a server.

A SavedModel of a module that holds a Keras 3 model has each variable twice, and a server answers "Could not find
variable"; one that holds the model's `.variables` misses a raw `tf.Variable` in a layer, and every table. So the
function is traced, and the owners of what it captured are looked for and kept: nothing else.
"""

import gc
from collections.abc import Iterable, Iterator
from typing import Any, Final

import tensorflow as tf

from export.errors import UnfitModelError
from export.gate.graph_ops import OF_TENSORFLOW_TEXT

_PYTHON_OPS: Final = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


def owners_of(concrete: Any, root: Any) -> list[Any]:
    """The variables and tables that a concrete function captured, each once.

    Args:
        concrete: a traced `tf.function`.
        root: the object in which most of them are.

    Raises:
        UnfitModelError: one cannot be found.
    """
    wanted = {id(t) for t in concrete.captured_inputs if t.dtype in (tf.resource, tf.variant)}
    found: dict[int, Any] = {}
    for candidate in _candidates(concrete, root):
        if len(found) == len(wanted):
            break
        handle = _handle_of(candidate)
        if id(handle) in wanted:
            found.setdefault(id(handle), candidate)
    if len(found) < len(wanted):
        raise UnfitModelError(
            "`model` must hold its variables and tables as attributes of its layers. Received: "
            f"{len(wanted) - len(found)} that nothing holds"
        )
    return list(found.values())


def refuse_python(concrete: Any) -> None:
    """Refuse a graph with Python in it: no server has the function that it names.

    Raises:
        UnfitModelError: it names the op.
    """
    name = next((node.name for node in _nodes(concrete) if node.op in _PYTHON_OPS), None)
    if name is not None:
        raise UnfitModelError(
            "`model` must compute by TensorFlow's ops alone, for a server has no Python; write what tf.py_function or "
            f"tf.numpy_function does by tf.strings. Received: Python in `{name}`"
        )


def text_library_ops(concrete: Any) -> tuple[str, ...]:
    """Ops of TensorFlow Text that a concrete function needs, sorted."""
    return tuple(
        sorted({node.op for node in _nodes(concrete) if OF_TENSORFLOW_TEXT.fullmatch(node.op)})
    )


def _nodes(concrete: Any) -> Iterator[Any]:
    graph = concrete.graph.as_graph_def()
    yield from graph.node
    for inner in graph.library.function:
        yield from inner.node_def


def _candidates(concrete: Any, root: Any) -> Iterator[Any]:
    """Where owners may be, the likeliest first."""
    yield from concrete.graph.variables
    yield from _below(root)
    yield from _alive()


def _below(root: Any) -> Iterable[Any]:
    """Everything that TensorFlow would save along with `root`."""
    return (
        tf.train.TrackableView(root).descendants() if hasattr(root, "_trackable_children") else ()
    )


def _alive() -> Iterator[Any]:
    """Whatever this process holds: a table in a global of somebody's module."""
    kinds = (tf.Variable, tf.saved_model.experimental.TrackableResource)
    for thing in gc.get_objects():
        try:
            if isinstance(thing, kinds):
                yield thing
        except Exception:  # noqa: BLE001, S112 (a proxy of somebody's whose class cannot be asked)
            continue


def _handle_of(owner: Any) -> Any:
    for name in ("handle", "resource_handle"):
        try:
            found = getattr(owner, name, None)
        except Exception:  # noqa: BLE001 (a property of somebody's)
            found = None
        if found is not None:
            return found
    return None
