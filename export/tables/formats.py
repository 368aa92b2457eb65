"""What kind of table a file is, by its first bytes and its name."""

from pathlib import PurePath
from typing import Final

CSV, JSON_LINES, PARQUET = "csv", "json lines", "parquet"

PACKED: Final = (".gz", ".bz2", ".xz", ".zst")
_BY_SUFFIX: Final = {
    ".csv": CSV, ".tsv": CSV, ".tab": CSV, ".txt": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES,
    ".json": JSON_LINES, ".parquet": PARQUET, ".pq": PARQUET,
}  # fmt: skip
_PARQUET_MARK: Final = b"PAR1"


def kind_of(name: str, start: bytes) -> str:
    """One of the three kinds; CSV where nothing tells otherwise.

    Args:
        name: of the file, perhaps packed.
        start: its first bytes, unpacked.

    Example:
    >>> kind_of("tweets.jsonl.gz", b'{"text": 1}'), kind_of("tweets", b"text,label")
    ('json lines', 'csv')
    """
    if start.startswith(_PARQUET_MARK):
        return PARQUET
    kind = _BY_SUFFIX.get(suffix_of(name), CSV)
    return JSON_LINES if kind == CSV and start.lstrip().startswith(b'{"') else kind


def suffix_of(name: str) -> str:
    """Lower case, without that of a packer."""
    path = PurePath(name.lower())
    return PurePath(path.stem).suffix if path.suffix in PACKED else path.suffix


def is_table(name: str) -> bool:
    """Whether a file of a folder is one of its tables.

    Example:
    >>> [name for name in ("a.csv", "b.tsv.gz", "README.md", ".c.csv", "_d.json") if is_table(name)]
    ['a.csv', 'b.tsv.gz']
    """
    # An underscore is how Hadoop, Spark and `serving.score` mark what stands beside the rows.
    return suffix_of(name) in _BY_SUFFIX and not name.startswith((".", "_"))
