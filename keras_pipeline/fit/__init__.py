"""Rows of text to trained weights: token ids, batches, the optimizer, checkpoints, devices."""
