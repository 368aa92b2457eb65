"""Labels and columns of strange names: refused in a sentence, or taken and shown safely wherever they show."""

import csv
import io
import itertools
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attempts import Tally, inside
from bad_tables import word
from bad_words import NAMES

from export.gate.gate import GateReport
from export.gate.quality import Answers, judge
from export.run_record import RunRecord
from export.settings import Artefact, Tolerances
from export.versions.examination import Examination
from export.versions.model_card import Source, write_model_card
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.labels import LabelMap, named_by
from keras_pipeline.report.evaluation import Evaluation, compute_metrics
from keras_pipeline.report.written_report import write_report
from keras_pipeline.table.first_look import check_files
from keras_pipeline.table.printed import text_table

OBJECTS = (None, 1, 1.5, True, "negative", (), ("a",), ("a", "a"), ("a", 1), ("a", None), [], ["a", ["b"]],
           {"a": 1}, b"ab", (b"a", b"b"), ("a", ""), ("a", "b\nc"), ("a", "b\0"), range(2_000))  # fmt: skip


def attack(folder: Path, names: Sequence[str] = NAMES) -> Iterator[Tally]:
    """Of each name: the option, the table, the settings, report and card.

    Args:
        folder: to work in.
        names: of labels and columns.
    """
    with inside(folder):
        yield options(names)
        yield settings()
        yield tables(names)
        yield pages(names)


def options(names: Sequence[str]) -> Tally:
    """`--labels`: one name, a pair of them, mixed at random."""
    tally = Tally("odd --labels")
    chance = random.Random(42)  # noqa: S311
    for name in names:
        tally.function(LabelMap.parse, name, errors=UserError)
        tally.function(named_by, [name, "other"], errors=UserError)
    for _ in range(2 * len(names)):
        text = "".join(chance.choice((",", "=", '"', chance.choice(names))) for _ in range(6))
        tally.function(LabelMap.parse, text, errors=UserError)
    return tally


def settings() -> Tally:
    """`TrainConfig(labels=...)`, and every other setting of another type than its own."""
    tally = Tally("settings of a wrong type")
    for value in OBJECTS:
        tally.function(TrainConfig, labels=value, errors=UserError)
    fields = TrainConfig.option_fields()
    values = (
        None,
        "",
        "1",
        b"1",
        [],
        {},
        (),
        1j,
        float("nan"),
        float("inf"),
        -(10**400),
        10**400,
        object,
    )
    for field, value in itertools.product(fields, values):
        tally.function(TrainConfig, errors=UserError, **{field.name: value})
    return tally


def tables(names: Sequence[str]) -> Tally:
    """A table with a label, or a column, of this name; what is printed of it is safe."""
    from keras_pipeline import training

    tally = Tally("tables with odd labels and columns")

    def read(path: Path, **columns: str) -> None:
        source = DataSource(path, **columns)
        check_files(source)
        print(text_table(["", ""], training.read_data(source, TrainConfig()).table()))

    labels, columns = Path("labels.csv"), Path("columns.csv")
    for name in names:
        labels.write_bytes(labelled("text", "sentiment", (name, "other")))
        tally.function(read, labels, errors=UserError, about=f"label {name!r}")
        columns.write_bytes(labelled(name, "sentiment", ("a", "b")))
        tally.function(read, columns, errors=UserError, about=f"another column {name!r}")
        tally.function(read, columns, text_column=name, errors=UserError)
        tally.function(read, columns, text_column=name, encoding=name, errors=UserError)
    return tally


def labelled(text_column: str, label_column: str, labels: Sequence[str]) -> bytes:
    """A table of 60 rows."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([text_column, label_column])
    writer.writerows([f"so good {word(row)}", labels[row % len(labels)]] for row in range(60))
    return file.getvalue().encode("utf-8", "surrogateescape")


def pages(names: Sequence[str]) -> Tally:
    """report.md, the pictures, the card and the gate's summary of a model with such a label."""
    tally = Tally("odd labels and names on reports, pictures and cards")
    for number, name in enumerate(names):
        folder = Path(f"pages-{number}")
        folder.mkdir()
        tally.function(write_pages, folder, name, errors=UserError)
        for page in folder.rglob("*.md"):
            text = page.read_text(encoding="utf-8")
            text = re.sub("`[^`]*`", "", text)  # tweets stand in code
            if "<img" in text or "\x1b" in text or "[click](" in text.replace("\\[", ""):
                tally.lose(f"{page.name} obeys a label: {name!r}")
    return tally


def write_pages(folder: Path, name: str) -> None:
    """A report and a card of figures that a model with this label could have."""
    labels = np.arange(60) % 2
    names = (name, "other")
    probabilities = np.eye(2, dtype=np.float32)[labels[::-1]] * 0.8 + 0.1
    metrics = compute_metrics(labels, probabilities, names)
    texts = np.array([f"{name} {row}" for row in range(60)], object)
    evaluation = Evaluation(texts, labels, probabilities, names, metrics)
    overview = [[f"dropped: label {name!r}", 3], [f"  {name}", 4]]
    print(evaluation.table())
    write_report(folder, evaluation, title=f"Run {name}", overview=overview)
    write_card(folder, name, labels, probabilities)


def write_card(folder: Path, name: str, labels: np.ndarray, probabilities: np.ndarray) -> None:
    names = (name, "other")
    learned = np.zeros(len(labels), bool)
    verdict = judge(labels, names, Answers("new", probabilities, learned, True), None, Tolerances())  # fmt: skip
    report = GateReport((), 0.0, verdict.metrics, verdict.metrics, 1.0, probabilities)
    report = report.examined(verdict, 1.0)
    print(report.summary())
    (folder / "assets").mkdir()
    (folder / "assets/vocabulary.txt").write_text("\n[UNK]\n")
    (folder / "assets/labels.txt").write_text("a\nb\n")
    run = RunRecord(name, {name: name}, {"path": name, "text_column": name}, {"rows": {name: 3}})
    asked = Examination(np.array(["a"], object), np.array([0]), ("a", "b"), f"rows of {name}")
    write_model_card(folder, run, report, Artefact(), Source("0" * 64), examination=asked)
    json.loads((folder / "assets.extra/model_card.json").read_text(encoding="utf-8"))
