"""The tweets that are measured with: the table, a smaller one for a quick run, batches of texts."""

import csv
import dataclasses
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from keras_pipeline.data_source import DataSource, find_source
from keras_pipeline.table.chunks import read_chunks
from keras_pipeline.table.dataset import Tweets
from keras_pipeline.table.first_look import check_files

TWITTER_SHA256: Final = "72272bdb46bde06bd26de483935ed787492e124187f7cf8a72572c6641cd2d9f"
"""Of Twitter_Data.csv, for which the aims of quality were set."""

_SYLLABLES: Final = [
    f"q{first}{second}" for first in "abcdefghijklmnopqrstuvwxyz" for second in "aeiou"
]


def find_table(data: Path | None) -> DataSource:
    """The table to measure with: `data`, else Twitter_Data.csv, else the bundled corpus.

    Raises:
        UserError: there is none, or its head cannot be read as a table of labelled texts.
    """
    source = find_source(data)
    check_files(source)
    return source


def smaller_table(source: DataSource, rows: int, to: Path) -> DataSource:
    """At most `rows` rows of the table, each label with its share, all columns, as UTF-8.

    Args:
        source: the whole table.
        rows: how many rows are wanted.
        to: file to write.

    Returns:
        The new table; `source` itself where it has no more rows.
    """
    pieces = [chunk for path in source.paths() for chunk in read_chunks(path, source)]
    table = pd.concat(pieces, ignore_index=True)
    text, label = source.found_columns(list(table))
    table = table.dropna(subset=[text, label])
    if len(table) <= rows:
        return source
    drawn = table.groupby(label).sample(frac=rows / len(table), random_state=0)
    # In the file's own order: sorted by label, the first rows would be of one class.
    drawn.sort_index().to_csv(to, index=False, encoding="utf-8")
    as_written: dict[str, Any] = {"delimiter": None, "columns": (), "quotes": True}
    return dataclasses.replace(source, path=to, more_paths=(), encoding="utf-8", **as_written)


def data_options(source: DataSource) -> list[str]:
    """The options by which this project's commands read the table."""
    return [f"--data={source.path.resolve()}", f"--encoding={source.encoding}"]


def batches_of(texts: np.ndarray[Any, Any], rows: int, count: int) -> list[list[str]]:
    """`count` batches of `rows` random tweets: one tweet may be long or short."""
    draw = np.random.default_rng(rows)
    return [draw.choice(texts, rows).tolist() for _ in range(count)]


def texts_of_length(texts: np.ndarray[Any, Any], words: int, count: int) -> list[str]:
    """`count` texts of exactly `words` real words each."""
    pool = " ".join(texts[: 50 * count]).split()
    starts = np.random.default_rng(words).integers(0, len(pool), count)
    return [" ".join((pool[start:] + pool * (words // len(pool) + 1))[:words]) for start in starts]


def write_many_rows(tweets: Tweets, labels: tuple[str, ...], rows: int, to: Path) -> None:
    """A table of `rows` real tweets, each made another by three words of its own.

    Without those, repeated tweets would be dropped from training as twins of the test part.
    """
    order = np.random.default_rng(0).permutation(len(tweets.texts))
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "sentiment"])
        for row in range(rows):
            drawn = order[row % len(order)]
            text, label = tweets.texts[drawn], labels[tweets.labels[drawn]]
            writer.writerow([f"{text} {_own_words(row)}", label])


def _own_words(number: int) -> str:
    """Three made-up words that no other number has, of 130 in all."""
    base = len(_SYLLABLES)
    digits = number % base, number // base % base, number // base**2
    return " ".join(_SYLLABLES[digit] for digit in digits)
