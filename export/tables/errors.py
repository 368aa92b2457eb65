"""The one sentence about a file that is no table."""


class TableError(ValueError):
    """What was expected, what was received, and the option that mends it."""
