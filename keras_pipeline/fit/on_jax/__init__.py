"""The classifier trained on JAX, by a process of its own that has no TensorFlow: from a folder to a folder."""
