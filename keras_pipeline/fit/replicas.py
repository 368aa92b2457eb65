"""What several devices need to give the numbers of one: batches that they can share evenly.

Keras splits the first batch among the devices and averages the parts to learn their shapes, which fails
unless they are equal; and each device's mean counts the same, however few rows it has.
"""

import tensorflow as tf

from keras_pipeline.numeric.token_ids import UNKNOWN_ID

Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def even_batch(batch: Batch, replicas: int) -> Batch:
    """Rows added until `replicas` divides their number, with no effect on the loss or its gradients.

    An added row has unknown words (cuDNN refuses a row of padding only), no target, and weight 0; the
    others weigh so much more that the mean over all rows is that over themselves.

    Args:
        batch: ids `[rows, time] int64`, targets `[rows, classes] float32`, weights `[rows] float32`.
        replicas: devices that share the batch.
    """
    ids, targets, weights = batch
    rows = tf.shape(weights)[0]
    added = -rows % replicas
    weights *= tf.cast(rows + added, tf.float32) / tf.cast(rows, tf.float32)
    return (
        tf.pad(ids, [[0, added], [0, 0]], constant_values=UNKNOWN_ID),
        tf.pad(targets, [[0, added], [0, 0]]),
        tf.pad(weights, [[0, added]]),
    )
