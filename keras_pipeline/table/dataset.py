"""CSV to labelled tweets, with an account of every row that was left out.

The file is read in chunks, and the texts of the kept rows go to a temporary file. A row is dropped where its
text or label is missing, where the cleaned text is 2 characters or fewer (as the notebook did), and,
on request, where the label is none of the three.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import tensorflow as tf

from export.signatures import LABELS
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.table.csv_errors import CELLS_AS_TEXT, check_columns, explain_csv_errors
from keras_pipeline.table.stored_texts import StoredTexts, TextFile, Texts
from keras_pipeline.text_tables import Cells

SHORTEST_CLEANED: Final = 3
"""Characters a cleaned tweet must have; the notebook dropped those of 2 or fewer."""

_CHUNK_ROWS: Final = 10_000


@dataclasses.dataclass(frozen=True)
class ReadReport:
    """What reading did: the notebook's overview of its table.

    Attributes:
        rows_read: rows of the file.
        missing: rows dropped for a missing text or label.
        too_short: rows dropped for a cleaned text of 2 characters or fewer.
        unknown_labels: rows dropped for a label outside the three, by that label.
        label_counts: kept rows by label.
        length_quartiles: characters of the kept raw texts: least, 25 %, 50 %, 75 %, most.
    """

    rows_read: int
    missing: int
    too_short: int
    unknown_labels: dict[str, int]
    label_counts: dict[str, int]
    length_quartiles: tuple[int, ...]

    @property
    def rows_kept(self) -> int:
        """Rows that remain."""
        return sum(self.label_counts.values())

    def table(self) -> Cells:
        """Two columns for a table: what, how many."""
        return [
            ["rows read", self.rows_read],
            ["dropped: text or label missing", self.missing],
            ["dropped: too short after cleaning", self.too_short],
            *([f"dropped: label {name!r}", count] for name, count in self.unknown_labels.items()),
            ["rows kept", self.rows_kept],
            *([f"  {name}", count] for name, count in self.label_counts.items()),
            ["characters (min 25% 50% 75% max)", " ".join(map(str, self.length_quartiles))],
        ]


@dataclasses.dataclass(frozen=True, eq=False)
class Tweets:
    """Labelled tweets in the file's order.

    Attributes:
        texts: raw tweets, `[rows]` str.
        labels: class ids, `[rows] int64`.
        twins: equal for rows whose cleaned text is equal, `[rows] int64` (a 64-bit hash: among 1.6
            million rows the chance of one collision is below 1e-7).
        report: what reading did.
        spans: the part of each text that carries its sentiment, `[rows]` str, empty where there
            is none; None if the table has no such column.
        ids: names of the rows, `[rows]` str; None if nobody asked, or the table has no such column.
    """

    texts: StoredTexts
    labels: np.ndarray[Any, Any]
    twins: np.ndarray[Any, Any]
    report: ReadReport
    spans: StoredTexts | None = None
    ids: StoredTexts | None = None


def read_tweets(source: DataSource) -> Tweets:
    """Read, clean for the checks, and account for every row.

    Raises:
        UserError: no such file, not a CSV, empty, a column missing, undecodable bytes, labels outside
            the three (unless the source says to drop them), or no row left.
    """
    tally: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    texts: defaultdict[str, TextFile] = defaultdict(TextFile)
    parts = [_keep(chunk, tally, unknown, texts) for chunk in _chunks(source)]
    if unknown and not source.drop_unknown_labels:
        named = ", ".join(f"{name!r} ({count:,} rows)" for name, count in unknown.most_common(10))
        raise UserError(
            f"Column `{source.label_column}` must hold {', '.join(LABELS)}; correct the file or pass "
            f"--drop-unknown-labels. Received: {named}"
        )
    labels, twins, characters = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(labels):
        raise UserError(
            f"`{source.path}` must hold rows with a text and a label. "
            f"Received: {tally['read']:,} rows, none of them usable"
        )
    columns = {name: file.view() for name, file in texts.items()}
    report = _report(characters, labels, tally, unknown)
    return Tweets(labels=labels, twins=twins, report=report, **columns)


def _chunks(source: DataSource) -> Iterator[pd.DataFrame]:
    """The file piece by piece: columns `text` and `label`, `span` and `id` if there; NaN for empty."""
    columns = {source.text_column: "text", source.label_column: "label"}
    columns.setdefault(source.span_column, "span")
    if source.soft_labels is not None:  # nothing else asks for ids
        columns.setdefault(source.id_column, "id")
    with (
        explain_csv_errors(source),
        # Every column is parsed, though two are kept: asked for two, pandas would not notice a row with
        # a comma too many.
        pd.read_csv(
            source.path, encoding=source.encoding, chunksize=_CHUNK_ROWS, **CELLS_AS_TEXT
        ) as reader,
    ):
        for chunk in reader:
            check_columns(chunk, source)
            yield chunk[[name for name in columns if name in chunk]].rename(columns=columns)


def _keep(
    chunk: pd.DataFrame,
    tally: Counter[str],
    unknown: Counter[str],
    files: dict[str, TextFile],
) -> tuple[np.ndarray[Any, Any], ...]:
    """Labels, twins and characters of one chunk's usable rows.

    The files, by their names in `Tweets`, get the texts; the tallies get what was dropped.
    """
    present = chunk.dropna(subset=["text", "label"])
    labels = present["label"].str.strip()
    known = labels.isin(LABELS)
    unknown.update(labels[~known])
    rows = present[known].fillna("")
    texts = rows["text"].to_numpy(dtype=object)
    lengths, twins = measure(texts)
    long_enough = lengths >= SHORTEST_CLEANED
    tally.update(
        read=len(chunk), missing=len(chunk) - len(present), too_short=int((~long_enough).sum())
    )
    ids = labels[known].map(LABELS.index).to_numpy(dtype=np.int64)
    for name in {"text", "span", "id"} & set(rows):
        files[f"{name}s"].append(rows[name][long_enough])
    characters = np.fromiter(map(len, texts), np.int32, len(texts))
    return ids[long_enough], twins[long_enough], characters[long_enough]


def measure(texts: Texts) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Length and 64-bit hash of the cleaned texts: `[rows] str -> [rows] int, [rows] int64`.

    Cleaned as the notebook did, whatever cleaner a run uses: the notebook's rows are the ones kept.
    """
    cleaned = TweetCleaner()(tf.constant(np.asarray(texts, dtype=object), tf.string))
    hashes = tf.strings.to_hash_bucket_fast(cleaned, num_buckets=2**63 - 1)
    return tf.strings.length(cleaned).numpy(), hashes.numpy()


def _report(
    characters: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    tally: Counter[str],
    unknown: Counter[str],
) -> ReadReport:
    counts = np.bincount(labels, minlength=len(LABELS)).tolist()
    quartiles = np.percentile(characters, [0, 25, 50, 75, 100]).round().astype(int).tolist()
    return ReadReport(
        rows_read=tally["read"],
        missing=tally["missing"],
        too_short=tally["too_short"],
        unknown_labels=dict(unknown.most_common()),
        label_counts=dict(zip(LABELS, counts, strict=True)),
        length_quartiles=tuple(quartiles),
    )
