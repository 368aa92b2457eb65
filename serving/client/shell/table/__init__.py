"""A table of texts in, the same table with answers out: `--csv`."""
