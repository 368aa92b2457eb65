"""What can go wrong between a trained model and a published version.

ExportError
├── UnreadableRunError        the model, its run folder or its data cannot be read
├── UnknownArtefactError      no such artefact is written
├── UnknownServerError        no such server can be asked here
├── UnknownBudgetError        what a version may cost cannot be read
├── UnfitModelError           somebody's model is none that can be served by this contract
└── GateError                 a check failed

DamagedFileError              for whoever reads a file, to turn into one of these or to pass over
"""

from typing import Final

from export.start.shown import shown

ALSO: Final = "\n  also: "
"""Between the reasons for a refusal."""


class ExportError(Exception):
    """The export did not happen; its message is one sentence, and the published folder is as it was.

    Attributes:
        exit_code: of a command line that ends with it.
    """

    exit_code = 1

    def shown(self) -> str:
        """The message, safe to show; a refusal has a line for each of its reasons."""
        return ALSO.join(map(shown, str(self).split(ALSO)))


class UnreadableRunError(ExportError):
    """The model, its run folder or its data cannot be read."""

    exit_code = 2


class UnknownArtefactError(ExportError):
    """No artefact is of this format with these weights and this graph."""

    exit_code = 2


class UnknownServerError(ExportError):
    """No such server can be asked on this machine."""

    exit_code = 2


class UnknownBudgetError(ExportError):
    """What a version may cost cannot be read."""

    exit_code = 2


class UnfitModelError(ExportError):
    """Somebody's model is none that can be served by this contract, or cannot be read."""

    exit_code = 2


class GateError(ExportError):
    """A check failed; nothing was published.

    Attributes:
        check: its name.
        expected: what should have been.
        received: what was.
    """

    def __init__(self, check: str, expected: str, received: str) -> None:
        super().__init__(f"check `{check}` failed: expected {expected}. Received: {received}")
        self.check, self.expected, self.received = check, expected, received


class DamagedFileError(ValueError):
    """A file of ours is there and holds something else than what was written."""
