"""A model learns what several of its own kind answer in the mean: one network for the price of their training."""
