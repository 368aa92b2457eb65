"""One run from its table to its saved figures: read, split, fit, evaluate, save.

`keras_pipeline.train` is the command around it, which checks what it was asked before this module, and
with it TensorFlow, is imported.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from export.start.shown import listed, shown
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, shown_path
from keras_pipeline.errors import UserError
from keras_pipeline.fit.devices import (
    choose_strategy,
    describe,
    leave_gpus,
    limit_op_threads,
    make_reproducible,
)
from keras_pipeline.fit.distill.members import FitMember
from keras_pipeline.fit.distill.taught_rows import taught_rows
from keras_pipeline.fit.fitting import Fitted, fit
from keras_pipeline.fit.memory import explain_shortage
from keras_pipeline.fit.on_jax.hosts import Hosts
from keras_pipeline.fit.words.encoder_files import described
from keras_pipeline.model import SentimentModel, load_model
from keras_pipeline.report.behaviour.check import Behaviour, measure_behaviour
from keras_pipeline.report.coverage import Coverage, measure_coverage
from keras_pipeline.report.evaluation import Evaluation, evaluate
from keras_pipeline.report.written_report import write_report
from keras_pipeline.run_files import explain_disk_errors, write_whole
from keras_pipeline.run_folder import RunFolder
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.printed import Cells, text_table
from keras_pipeline.table.soft_labels import read_soft_labels
from keras_pipeline.table.splits import Splits, split
from keras_pipeline.table.stored_texts import Texts
from keras_pipeline.table.training_rows import (
    TextRows,
    training_rows,
    validation_rows,
    weights_by_class,
)
from keras_pipeline.table.unlabelled import read_unlabelled

PACKAGES: Final = ("tensorflow", "keras", "numpy")

Array = np.ndarray[Any, Any]
Hash = Callable[[Texts], Array]


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run reads, and what it makes of it.

    Attributes:
        source: the files.
        tweets: every row of the table.
        splits: which row is in which part.
        train: what to learn from, with what a teacher adds.
        validation: what early stopping watches.
        account: rows of a table that tell what is in `train` beside the training part.
        unlabelled: further texts, of which the networks of `--distill` tell what they mean.
    """

    source: DataSource
    tweets: Tweets
    splits: Splits
    train: TextRows
    validation: TextRows
    account: Cells
    unlabelled: Texts | None = None

    def test(self) -> tuple[Array, Array]:
        """The test part, in memory: texts `[rows]` str, class ids `[rows]`."""
        rows = self.splits.test
        return np.asarray(self.tweets.texts[rows]), self.tweets.labels[rows]

    def table(self) -> Cells:
        """How many rows there are of which kind."""
        return [*self.splits.table(), *self.account]

    def apart_from(self, hashes: Array, hash_of: Hash) -> "TrainingData":
        """Without the rows that stand in an examination: nothing is judged on what it learned.

        Args:
            hashes: of the examination's texts, `[n] int64`.
            hash_of: gives the hashes of texts, `[rows] str -> [rows] int64`.

        Raises:
            UserError: no row is left to learn from, or to validate on.
        """

        def apart(texts: Texts) -> Array:
            return np.flatnonzero(~np.isin(hash_of(texts), hashes))

        train, validation = (part.take(apart(part.texts)) for part in (self.train, self.validation))
        if not len(train) or not len(validation):
            raise UserError(
                "Training must have rows that do not stand in the examination of the folder to publish to. "
                f"Received: {len(train):,} left to learn from, {len(validation):,} to validate on"
            )
        account = [
            ["kept out of train: in the examination", len(self.train) - len(train)],
            ["kept out of validation: in the examination", len(self.validation) - len(validation)],
        ]
        more = self.unlabelled
        if more is not None:
            rows = apart(more)
            account += [["kept out of unlabelled: likewise", len(more) - len(rows)]]
            more = more[rows]
        return dataclasses.replace(
            self,
            train=train,
            validation=validation,
            unlabelled=more,
            account=[*self.account, *account],
        )

    def learned_from(self, hash_of: Hash) -> Array:
        """Hashes of all texts that the model learns from, directly or by early stopping: `[n] int64`."""
        parts = [self.train.texts, self.validation.texts]
        if self.unlabelled is not None:
            parts.append(self.unlabelled)
        return np.concatenate([hash_of(texts) for texts in parts])


def read_data(source: DataSource, config: TrainConfig) -> TrainingData:
    """Read every file but the word vectors, and tell what is in them.

    Raises:
        UserError: a file cannot be read, or there are too few rows.
    """
    print(f"Reading {shown(str(shown_path(source.path)))}", flush=True)
    tweets = read_tweets(source)
    print(text_table(["", ""], tweets.report.table()))
    path, names = source.soft_labels, tweets.label_names
    soft = read_soft_labels(path, source, names) if path else None
    splits = split(tweets, config)
    if splits.rare:
        print(
            f"warning: {len(splits.rare)} classes have so few rows that what is told of them means little: "
            f"{listed(splits.rare)}",
            flush=True,
        )
    train, account = training_rows(tweets, splits, config, soft)
    unlabelled = read_unlabelled(source, tweets)
    if unlabelled is not None:
        account = [*account, ["further rows, without a label", len(unlabelled)]]
    validation = validation_rows(tweets, splits)
    return TrainingData(source, tweets, splits, train, validation, account, unlabelled)


