"""Damaged tables, to everything that reads one: training, evaluation, examination, soft labels, vectors, client."""

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from attempts import Tally, inside
from bad_words import damages

from export.errors import ExportError
from export.versions.examination_table import read_table
from keras_pipeline import evaluate, train
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.word_vectors import read_word_vectors
from keras_pipeline.table.first_look import check_files
from keras_pipeline.table.soft_labels import read_soft_labels
from serving.client import __main__ as client

LABELS = ("negative", "neutral", "positive")
ROWS = 60
NOBODY = ("--address", "127.0.0.1:1", "--retry-for", "0", "--timeout-s", "0.05")
"""Where no server answers: what a client reads before it asks is what is tried here."""


def table() -> bytes:
    """A sound one, as a spreadsheet would write it."""
    lines = ["textID,text,sentiment,selected_text"]
    lines += [f'{row},"so {LABELS[row % 3]}, today {word(row)}",{LABELS[row % 3]},so' for row in range(ROWS)]  # fmt: skip
    return "\n".join([*lines, ""]).encode()


def word(number: int) -> str:
    """A word of its own: rows that differ in digits alone are twins once they are cleaned."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def soft_labels() -> bytes:
    """A teacher's answers to it."""
    lines = [f"so {LABELS[row % 3]} {word(row)},0.2,0.3,0.5" for row in range(ROWS)]
    return "\n".join([f"text,{','.join(LABELS)}", *lines, ""]).encode()


def vectors() -> bytes:
    """Word vectors of the words in it."""
    words = ("so", "today", *LABELS, "the", "a")
    lines = [f"{word} {' '.join(f'{(ord(word[0]) + d) % 7 / 7:.3f}' for d in range(8))}" for word in words]  # fmt: skip
    return "\n".join([*lines, ""]).encode()


def read_as_training_does(path: Path) -> None:
    """All but the vectors, with the same order of checks."""
    from keras_pipeline import training

    source = DataSource(path)
    check_files(source)
    training.read_data(source, TrainConfig())


def read_as_teacher(path: Path) -> None:
    """Soft labels."""
    read_soft_labels(path, DataSource(path), LABELS)


def read_as_examination(path: Path) -> None:
    """`python -m export --examination`."""
    read_table(path, text_column="text", label_column="sentiment", label_names=None)


def read_as_vectors(path: Path) -> None:
    """`--embeddings`."""
    read_word_vectors(path, ["", "[UNK]", "so", "today", *LABELS])


READERS: dict[str, tuple[Callable[[Path], None], Callable[[], bytes]]] = {
    "training": (read_as_training_does, table),
    "an examination": (read_as_examination, table),
    "soft labels": (read_as_teacher, soft_labels),
    "word vectors": (read_as_vectors, vectors),
}


def attack(folder: Path, run: Path | None, count: int) -> Iterator[Tally]:
    """Each reader by itself; then the commands, with tables that cannot be good.

    Args:
        folder: to work in.
        run: a finished run to evaluate; None leaves that out.
        count: damages at random, of each reader.
    """
    with inside(folder):
        for name, (read, content) in READERS.items():
            tally = Tally(f"damaged tables, read as {name}")
            for kind, damaged in damages(content(), count):
                path = Path("table.csv")
                path.write_bytes(damaged)
                tally.function(read, path, errors=(UserError, ExportError), about=f"{name}: {kind}")
            for path in strange_files(Path()):
                tally.function(read, path, errors=(UserError, ExportError), about=name)
            yield tally
        yield commands(run)
        yield clients(count // 2)


def strange_files(folder: Path) -> Iterator[Path]:
    """What is no file with text in it, or a very strange one."""
    nowhere, itself, big, wide = (folder / name for name in ("nowhere", "itself", "big", "wide"))
    for link, target in ((nowhere, "not/there"), (itself, "itself")):
        if not link.is_symlink():
            link.symlink_to(target)
    big.write_bytes(table() + b'1,"' + b"so " * 200_000 + b'",negative,so\n')
    wide.write_bytes(b"text,sentiment" + b",x" * 5_000 + b"\n" + b"a,b" + b",y" * 5_000 + b"\n")
    yield from (nowhere, itself, big, wide, folder, Path("/dev/null"), folder / "missing")
    yield from (Path("table.csv/below"), Path("/proc/self/mem"))


def hopeless() -> dict[str, bytes]:
    """Tables of which no reader can make anything."""
    one_class = table().replace(b"neutral", b"negative").replace(b"positive", b"negative")
    header = table().partition(b"\n")[0] + b"\n"
    return {
        "empty": b"",
        "header": header,
        "few": b"\n".join(table().split(b"\n")[:4]),
        "one class": one_class,
        "no text": header + b"1,,negative,\n" * 50,
        "no label": header + b"1,so sad,,\n" * 50,
        "twins": header + b"".join(b"1,so sad,%s,\n" % label.encode() for label in LABELS * 20),
        "columns": b"a,b\n" + b"1,2\n" * 50,
        "binary": bytes(range(256)) * 40,
        "an escape": table().replace(b"sentiment", b"\x1b[31msentiment"),
        "many classes": header + b"".join(b"%d,so sad %d,%d,\n" % (n, n, n) for n in range(1_200)),
        "too many cells": table().replace(b",so\n", b",so,more\n"),
        "quotes": table().replace(b'"', b'""'),
        "UTF-16": b"\xff\xfe" + table().decode().encode("utf-16-le"),
    }


def commands(run: Path | None) -> Tally:
    """The whole command, in a folder that must stay as it is."""
    tally = Tally("hopeless tables to the commands that train and evaluate")
    for name, content in hopeless().items():
        path = Path(f"{name}.csv")
        path.write_bytes(content)
        tally.command(train.main, "--data", path, "--output", "new", unchanged=Path())
        tally.command(train.main, "--data", path, "--publish", "models", unchanged=Path())
        if run is not None and name not in ("few", "one class", "twins"):  # these can be judged
            tally.command(evaluate.main, run, "--data", path, "--output", "new", unchanged=Path())
        path.unlink()
    return tally


def clients(count: int) -> Tally:
    """`python -m serving.client --csv`, to a server that is away; OUT must not be there then."""
    tally = Tally("damaged tables to the client")
    for kind, damaged in damages(table(), count):
        Path("in.csv").write_bytes(damaged)
        words = ("--csv", "in.csv", "--out", "out.csv", *NOBODY)
        tally.command(client.main, *words, may_succeed=True)
        rows = sum(1 for _ in csv.reader(damaged.decode("latin-1").replace("\0", "").splitlines()))
        if rows > 2 and Path("out.csv").exists():
            tally.lost.append(f"{kind}: out.csv is there, though nobody has answered")
        for left in ("out.csv", "out.csv.unfinished"):
            if os.path.lexists(left):
                Path(left).unlink()
    return tally
