"""Cleaned tweets to token ids: build the TextVectorization layer.

"so sad !!"  -> so | sad | ! | !     with punctuation tokens, the default
"so sad !!"  -> so | sad             as Keras's legacy Tokenizer filtered them in the notebook
""           -> [empty]              one token: cuDNN refuses a fully masked row
"""

from typing import Final

import keras
import tensorflow as tf

# No tweet can hold it: cleaned text has no brackets. Training keeps it out of the vocabulary, so that it is
# looked up as an unknown word.
EMPTY_TOKEN: Final = "[empty]"  # noqa: S105 (a token of text, not of access)


def _never_empty(text: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.strings.length(tf.strings.strip(text)) == 0, EMPTY_TOKEN, text)


@keras.saving.register_keras_serializable(package="keras_pipeline")
def separate_punctuation(text: tf.Tensor) -> tf.Tensor:
    """Set each `!` and `?` apart, so that a split at whitespace makes it a token: `string -> string`.

    "diego!!!" would else be one rare word.

    Example:
    >>> separate_punctuation(tf.constant(["diego!!!", ""])).numpy().tolist()
    [b'diego !  !  ! ', b'[empty]']
    """
    return _never_empty(tf.strings.regex_replace(text, "[!?]", r" \0 "))


@keras.saving.register_keras_serializable(package="keras_pipeline")
def drop_punctuation(text: tf.Tensor) -> tf.Tensor:
    """Replace `!` and `?` with a space, as Keras's legacy Tokenizer did: `string -> string`.

    Example:
    >>> drop_punctuation(tf.constant(["oh!no", "!!"])).numpy().tolist()
    [b'oh no', b'[empty]']
    """
    return _never_empty(tf.strings.regex_replace(text, "[!?]", " "))


def build_vectorizer(
    *,
    vocabulary_size: int = 20_000,
    sequence_length: int = 40,
    punctuation_tokens: bool = True,
) -> keras.layers.TextVectorization:
    """A vectorizer that has yet to be adapted: `[batch] string -> ragged [batch, (time)] int64`.

    Args:
        vocabulary_size: words known, with padding and unknown.
        sequence_length: tokens kept of one tweet; later ones are cut.
        punctuation_tokens: each `!` and `?` is a token; else they are dropped.
    """
    return keras.layers.TextVectorization(
        max_tokens=vocabulary_size,
        standardize=separate_punctuation if punctuation_tokens else drop_punctuation,
        split="whitespace",
        output_sequence_length=sequence_length,
        # Ragged: the model pads to the longest of the batch. Dense output would always pad to 40
        # and waste two thirds of the LSTM's steps, for tweets average 13 tokens.
        ragged=True,
        name="vectorizer",
    )
