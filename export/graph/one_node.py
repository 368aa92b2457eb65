"""Conditionals and calls that stay one node of the graph.

TensorFlow makes switches of a `tf.cond`, and passes over every node of the branch that is not taken: some 700 of the
ways for many rows took 16 % of one tweet's time (docs/log.md).
"""

from collections.abc import Callable

import tensorflow as tf


def cond_of_one_node(
    predicate: tf.Tensor, taken: Callable[[], tf.Tensor], otherwise: Callable[[], tf.Tensor]
) -> tf.Tensor:
    """`tf.cond` of one tensor as an op that runs one function or the other, loops in them as functions, too.

    A loop is quicker where it is not: put it in a `CallOfOneNode`.

    Example:
    >>> @tf.function
    ... def larger(a, b):
    ...     return cond_of_one_node(a > b, lambda: a, lambda: b)
    >>> int(larger(tf.constant(3), tf.constant(5)))
    5
    """
    answer = tf.cond(predicate, taken, otherwise)
    if not tf.executing_eagerly():
        (conditional,) = (one.op for one in answer.op.inputs)
        # `tf.cond` has no argument for this.
        conditional._set_attr(  # noqa: SLF001
            "_lower_using_switch_merge", tf.compat.v1.AttrValue(b=False)
        )
    return answer


class CallOfOneNode:
    """`function(*tensors)` as a call that is not inlined; what stands in it runs as elsewhere.

    It is traced once, whatever number of signatures call it, and stands in the file once.

    Args:
        function: of tensors, to one.
        specs: of what it is called with.

    Example:
    >>> add = CallOfOneNode(lambda a, b: a + b, *[tf.TensorSpec([], tf.int32)] * 2)
    >>> int(add(tf.constant(3), tf.constant(5)))
    8
    """

    def __init__(self, function: Callable[..., tf.Tensor], *specs: tf.TensorSpec) -> None:
        self._call = tf.function(
            function,
            input_signature=specs,
            autograph=False,
            experimental_attributes={"_noinline": True},
        )

    def __call__(self, *tensors: tf.Tensor) -> tf.Tensor:
        """One node, the first time the function's trace, too."""
        return self._call(*tensors)
