"""The contract between the exported graph and everyone who asks it, in one place.

No TensorFlow here: the client reads these names without importing it.

    signature        inputs                          outputs
    serving_default  text [batch] string             probabilities [batch, 3] float32
    label            text [batch] string             label [batch] string, score [batch] float32,
                                                     probabilities [batch, 3] float32
    classify         inputs [batch] string, each a   classes [batch, 3] string,
                     serialized tf.Example           scores [batch, 3] float32
"""

from typing import Final

LABELS: Final = ("negative", "neutral", "positive")
"""Class names; the position is the class id and the column of `probabilities`."""

SERVING_DEFAULT: Final = "serving_default"
"""Signature that Predict uses when the caller names none."""

LABEL_SIGNATURE: Final = "label"
"""Signature that answers with the winning label in words."""

CLASSIFY_SIGNATURE: Final = "classify"
"""Signature for gRPC Classify and REST `:classify`."""

TEXT: Final = "text"
"""Input tensor: raw tweets, `[batch] string`, UTF-8. Also the bytes feature of a tf.Example."""

EXAMPLES: Final = "inputs"
"""Input tensor of Classify, whose name the server prescribes: `[batch] string`."""

PROBABILITIES: Final = "probabilities"
"""Output tensor: `[batch, 3] float32`, each row sums to 1, columns in the order of `LABELS`."""

LABEL: Final = "label"
"""Output tensor: the most probable class's name, `[batch] string`."""

SCORE: Final = "score"
"""Output tensor: the probability of that class, `[batch] float32`."""

CLASSES: Final = "classes"
"""Output tensor of Classify, named by the server: `LABELS` in every row, `[batch, 3] string`."""

SCORES: Final = "scores"
"""Output tensor of Classify, named by the server: probabilities, `[batch, 3] float32`."""

TOKEN_IDS: Final = "token_ids"  # noqa: S105 (a token of text, not of access)
"""Input tensor of formats that carry no text: `[batch, time] int64`, padded with 0 at the right."""

PREDICT_METHOD: Final = "tensorflow/serving/predict"
CLASSIFY_METHOD: Final = "tensorflow/serving/classify"
"""Method names that a signature carries; the server refuses Classify without the second."""

MODEL_NAME: Final = "tweet_sentiment"
"""Name under which a server offers the model, and the default folder under `models/`."""

VOCABULARY_ASSET: Final = "assets/vocabulary.txt"
"""One word a line; the line number, from 0, is the token id."""

LABELS_ASSET: Final = "assets/labels.txt"
"""One label a line; the line number, from 0, is the class id."""

_STRINGS: Final = ("string", (None,))
_ROWS_OF_3: Final = ("float32", (None, len(LABELS)))

Tensors = dict[str, tuple[str, tuple[int | None, ...]]]

SIGNATURES: Final[dict[str, tuple[str, Tensors, Tensors]]] = {
    SERVING_DEFAULT: (PREDICT_METHOD, {TEXT: _STRINGS}, {PROBABILITIES: _ROWS_OF_3}),
    LABEL_SIGNATURE: (
        PREDICT_METHOD,
        {TEXT: _STRINGS},
        {LABEL: _STRINGS, SCORE: ("float32", (None,)), PROBABILITIES: _ROWS_OF_3},
    ),
    CLASSIFY_SIGNATURE: (
        CLASSIFY_METHOD,
        {EXAMPLES: _STRINGS},
        {CLASSES: ("string", (None, len(LABELS))), SCORES: _ROWS_OF_3},
    ),
}
"""Each signature: method name, inputs and outputs as (dtype, shape)."""

TOKEN_SIGNATURE: Final[tuple[Tensors, Tensors]] = (
    {TOKEN_IDS: ("int64", (None, None))},
    {PROBABILITIES: _ROWS_OF_3},
)
"""Inputs and outputs of the formats that carry no text, as (dtype, shape)."""
