"""A larger model, fine-tuned on the training rows, that tells a run what it thinks of many more texts."""
