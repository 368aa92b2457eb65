"""CSV to labelled tweets, with an account of every row that was left out.

The file is read in chunks, and the texts of the kept rows go to a temporary file. A row is dropped where its
text or label is missing, where the cleaned text is 2 characters or fewer (as the notebook did), and,
on request, where the label is none of those asked for.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import tensorflow as tf

from export.start.shown import shown
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.labels import MOST_CLASSES, LabelMap, check_names, named_by
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.table.chunks import read_chunks
from keras_pipeline.table.printed import MOST_LINES, Cells
from keras_pipeline.table.stored_texts import StoredTexts, TextFile, Texts

SHORTEST_CLEANED: Final = 3
"""Characters a cleaned tweet must have; the notebook dropped those of 2 or fewer."""

VALIDATION, TEST = 1, 2
"""Of `Tweets.parts`."""


@dataclasses.dataclass(frozen=True)
class ReadReport:
    """What reading did: the notebook's overview of its table.

    Attributes:
        rows_read: rows of the file.
        missing: rows dropped for a missing text or label.
        too_short: rows dropped for a cleaned text of 2 characters or fewer.
        unknown_labels: rows dropped for a label outside those asked for, by that label.
        label_counts: kept rows by class name, in the order of the ids.
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
            *self._dropped_labels(),
            ["rows kept", self.rows_kept],
            *self._classes(),
            ["characters (min 25% 50% 75% max)", " ".join(map(str, self.length_quartiles))],
        ]

    def _dropped_labels(self) -> Cells:
        pairs = list(self.unknown_labels.items())
        some = [
            [f"dropped: label {shown(name, 40)!r}", count] for name, count in pairs[:MOST_LINES]
        ]
        others = sum(count for _, count in pairs[MOST_LINES:])
        return [*some, *([["dropped: other labels", others]] if others else [])]

    def _classes(self) -> Cells:
        """Rows of each class; of many, of the largest and the smallest."""
        counts = self.label_counts
        if len(counts) <= MOST_LINES:
            return [[f"  {shown(name, 40)}", count] for name, count in counts.items()]
        return [
            ["  classes", len(counts)],
            ["  rows of the largest", max(counts.values())],
            ["  rows of the smallest", min(counts.values())],
        ]


@dataclasses.dataclass(frozen=True, eq=False)
class Tweets:
    """Labelled tweets in the file's order.

    Attributes:
        texts: raw tweets, `[rows]` str.
        labels: class ids, `[rows] int64`.
        label_names: name of each class.
        twins: equal for rows whose cleaned text is equal, `[rows] int64` (a 64-bit hash: among 1.6
            million rows the chance of one collision is below 1e-7).
        report: what reading did.
        spans: the part of each text that carries its sentiment, `[rows]` str, empty where there
            is none; None if the table has no such column.
        ids: names of the rows, `[rows]` str; None if nobody asked, or the table has no such column.
        parts: where the table came in parts, 0 for rows to be cut into them, `VALIDATION` or `TEST` for those
            that are one: `[rows] int8`; None for 0 everywhere.
    """

    texts: StoredTexts
    labels: np.ndarray[Any, Any]
    label_names: tuple[str, ...]
    twins: np.ndarray[Any, Any]
    report: ReadReport
    spans: StoredTexts | None = None
    ids: StoredTexts | None = None
    parts: np.ndarray[Any, Any] | None = None


