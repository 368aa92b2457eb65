"""Texts of which nobody has told the class: read as the table is, labels or not.

What they mean the networks of `--distill` tell (`keras_pipeline.fit.distill.members`).
"""

from typing import Any

import numpy as np

from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.chunks import read_chunks
from keras_pipeline.table.dataset import SHORTEST_CLEANED, Tweets, measure
from keras_pipeline.table.stored_texts import StoredTexts, Texts

Array = np.ndarray[Any, Any]


def read_unlabelled(source: DataSource, tweets: Tweets) -> StoredTexts | None:
    """The texts of the source's unlabelled files, each once, in a view of the table's own temporary file.

    Left out: what is too short once cleaned, and what stands, cleaned, in the table: no text of a held-out row
    may come to be learned from.

    Args:
        source: the files, and how to read them.
        tweets: the table.

    Returns:
        None where the source has no such files.

    Raises:
        UserError: a file cannot be read, lacks the text column, or none has a text that the table has not.
    """
    if not source.unlabelled_paths:
        return None
    before, read, twins = len(tweets.texts.file.view()), 0, [np.zeros(0, np.int64)]
    for path in source.unlabelled_paths:
        for chunk in read_chunks(path, source.of_texts(), labelled=False):
            column = source.found_columns(list(chunk), labelled=False)[0]
            texts = chunk[column].dropna().to_numpy(dtype=object)
            kept, hashes = are_new(texts, tweets)
            tweets.texts.file.append(texts[kept])
            twins.append(hashes[kept])
            read += len(chunk)
    first = np.sort(np.unique(np.concatenate(twins), return_index=True)[1])
    if not len(first):
        raise UserError(
            "`--unlabelled` must hold texts that the table has not. "
            f"Received: {read:,} rows, none of them usable, in {source.unlabelled_paths[0]}"
        )
    return tweets.texts.file.view()[before:][first]


def are_new(texts: Texts, tweets: Tweets) -> tuple[Array, Array]:
    """Whether each text is long enough once cleaned, and none of the table's then; `[rows] bool`, and `Tweets.twins` of all."""
    lengths, twins = measure(texts)
    return (lengths >= SHORTEST_CLEANED) & ~np.isin(twins, tweets.twins), twins
