"""The words that a model knows: learned from the training tweets, the rare ones forgotten."""

from collections.abc import Container
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from keras_pipeline.layers.vectorizer import EMPTY_TOKEN
from keras_pipeline.numeric.token_ids import UNKNOWN_ID
from keras_pipeline.table.stored_texts import Texts, text_batches

_IDS_AT_ONCE: Final = 1_000_000


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
    words = vectorizer.get_vocabulary()
    # Of an empty text nothing is known, whatever training had.
    if EMPTY_TOKEN in words and len(words) > UNKNOWN_ID + 2:
        vectorizer.set_vocabulary([word for word in words[UNKNOWN_ID + 1 :] if word != EMPTY_TOKEN])


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
