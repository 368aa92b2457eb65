"""Cleaned tweets to token ids: build and adapt the TextVectorization layer.

"so sad !!"  -> so | sad | ! | !     with punctuation tokens, the default
"so sad !!"  -> so | sad             as Keras's legacy Tokenizer filtered them in the notebook
""           -> [empty]              one token: cuDNN refuses a fully masked row
"""

from collections.abc import Container
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from keras_pipeline.table.stored_texts import Texts, text_batches

PADDING_ID: Final = 0
UNKNOWN_ID: Final = 1
"""Of a word outside the vocabulary."""

# No tweet can hold it: cleaned text has no brackets. Unless a training tweet was empty, it is
# looked up as an unknown word.
EMPTY_TOKEN: Final = "[empty]"  # noqa: S105 (a token of text, not of access)

_IDS_AT_ONCE: Final = 1_000_000


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


def adapt_vectorizer(
    vectorizer: keras.layers.TextVectorization, cleaner: keras.layers.Layer, texts: Texts
) -> None:
    """Learn the vocabulary from raw training tweets, cleaned on the way.

    Args:
        vectorizer: see `build_vectorizer`.
        cleaner: layer `[batch] string -> [batch] string`.
        texts: `[rows]` str.
    """
    vectorizer.adapt(text_batches(texts).map(cleaner, num_parallel_calls=tf.data.AUTOTUNE))


def forget_rare_words(
    vectorizer: keras.layers.TextVectorization,
    ids: np.ndarray[Any, Any],
    least_count: int,
    keep: Container[str] = (),
) -> np.ndarray[Any, Any]:
    """Make rare words unknown, so that training meets unknown words as often as they come up later.

    Args:
        vectorizer: adapted; its vocabulary shrinks.
        ids: of all tokens of the training part, `[tokens]` integers, without padding.
        least_count: times that a word must come up in them.
        keep: words that stay, however rare.

    Returns:
        The same ids in the new vocabulary, of the same dtype.
    """
    if least_count <= 1:
        return ids
    words = vectorizer.get_vocabulary()
    # NumPy makes 8 bytes of each index: not of all of them at once.
    pieces = np.array_split(ids, 1 + len(ids) // _IDS_AT_ONCE)
    counts = sum(np.bincount(piece, minlength=len(words)) for piece in pieces)
    known = np.fromiter((word in keep for word in words), bool, len(words))
    known |= counts >= least_count
    known[: UNKNOWN_ID + 1] = False  # padding and unknown are no words
    if not known.any():
        known[UNKNOWN_ID + 1 : UNKNOWN_ID + 2] = True  # Keras takes no empty vocabulary
    vectorizer.set_vocabulary([words[number] for number in np.flatnonzero(known)])
    new_ids = np.where(known, UNKNOWN_ID + known.cumsum(), UNKNOWN_ID).astype(ids.dtype)
    return np.concatenate([new_ids[piece] for piece in pieces])
