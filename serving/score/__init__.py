"""A whole table scored without a server: on one machine, or on a cluster by Ray."""
