"""The steps of one teacher, once TensorFlow is there; each leaves a file behind and is passed over where it is."""

import keras

from export.start.shown import shown as safe
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource, shown_path
from keras_pipeline.errors import UserError
from keras_pipeline.fit.devices import make_reproducible
from keras_pipeline.run_files import json_text, write_text_whole, write_whole
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import Splits, split
from keras_pipeline.teacher.answers import ask_about, logits_of, probabilities, write_soft_labels
from keras_pipeline.teacher.encoder import Pieces, build_teacher
from keras_pipeline.teacher.fine_tuning import figures, fine_tune, shown
from keras_pipeline.teacher.folder import TeacherFolder
from keras_pipeline.teacher.settings import TeacherSettings
from keras_pipeline.teacher.texts import texts_to_ask


def teach(
    folder: TeacherFolder, source: DataSource, config: TrainConfig, settings: TeacherSettings
) -> None:
    """Fine-tune, ask, write; `folder` is there and locked.

    Raises:
        UserError: as for `keras_pipeline.teacher.teaching.soft_labels_for`.
    """
    print(f"Teacher: reading {safe(str(shown_path(source.path)))}", flush=True)
    tweets = read_tweets(source)
    _check_names(tweets, source)
    splits = split(tweets, config)
    make_reproducible(config.seed)
    pieces = Pieces(settings.encoder)
    model = build_teacher(settings.encoder, len(tweets.label_names))
    if folder.weights.is_file():
        model.load_weights(folder.weights)
    else:
        _learn(folder, model, pieces, tweets, splits, config=config, settings=settings)
    texts = texts_to_ask(tweets, splits, source, settings, config.seed)
    print(f"Asking the teacher about {len(texts):,} texts", flush=True)
    logits = ask_about(folder.asked, model, pieces, texts)
    answers = probabilities(logits, settings.temperature)
    write_soft_labels(folder.soft_labels, texts, answers, tweets.label_names, source.text_column)


def _learn(
    folder: TeacherFolder,
    model: keras.Model,
    pieces: Pieces,
    tweets: Tweets,
    splits: Splits,
    *,
    config: TrainConfig,
    settings: TeacherSettings,
) -> None:
    """The weights come last: where they are, the teacher has learned."""
    _write(folder, "about.json", folder.about)
    rows = f"{len(splits.train):,} rows, at most {settings.epochs} epochs"
    print(f"Teacher: learning from {rows}, a part at a time", flush=True)
    history = fine_tune(
        model,
        pieces,
        tweets,
        splits,
        config=config,
        settings=settings,
        checkpoint=folder.checkpoint,
    )
    test = figures(
        logits_of(model, pieces, tweets.texts[splits.test].tolist()), tweets.labels[splits.test]
    )
    print(f"Teacher, test: {shown(test)}", flush=True)
    _write(folder, folder.figures.name, {"epochs": history, "test": test})
    # Another model of the same layers has no optimizer, whose state would be two thirds of the file.
    write_whole(folder.weights, keras.Model(model.input, model.output).save_weights)
    folder.checkpoint.unlink(missing_ok=True)


def _write(folder: TeacherFolder, name: str, values: dict[str, object]) -> None:
    write_text_whole(folder.path / name, json_text(values))


def _check_names(tweets: Tweets, source: DataSource) -> None:
    """The CSV has a column for the texts and one for each class."""
    if source.text_column in tweets.label_names:
        raise UserError(
            "No class may have the name of the text column; map its value to another name by --labels. "
            f"Received: text_column={source.text_column}, classes {', '.join(tweets.label_names)}"
        )
