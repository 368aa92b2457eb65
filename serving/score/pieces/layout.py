"""What must be known of a file and of a piece to read its rows; plain values, which travel and are kept as JSON."""

from dataclasses import dataclass

from export.tables.formats import CSV, PARQUET


@dataclass(frozen=True)
class Layout:
    """A file.

    Attributes:
        address: Where it is.
        kind: `csv`, `json lines` or `parquet`.
        packed: Whether it is read as a stream, from its beginning.
        header: Its columns.
        delimiter: Of a CSV.
        quotes: Of a CSV.
        encoding: Of a CSV; of another kind UTF-8.
        types: Of the columns of a Parquet file, in pyarrow's words.
    """

    address: str
    kind: str
    packed: bool
    header: tuple[str, ...]
    delimiter: str = ","
    quotes: bool = True
    encoding: str = "utf-8"
    types: tuple[str, ...] = ()

    @property
    def is_csv(self) -> bool:
        """Whether it is cells between delimiters."""
        return self.kind == CSV

    @property
    def is_parquet(self) -> bool:
        """Whether it is row groups."""
        return self.kind == PARQUET


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, in order, and one file of the output.

    Attributes:
        file: Its place among the files.
        start: The first byte of the first row; of Parquet the first row group.
        end: One behind the last; `None` for all that comes.
        line: Of the first row, from 1; of Parquet the number of its row.
        weight: Bytes, to tell how much of the job it is.
    """

    file: int
    start: int
    end: int | None
    line: int
    weight: int


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        files: Each of the input.
        pieces: In the order of the output.
        text: The column that is asked.
        kept: The columns that are copied.
        arrow_types: Of these, where every file is Parquet; else none, and all become text.
    """

    files: tuple[Layout, ...]
    pieces: tuple[Piece, ...]
    text: str
    kept: tuple[str, ...]
    arrow_types: dict[str, str]
