"""What can go wrong between a trained model and a published version."""


class ExportError(Exception):
    """The export did not happen; its message is one sentence, and the published folder is as it was."""
