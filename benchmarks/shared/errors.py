"""What stops one measurement, and not those after it."""


class BenchError(RuntimeError):
    """One sentence: which step failed, and its last words."""
