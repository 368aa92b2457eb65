"""Ids that are no word's."""

from typing import Final

PADDING_ID: Final = 0
UNKNOWN_ID: Final = 1
"""Of a word outside the vocabulary."""