def fit_run(
    run: RunFolder, data: TrainingData, *, tensorboard: bool, hosts: Hosts | None = None
) -> Fitted:
    """Train as the run's settings say, from its checkpoint where there is one.

    Raises:
        UserError: the word vectors cannot be read, or do not fit.
        MemoryShortageError: the settings need more memory than there is.
    """
    config = run.config()
    limit_op_threads()
    if config.backend == "jax":
        leave_gpus()
    strategy = choose_strategy()
    print(text_table(["", ""], data.table()))
    path = data.source.start_from
    start = None if path is None else load_model(path)
    where = "JAX" if config.backend == "jax" else describe(strategy)
    print(f"\nTraining on {where}, at most {config.epochs} epochs", flush=True)

    def fit_on(train: TextRows, settings: TrainConfig, checkpoint: Path, **more: Any) -> Fitted:
        make_reproducible(settings.seed)
        return fit(
            train,
            data.validation,
            settings,
            checkpoint=checkpoint,
            embeddings=data.source.embeddings,
            start=start,
            strategy=strategy,
            **more,
        )

    logs = run.path / "tensorboard" if tensorboard else None
    with explain_shortage(config):
        train = _rows_to_learn(run, data, config, partial(fit_on, data.train))
        return fit_on(train, config, run.checkpoint, tensorboard=logs, hosts=hosts)


def _rows_to_learn(
    run: RunFolder, data: TrainingData, config: TrainConfig, fit_member: FitMember
) -> TextRows:
    """The training rows; with what networks say that are trained before, where those are wanted."""
    if not config.distill:
        return data.train
    rows = taught_rows(
        data.train,
        data.validation,
        unlabelled=data.unlabelled,
        class_weights=weights_by_class(data.splits, config),
        config=config,
        folder=run.members,
        fit=fit_member,
    )
    print("\nThe model that learns from them", flush=True)
    return rows


def coverage_of(fitted: Fitted, data: TrainingData) -> Coverage:
    """What is lost of the validation part before the model reads it; it is told, too."""
    coverage = measure_coverage(fitted.model, data.validation.texts)
    print("\n".join(coverage.lines()), flush=True)
    return coverage


def behaviour_of(fitted: Fitted) -> Behaviour | None:
    """Which skills the model has, where its classes are those of sentiment; it is told, too."""
    behaviour = measure_behaviour(fitted.model)
    if behaviour is not None:
        print(behaviour.sentence(), flush=True)
    return behaviour


def evaluate_run(fitted: Fitted, data: TrainingData) -> Evaluation:
    """The model's figures on the test part."""
    test = data.splits.test
    return evaluate(fitted.model, data.tweets.texts[test], data.tweets.labels[test])


def load_saved(run: RunFolder) -> SentimentModel:
    """The model of a run that was saved, but not exported.

    Raises:
        UserError: it cannot be read.
    """
    print(f"{shown(str(run.path))} is trained already", flush=True)
    return load_model(run.model)


def save_run(
    run: RunFolder,
    data: TrainingData,
    fitted: Fitted,
    evaluation: Evaluation,
    *,
    coverage: Coverage,
    behaviour: Behaviour | None,
    seconds: float,
    weights_sha256: str,
    ancestry: list[dict[str, Any]],
) -> None:
    """Write everything that the run produced.

    Args:
        run: where to.
        data: what it read.
        fitted: what training gave.
        evaluation: figures of the test part.
        coverage: what of the texts the model reads.
        behaviour: failures by skill, where the model can be judged.
        seconds: that the run has taken until now.
        weights_sha256: by it an export tells whether the model was trained further since.
        ancestry: the runs that it went on from, see `export.run_record.ancestry_of`.
    """
    write_whole(run.model, fitted.model.save)
    if fitted.history:
        run.write("history.csv", _as_csv(fitted.history))
    with explain_disk_errors(run.path):
        write_report(
            run.path,
            evaluation,
            title=f"Run {run.path.name}",
            overview=[*data.tweets.report.table(), *data.table()],
            history=fitted.history,
            coverage=coverage,
            behaviour=behaviour,
        )
    trained_by = run.config().backend  # `jax` is its package's name, too
    summary = _summary(fitted, evaluation, data, dict.fromkeys((*PACKAGES, trained_by)))
    summary["wall_seconds"] = round(seconds, 1)
    summary["validation"] = coverage.shares()
    summary["behaviour"] = None if behaviour is None else behaviour.rates()
    summary["weights_sha256"] = weights_sha256
    summary["ancestry"] = ancestry
    # The last file: where it is, the others are whole.
    run.write("metrics.json", json.dumps(summary, indent=2) + "\n")


def _summary(
    fitted: Fitted, evaluation: Evaluation, data: TrainingData, packages: Iterable[str]
) -> dict[str, Any]:
    """What metrics.json holds: the figures, and enough to tell where they come from."""
    parts = ("train", "validation", "test")
    vectors = data.source.embeddings
    return {
        "test": evaluation.metrics,
        "rows": {part: len(getattr(data.splits, part)) for part in parts},
        "twins_dropped": data.splits.twins_dropped,
        "validation_twins_dropped": data.splits.validation_twins_dropped,
        "read": dataclasses.asdict(data.tweets.report),
        "word_vectors": None if vectors is None else described(vectors),
        "calibration": fitted.calibration and dataclasses.asdict(fitted.calibration),
        "epochs": len(fitted.history),
        "interrupted": fitted.interrupted,
        "finished_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in packages},
    }


def _as_csv(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
