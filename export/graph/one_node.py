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

    A loop is quicker where it is not: put it in a `call_of_one_node`.

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


def call_of_one_node(function: Callable[..., tf.Tensor], *tensors: tf.Tensor) -> tf.Tensor:
    """`function(*tensors)` as a call that is not inlined; what stands in it runs as elsewhere.

    Example:
    >>> int(call_of_one_node(lambda a, b: a + b, tf.constant(3), tf.constant(5)))
    8
    """
    call = tf.function(
        function,
        input_signature=[tf.TensorSpec(one.shape, one.dtype) for one in tensors],
        autograph=False,
        experimental_attributes={"_noinline": True},
    )
    return call(*tensors)