def read_tweets(source: DataSource, names: Sequence[str] | None = None) -> Tweets:
    """Read, clean for the checks, and account for every row.

    Args:
        source: the file, and what its values stand for.
        names: the classes of a model that shall be asked; where given, labels outside them are refused,
            or dropped if the source says so. By default the table's own.

    Raises:
        UserError: no such file, not a CSV, empty, a column missing, undecodable bytes, labels outside
            those asked for (unless the source says to drop them), or no row left.
    """
    labels = _Labels(source, names)
    tally: Counter[str] = Counter()
    texts: defaultdict[str, TextFile] = defaultdict(TextFile)
    kept = [
        (*rows, np.full(len(rows[0]), part, np.int8))
        for part, chunk in _all_chunks(source)
        for rows in [_keep(chunk, tally, labels, texts)]
    ]
    labels.refuse_unknown()
    numbers, twins, characters, parts = _joined(kept)
    if not len(numbers):
        raise UserError(
            f"`{source.path}` must hold rows with a text and a label. "
            f"Received: {tally['read']:,} rows, none of them usable"
        )
    ids, found = labels.ids(numbers)
    columns = {name: file.view() for name, file in texts.items()}
    report = _report(characters, np.bincount(ids, minlength=len(found)), found, tally, labels)
    return Tweets(labels=ids, label_names=found, twins=twins, report=report, parts=parts, **columns)


class _Labels:
    """The values of the label column, numbered as they come: their order is known once all have been seen.

    Args:
        source: which of them stand for which class.
        names: as for `read_tweets`.
    """

    def __init__(self, source: DataSource, names: Sequence[str] | None) -> None:
        self._source = source
        self._names = names
        asked = source.label_map
        self._asked = LabelMap.parse(asked) if asked is not None else None
        if names is not None and self._asked is None:
            self._asked = LabelMap({name: name for name in names})
        self._numbers: dict[str, int] = {}
        self.unknown: Counter[str] = Counter()

    def numbers(self, values: pd.Series) -> np.ndarray[Any, Any]:
        """A number for each value, -1 for one that stands for no class: `[rows] str -> [rows] int64`."""
        counts = values.value_counts(sort=False)
        known = {value: self._number(value) for value in counts.index}
        self.unknown.update({value: int(counts[value]) for value in known if known[value] < 0})
        return values.map(known).to_numpy(dtype=np.int64)

    def _number(self, value: str) -> int:
        if self._asked is not None and self._asked.class_of(value) is None:
            return -1
        number = self._numbers.setdefault(value, len(self._numbers))
        if number >= MOST_CLASSES and self._asked is None:
            check_names(
                list(self._numbers)
            )  # refuses; told at once, for a column of ids has millions
        return number

    def refuse_unknown(self) -> None:
        """Refuse labels that stand for no class, unless they shall be dropped."""
        if not self.unknown or self._source.drop_unknown_labels:
            return
        assert self._asked is not None
        received = ", ".join(
            f"{name!r} ({count:,} rows)" for name, count in self.unknown.most_common(10)
        )
        raise UserError(
            f"Column `{self._source.label_column}` must hold {', '.join(self._asked.classes)}; correct the "
            f"file, name what its values stand for by --labels, or pass --drop-unknown-labels with it. "
            f"Received: {received}"
        )

    def ids(self, numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], tuple[str, ...]]:
        """Class ids of the numbers of the kept rows, `[rows] int64`, and the name of each class."""
        values = list(self._numbers)
        kept = [values[number] for number in np.unique(numbers)]
        labels = self._asked or named_by(kept)
        names = tuple(self._names or labels.names)
        ids = {name: number for number, name in enumerate(names)}
        self._refuse_other_names(labels, names)
        lookup = np.full(len(values), -1, np.int64)
        for number in np.unique(numbers):
            lookup[number] = ids[str(labels.class_of(values[number]))]
        return lookup[numbers], names

    def _refuse_other_names(self, labels: LabelMap, names: tuple[str, ...]) -> None:
        """What `--labels` maps to must be classes of the model that is asked."""
        other = [name for name in labels.names if name not in names]
        if other:
            raise UserError(
                f"`--labels` must name classes of the model, {', '.join(names)}. "
                f"Received: {', '.join(other)}"
            )


def _joined(kept: list[tuple[np.ndarray[Any, Any], ...]]) -> list[np.ndarray[Any, Any]]:
    """Columns of all pieces; a table without a row has none."""
    nothing = (np.zeros(0, np.int64),) * 4
    return [np.concatenate(column) for column in zip(*(kept or [nothing]), strict=True)]


