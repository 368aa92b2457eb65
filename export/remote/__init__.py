"""Versions in an object store: the same promises as in a folder, without a rename to make them with."""
