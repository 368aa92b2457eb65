"""Word vectors from outside as a first embedding table: GloVe, word2vec and fastText text files.

    the 0.04 -0.21 0.11 ...        one word a line, its numbers behind it; .gz is read as it is
    2000000 300                    word2vec and fastText begin with a line of two counts

Read line by line, so that a file of any size fits: only vectors of words in the vocabulary are kept.
"""

import dataclasses
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np

from keras_pipeline.errors import UserError

SCALE: Final = 0.4
"""Root mean square of a vector's numbers in the table, that of GloVe's files."""

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of those words that a file has.

    Attributes:
        rows: where each word's vector is.
        vectors: `[words, dimensions] float32`.
    """

    rows: dict[str, int]
    vectors: Array

    def found(self, vocabulary: Sequence[str]) -> Array:
        """Whether each word has a vector: `[vocabulary] bool`."""
        return np.array([word in self.rows for word in vocabulary])

    def table(self, vocabulary: Sequence[str], dimensions: int, seed: int) -> Array:
        """An embedding table: `[vocabulary, dimensions] float32`.

        Vectors are centred, turned to their principal axes and cut to `dimensions`, then scaled to a
        root mean square of `SCALE`. Words without a vector get noise of a tenth of that.

        Raises:
            UserError: the file's vectors are shorter than `dimensions`.
        """
        found = self.found(vocabulary)
        numbers = [self.rows[word] for word in vocabulary if word in self.rows]
        known = self.vectors[numbers].astype(np.float64)
        if known.shape[1] < dimensions:
            raise UserError(
                f"`embedding_dim` must be at most {known.shape[1]}, the length of the vectors in the "
                f"file. Received: embedding_dim={dimensions}"
            )
        known -= known.mean(axis=0)
        if known.shape[1] > dimensions:
            # The axes are the eigenvectors of the covariance; eigh sorts from the smallest on.
            axes = np.linalg.eigh(known.T @ known)[1][:, : -dimensions - 1 : -1]
            known = known @ axes
        noise = np.random.default_rng(seed).normal(0, SCALE / 10, (len(vocabulary), dimensions))
        noise[found] = known * (SCALE / max(float(np.sqrt(np.mean(known**2))), 1e-12))
        return noise.astype(np.float32)


def read_word_vectors(path: Path, vocabulary: Sequence[str]) -> WordVectors:
    """Read the vectors of `vocabulary`; of a word that comes twice the first counts.

    Raises:
        UserError: no such file, not this format, or none of the words is in it.
    """
    wanted = {word.encode() for word in vocabulary}
    dimensions = 0
    found: dict[str, Array] = {}
    with _opened(path) as file:
        for line_number, line in _lines(file):
            word, _, rest = line.partition(b" ")
            dimensions = dimensions or len(rest.split())
            if word not in wanted:
                continue
            fields = rest.split()
            # GloVe has entries of several words; a vocabulary's words hold no space.
            if len(fields) <= dimensions:
                wanted.remove(word)
                found[word.decode()] = _numbers(fields, dimensions, path, line_number)
    if not found:
        raise UserError(
            f"`{path}` must hold vectors of words in the vocabulary. Received: none of "
            f"{len(vocabulary):,} words is in it"
        )
    rows = {word: row for row, word in enumerate(found)}
    return WordVectors(rows, np.stack(list(found.values())))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw) as unpacked:
                    yield cast("BinaryIO", unpacked)
            else:
                yield raw
    except (
        OSError,
        EOFError,
        zlib.error,
    ) as error:  # the last two: the packed file was cut, or damaged
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"`embeddings` must be a readable text file of word vectors. "
            f"Received: embeddings={path} ({reason})"
        ) from None


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers from 1; a first line of two counts is left out."""
    for number, line in enumerate(file, 1):
        stripped = line.strip()
        counts = number == 1 and [field.isdigit() for field in stripped.split()] == [True, True]
        if stripped and not counts:
            yield number, stripped


def _numbers(fields: list[bytes], expected: int, path: Path, line_number: int) -> Array:
    try:
        values = np.array(fields, np.float32)
    except ValueError:
        values = np.full(1, np.nan, np.float32)
    if len(values) == expected and np.isfinite(values).all():
        return values
    received = b" ".join(fields)[:40].decode(errors="replace")
    raise UserError(
        f"`{path}` must hold one word a line with {expected} numbers behind it (GloVe, word2vec or "
        f"fastText text format). Received: {len(fields)} fields, {received!r}, in line {line_number:,}"
    )
