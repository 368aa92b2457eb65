"""Ten tables of TweetEval and UMSAB: where their parts are, and the official measure of each.

    DIR/tweeteval/NAME-train.csv, NAME-val.csv    text, label
    DIR/umsab/train.csv, val.csv                  text, label, language

Figures are percent, as the papers tell them. The test parts are elsewhere: the validation part is
what is scored, and nothing learns from it.
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from sklearn.metrics import f1_score

from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.csv_errors import CELLS_AS_TEXT

LABEL_COLUMN: Final = "label"
LANGUAGE_COLUMN: Final = "language"

UMSAB: Final = "umsab"
STANCE: Final = "stance"
STANCES: Final = tuple(
    f"{STANCE}-{target}" for target in ("abortion", "atheism", "climate", "feminist", "hillary")
)
TWEETEVAL: Final = ("emoji", "emotion", "hate", "irony", "offensive", *STANCES)
NAMES: Final = (*TWEETEVAL, UMSAB)
MEAN_OF_TEN: Final = "mean of the ten"

_COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "irony": ("irony",),
    **dict.fromkeys(STANCES, ("against", "favor")),
}
"""Classes whose F1 counts, where those are not all."""

Scores = dict[str, float]
"""Percent by the name of a table, and by `umsab LANGUAGE`."""


@dataclasses.dataclass(frozen=True)
class PublicTable:
    """A table in two parts.

    Attributes:
        name: one of `NAMES`.
        training: the file to learn from.
        scored: the file that figures are told for.
        embeddings: word vectors that this project begins with.
    """

    name: str
    training: Path
    scored: Path
    embeddings: Path | None = None

    @property
    def source(self) -> DataSource:
        """The file to learn from, as this project reads it."""
        return DataSource(self.training, label_column=LABEL_COLUMN, embeddings=self.embeddings)

    def training_rows(self) -> pd.DataFrame:
        """All rows to learn from: columns `text` and `label`."""
        return _read(self.training)

    def scored_rows(self) -> pd.DataFrame:
        """All rows to answer: columns `text` and `label`, UMSAB's `language`."""
        return _read(self.scored)

    def score(self, answers: Sequence[str]) -> Scores:
        """The official measure of the answers to `scored_rows`, class names in their order.

        Of UMSAB the macro F1 of each language, too, and as the table's own their mean.
        """
        rows = self.scored_rows().assign(answer=list(answers))
        if LANGUAGE_COLUMN not in rows:
            return {self.name: self._measured(rows)}
        languages = {
            f"{self.name} {language}": self._measured(part)
            for language, part in rows.groupby(LANGUAGE_COLUMN)
        }
        return {**languages, self.name: statistics.fmean(languages.values())}

    def _measured(self, rows: pd.DataFrame) -> float:
        counted = _COUNTED.get(self.name) or sorted(set(rows[LABEL_COLUMN]))
        f1 = f1_score(
            rows[LABEL_COLUMN], rows["answer"], labels=counted, average="macro", zero_division=0
        )
        return 100 * float(f1)


def find_tables(folder: Path, names: Sequence[str] = NAMES) -> list[PublicTable]:
    """Those of `names` that are in the folder, in the order of `NAMES`.

    Raises:
        UserError: one is not there.
    """
    tables = []
    for name in (name for name in NAMES if name in names):
        stem = f"{UMSAB}/" if name == UMSAB else f"tweeteval/{name}-"
        table = PublicTable(name, folder / f"{stem}train.csv", folder / f"{stem}val.csv")
        missing = [path for path in (table.training, table.scored) if not path.is_file()]
        if missing:
            raise UserError(
                "`--tables` must be a folder with tweeteval/NAME-train.csv, tweeteval/NAME-val.csv, "
                f"umsab/train.csv and umsab/val.csv. Received: tables={folder} (no {missing[0]})"
            )
        tables.append(table)
    return tables


def with_means(scores: Scores) -> Scores:
    """The same with the mean of the five stances and of the ten tables, where all of these are there."""
    means = {STANCE: STANCES, MEAN_OF_TEN: TWEETEVAL}
    found = {
        name: statistics.fmean(scores[part] for part in parts)
        for name, parts in means.items()
        if all(part in scores for part in parts)
    }
    return {**scores, **found}


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, encoding="utf-8", **CELLS_AS_TEXT).fillna("")
