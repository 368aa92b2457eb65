"""The numeric half of the graph: token ids to probabilities, on any backend of Keras; no file here imports TensorFlow."""
