"""Which pairs of neighbouring words get scores, and the bucket of each.

A pair that a single text holds teaches that text's label, no more. The others, most texts first, take the
bucket that their key gives them; where two meet the rarer one is left out, so that what is learned is what
is looked up later.
"""

import dataclasses
from typing import Any, Final

import numpy as np
from scipy import sparse

from keras_pipeline.fit.batches import TokenRows
from keras_pipeline.numeric.token_ids import UNKNOWN_ID
from keras_pipeline.numeric.word_scores import pair_keys

_LEAST_TEXTS: Final = 2
"""That a pair must stand in."""

_BUCKETS_A_PAIR: Final = 3
"""One pair of seven is left out then; with one bucket a pair it would be one of three."""

_MOST_NUMBERS: Final = 2**20
"""Of all buckets together, classes times buckets: 4 MB in the artefact."""

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class WordPairs:
    """A hash table of pairs.

    Attributes:
        keys: `[buckets] int64`, 0 where there is no pair, as in bucket 0.
        vocabulary_size: that keys are made with.
    """

    keys: Array
    vocabulary_size: int

    @classmethod
    def of(cls, rows: TokenRows, vocabulary_size: int) -> "WordPairs":
        """Those that `rows` hold often enough."""
        row, key = _found(rows, vocabulary_size)
        held = np.unique(np.stack([row, key]), axis=1)[1]
        keys, texts_with = np.unique(held, return_counts=True)
        often = texts_with >= _LEAST_TEXTS
        # Stable: of pairs in as many texts the one with the smaller key is first.
        order = np.argsort(-texts_with[often], kind="stable")
        most = _MOST_NUMBERS // (rows.targets.shape[1] + 1)
        return cls(_in_buckets(keys[often][order], most), vocabulary_size)

    def counts(self, rows: TokenRows) -> Any:
        """How often each pair stands in each row: `[rows, buckets]`, sparse."""
        row, key = _found(rows, self.vocabulary_size)
        bucket = key % len(self.keys)
        there = self.keys[bucket] == key
        counts = sparse.csr_matrix(
            (np.ones(there.sum()), (row[there], bucket[there])), (len(rows), len(self.keys))
        )
        counts.sum_duplicates()
        return counts


def _found(rows: TokenRows, vocabulary_size: int) -> tuple[Array, Array]:
    """Row and key of each pair of two known words."""
    ids = rows.ids.values.numpy().astype(np.int64)
    row = np.repeat(np.arange(len(rows)), np.diff(rows.ids.row_splits.numpy()))
    known = ids > UNKNOWN_ID
    pair = (row[:-1] == row[1:]) & known[:-1] & known[1:]
    return row[:-1][pair], pair_keys(ids[:-1], ids[1:], vocabulary_size)[pair]


def _in_buckets(keys: Array, most: int) -> Array:
    """The first key that claims a bucket keeps it."""
    # Odd: of an even number and an even vocabulary the second word alone would choose between halves.
    buckets = min(_BUCKETS_A_PAIR * len(keys), most) | 1
    held = np.zeros(buckets, np.int64)
    claimed, first = np.unique(keys % buckets, return_index=True)
    held[claimed] = keys[first]
    held[0] = 0
    return held
