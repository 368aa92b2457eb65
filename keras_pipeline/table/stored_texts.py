"""Texts that lie in a temporary file: in memory stays where each begins, 8 bytes a row.

As Python strings and tensors they were 220 of the 424 bytes that each row of a large table took
(docs/log.md). The file has no name, so it goes with the process, however that ends.
"""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, overload
from weakref import finalize

import numpy as np
import tensorflow as tf

from keras_pipeline.errors import DiskError

Array = np.ndarray[Any, Any]


class TextFile:
    """Texts one behind another; append, then read any.

    Raises:
        DiskError: there is no room for it.
    """

    def __init__(self) -> None:
        with _explain_no_room():
            self._file = TemporaryFile()  # noqa: SIM115 (open as long as its texts are in use)
        finalize(self, _close, self._file)
        self._starts = np.zeros(1, np.int64)

    def append(self, texts: Iterable[str]) -> None:
        """Write them behind the others."""
        encoded = [_encode(text) for text in texts]
        with _explain_no_room():
            self._file.write(b"".join(encoded))
            self._file.flush()
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self._starts = np.concatenate([self._starts, self._starts[-1] + lengths.cumsum()])

    def added(self, texts: "Texts") -> "StoredTexts":
        """Append them; a view of them alone."""
        before = len(self._starts) - 1
        for start in range(0, len(texts), _ROWS_AT_ONCE):
            self.append(np.asarray(texts[start : start + _ROWS_AT_ONCE], dtype=object))
        return self.view()[before:]

    def view(self) -> "StoredTexts":
        """All texts, in the order in which they came."""
        return StoredTexts(self, np.arange(len(self._starts) - 1, dtype=np.int32))

    def read(self, rows: Array) -> list[str]:
        """The texts of these rows."""
        starts, ends = self._starts[rows].tolist(), self._starts[rows + 1].tolist()
        file = self._file.fileno()
        return [
            _decode(os.pread(file, end - start, start))
            for start, end in zip(starts, ends, strict=True)
        ]


@contextmanager
def _explain_no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"The texts of a table need room for a temporary file in `{gettempdir()}`; make room there, or "
            f"name another folder in the environment variable TMPDIR. Received: {error.strerror}"
        ) from None


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what did not fit is written once more, and has been told
        file.close()


@dataclasses.dataclass(frozen=True, eq=False)
class StoredTexts:
    """Some texts of a file, in some order: `[rows]`, like an object array of str.

    A slice or an array of row numbers gives another view and reads nothing; one number gives the str.
    `np.asarray` reads all.

    Attributes:
        file: where they are.
        rows: which, `[rows] int32`.

    Example:
    >>> file = TextFile()
    >>> file.append(["so good", "so bad", "well"])
    >>> texts = file.view()[[2, 0]]
    >>> texts[0], texts.tolist()
    ('well', ['well', 'so good'])
    """

    file: TextFile
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int | np.integer) -> str: ...
    @overload
    def __getitem__(self, index: slice | Array | Sequence[int]) -> "StoredTexts": ...
    def __getitem__(self, index: Any) -> "str | StoredTexts":
        rows = self.rows[index]
        return (
            self.file.read(rows[np.newaxis])[0] if rows.ndim == 0 else StoredTexts(self.file, rows)
        )

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield from self.file.read(self.rows[start : start + _ROWS_AT_ONCE])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = np.empty(len(self), object)
        array[:] = self.file.read(self.rows)
        return array

    def tolist(self) -> list[str]:
        """All of them."""
        return self.file.read(self.rows)


Texts = StoredTexts | Array
"""`[rows]` str: in a file, or an object array."""

_ROWS_AT_ONCE = 1024


def joined(texts: Texts, others: Texts) -> Texts:
    """Both, one behind the other; where the first are in a file the others come to be there, too."""
    if not isinstance(texts, StoredTexts):
        return np.concatenate([texts, np.asarray(others, dtype=object)])
    if not isinstance(others, StoredTexts) or others.file is not texts.file:
        others = texts.file.added(others)
    return StoredTexts(texts.file, np.concatenate([texts.rows, others.rows]))


def text_batches(texts: Texts, batch_size: int = _ROWS_AT_ONCE) -> tf.data.Dataset:
    """Batches `[batch_size or fewer] string`, in order, read as they are asked for."""

    def batches() -> Iterator[Array]:
        for start in range(0, len(texts), batch_size):
            yield np.asarray(texts[start : start + batch_size], dtype=object)

    dataset = tf.data.Dataset.from_generator(
        batches, output_signature=tf.TensorSpec([None], tf.string)
    )
    # Else a progress bar could not tell how far it is.
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-len(texts) // batch_size)))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def _decode(text: bytes) -> str:
    return text.decode("utf-8", errors="surrogatepass")