def _all_chunks(source: DataSource) -> Iterator[tuple[int, pd.DataFrame]]:
    """Pieces of all tables, each with the part that its rows belong to."""
    tables = {0: source.paths(), VALIDATION: source.validation_paths, TEST: source.test_paths}
    for part, paths in tables.items():
        for path in paths:
            for chunk in _chunks(path, source):
                yield part, chunk


def _chunks(path: Path, source: DataSource) -> Iterator[pd.DataFrame]:
    """One file piece by piece: columns `text` and `label`, `span` and `id` if there; NaN for empty."""
    told = False
    for chunk in read_chunks(path, source):
        text, label = source.found_columns(list(chunk))
        if not told and (text, label) != (source.text_column, source.label_column):
            print(
                f"Texts are read from column `{shown(text)}`, labels from `{shown(label)}` (--text-column, "
                "--label-column)",
                flush=True,
            )
        told = True
        columns = {text: "text", label: "label"}
        columns.setdefault(source.span_column, "span")
        if source.soft_labels is not None:  # nothing else asks for ids
            columns.setdefault(source.id_column, "id")
        yield chunk[[name for name in columns if name in chunk]].rename(columns=columns)


def _keep(
    chunk: pd.DataFrame,
    tally: Counter[str],
    labels: _Labels,
    files: dict[str, TextFile],
) -> tuple[np.ndarray[Any, Any], ...]:
    """Numbers of the labels, twins and characters of one chunk's usable rows.

    The files, by their names in `Tweets`, get the texts; tally and labels get what was dropped.
    """
    chunk["label"] = chunk["label"].str.strip().replace("", np.nan)
    present = chunk.dropna(subset=["text", "label"])
    numbers = labels.numbers(present["label"])
    known = numbers >= 0
    rows = present[known].fillna("")
    texts = rows["text"].to_numpy(dtype=object)
    lengths, twins = measure(texts)
    long_enough = lengths >= SHORTEST_CLEANED
    tally.update(
        read=len(chunk), missing=len(chunk) - len(present), too_short=int((~long_enough).sum())
    )
    # What the first table has counts: of several not all may have the columns that may be missing.
    names = {name.removesuffix("s") for name in files} or {"text", "span", "id"} & set(rows)
    for name in names:
        cells = rows[name] if name in rows else pd.Series("", index=rows.index)
        files[f"{name}s"].append(cells[long_enough])
    characters = np.fromiter(map(len, texts), np.int32, len(texts))
    return numbers[known][long_enough], twins[long_enough], characters[long_enough]


def measure(texts: Texts) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Length and 64-bit hash of the cleaned texts: `[rows] str -> [rows] int, [rows] int64`.

    Cleaned as the notebook did, whatever cleaner a run uses, but for letters of other scripts and emoji, which
    stay: the notebook's rows are the ones kept, and a Chinese one is not empty. Lengths are in bytes.
    """
    cleaned = TweetCleaner(every_script=True)(
        tf.constant(np.asarray(texts, dtype=object), tf.string)
    )
    hashes = tf.strings.to_hash_bucket_fast(cleaned, num_buckets=2**63 - 1)
    return tf.strings.length(cleaned).numpy(), hashes.numpy()


def _report(
    characters: np.ndarray[Any, Any],
    counts: np.ndarray[Any, Any],
    names: Sequence[str],
    tally: Counter[str],
    labels: _Labels,
) -> ReadReport:
    quartiles = np.percentile(characters, [0, 25, 50, 75, 100]).round().astype(int).tolist()
    return ReadReport(
        rows_read=tally["read"],
        missing=tally["missing"],
        too_short=tally["too_short"],
        unknown_labels=dict(labels.unknown.most_common()),
        label_counts=dict(zip(names, counts.tolist(), strict=True)),
        length_quartiles=tuple(quartiles),
    )
