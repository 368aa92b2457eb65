"""The contract between the exported graph and everyone who asks it, in one place.

No TensorFlow here: the client reads these names without importing it.

    signature        inputs                          outputs
    serving_default  text [batch] string             probabilities [batch, classes] float32
    label            text [batch] string             label [batch] string, score [batch] float32,
                                                     probabilities [batch, classes] float32,
                                                     known [batch] float32
    classify         inputs [batch] string, each a   classes [batch, classes] string,
                     serialized tf.Example           scores [batch, classes] float32
    explain          text [batch] string             tokens [batch, time] string, known [batch, time] bool,
                                                     effects [batch, time, classes] float32,
                                                     probabilities [batch, classes] float32

Class names are a model's own: its assets/labels.txt, and `classes` in every answer of classify.
"""

from typing import Final

SERVING_DEFAULT: Final = "serving_default"
"""Signature that Predict uses when the caller names none."""

LABEL_SIGNATURE: Final = "label"
"""Signature that answers with the winning label in words."""

CLASSIFY_SIGNATURE: Final = "classify"
"""Signature for gRPC Classify and REST `:classify`."""

EXPLAIN_SIGNATURE: Final = "explain"
"""Signature that tells what each word of a text does to the answer; see `EFFECTS`."""

TEXT: Final = "text"
"""Input tensor: raw tweets, `[batch] string`, UTF-8. Also the bytes feature of a tf.Example."""

EXAMPLES: Final = "inputs"
"""Input tensor of Classify, whose name the server prescribes: `[batch] string`."""

PROBABILITIES: Final = "probabilities"
"""Output tensor: `[batch, classes] float32`, each row sums to 1, columns in the order of the class ids."""

LABEL: Final = "label"
"""Output tensor: the most probable class's name, `[batch] string`."""

SCORE: Final = "score"
"""Output tensor: the probability of that class, `[batch] float32`."""

KNOWN: Final = "known"
"""Output tensor: the share of a text's tokens that the vocabulary has, `[batch] float32`; 0 of no tokens.

Of `explain`: whether the vocabulary has each token, `[batch, time] bool`; false of padding.
"""

TOKENS: Final = "tokens"
"""Output tensor: the tokens as the graph reads them, `[batch, time] string`, padded with "" at the right."""

EFFECTS: Final = "effects"
"""Output tensor: how much each class's probability falls when that token is left out of those that the graph reads.

`[batch, time, classes] float32`, from -1 to 1; positive of a token that speaks for the class, 0 of padding.
"""

CLASSES: Final = "classes"
"""Output tensor of Classify, named by the server: the class names in every row, `[batch, classes] string`."""

SCORES: Final = "scores"
"""Output tensor of Classify, named by the server: probabilities, `[batch, classes] float32`."""

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

CARD_ASSET: Final = "assets.extra/model_card.json"
"""The card of a version for programs; beside it the same for people, `.md`."""

Tensors = dict[str, tuple[str, tuple[int | None, ...]]]

SIGNATURES: Final = (SERVING_DEFAULT, LABEL_SIGNATURE, CLASSIFY_SIGNATURE)
"""Names of the signatures of every version; those that this project trained have `explain`, too."""

_STRINGS: Final = ("string", (None,))
_NUMBERS: Final = ("float32", (None,))


def signatures(
    classes: int, *, known: bool = True, explains: bool = True
) -> dict[str, tuple[str, Tensors, Tensors]]:
    """Each signature of a model of so many classes: method name, inputs and outputs as (dtype, shape).

    Args:
        classes: how many.
        known: whether `label` tells how many tokens are known; of models that were brought it does not.
        explains: whether there is `explain`; of models that were brought there is none.
    """
    rows = ("float32", (None, classes))
    label: Tensors = {LABEL: _STRINGS, SCORE: _NUMBERS, PROBABILITIES: rows}
    if known:
        label[KNOWN] = _NUMBERS
    classified: Tensors = {CLASSES: ("string", (None, classes)), SCORES: rows}
    declared: dict[str, tuple[str, Tensors, Tensors]] = {
        SERVING_DEFAULT: (PREDICT_METHOD, {TEXT: _STRINGS}, {PROBABILITIES: rows}),
        LABEL_SIGNATURE: (PREDICT_METHOD, {TEXT: _STRINGS}, label),
        CLASSIFY_SIGNATURE: (CLASSIFY_METHOD, {EXAMPLES: _STRINGS}, classified),
    }
    if explains:
        declared[EXPLAIN_SIGNATURE] = (PREDICT_METHOD, {TEXT: _STRINGS}, _explanation(classes))
    return declared


def _explanation(classes: int) -> Tensors:
    return {
        TOKENS: ("string", (None, None)),
        KNOWN: ("bool", (None, None)),
        EFFECTS: ("float32", (None, None, classes)),
        PROBABILITIES: ("float32", (None, classes)),
    }


def token_signature(classes: int) -> tuple[Tensors, Tensors]:
    """Inputs and outputs of the formats that carry no text, as (dtype, shape)."""
    return {TOKEN_IDS: ("int64", (None, None))}, {PROBABILITIES: ("float32", (None, classes))}
