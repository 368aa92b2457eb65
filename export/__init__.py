"""Turn a trained `.keras` model into a SavedModel version directory that a server can trust."""
