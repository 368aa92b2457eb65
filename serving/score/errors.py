"""What can go wrong while a table is scored: one sentence each."""


class ScoreError(Exception):
    """What was expected, what was received, and what to do.

    Attributes:
        exit_code: Of the command that ends with it: 2 for a wrong word or input.
    """

    exit_code = 2


class OtherJobError(ScoreError):
    """The output folder holds another job's answers, or its process is still at work."""


class StoppedError(ScoreError):
    """It went well until something gave way; the same command goes on."""

    exit_code = 1
