"""The contract between the exported graph and everyone who asks it, in one place.

No TensorFlow here: the client reads these names without importing it.
"""

from typing import Final

LABELS: Final = ("negative", "neutral", "positive")
"""Class names; the position is the class id and the column of `probabilities`."""

SERVING_DEFAULT: Final = "serving_default"
"""Signature that Predict uses when the caller names none."""

TEXT: Final = "text"
"""Input tensor: raw tweets, `[batch] string`, UTF-8."""

PROBABILITIES: Final = "probabilities"
"""Output tensor: `[batch, 3] float32`, each row sums to 1, columns in the order of `LABELS`."""

MODEL_NAME: Final = "tweet_sentiment"
"""Name under which a server offers the model, and the default folder under `models/`."""
