"""One SavedModel in memory: the requests that it answers, and how tensors travel."""
