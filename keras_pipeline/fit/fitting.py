"""From labelled tweets to a trained SentimentModel: adapt, encode, fit."""

import dataclasses
import functools
import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.averaged_adam import optimizer_of
from keras_pipeline.fit.averaging_adam import AveragingAdam
from keras_pipeline.fit.batches import (
    TokenRows,
    encode,
    evaluation_batches,
    step_count,
    training_batches,
)
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.devices import has_gpu
from keras_pipeline.fit.divergence import StopOnDivergence
from keras_pipeline.fit.memory import check_fits
from keras_pipeline.fit.on_jax.exchange import Exchange, IdRows, Task
from keras_pipeline.fit.on_jax.hosts import Hosts
from keras_pipeline.fit.on_jax.process import run_process
from keras_pipeline.fit.sizes import fit_to_rows
from keras_pipeline.fit.start import take_over, tell_lacking_words
from keras_pipeline.fit.words.encoder_files import ENCODER_SUFFIX
from keras_pipeline.fit.words.encoder_vectors import encoder_vectors
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer, forget_rare_words
from keras_pipeline.fit.words.word_scores import (
    MOST_CLASSES,
    MOST_ROWS,
    Scores,
    fit_word_scores,
    logarithms,
)
from keras_pipeline.fit.words.word_vectors import WordVectors, read_word_vectors
from keras_pipeline.layers.cpu_bidirectional import CpuBidirectional
from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel
from keras_pipeline.numeric.accuracy import Accuracy
from keras_pipeline.numeric.classifier import build_classifier, for_training, with_word_scores
from keras_pipeline.numeric.temperature import (
    LEAST_ROWS,
    Calibration,
    calibrate,
    fold_temperature,
)
from keras_pipeline.run_files import write_whole
from keras_pipeline.table.training_rows import TextRows

CLEANERS: Final[dict[str, Callable[[], keras.layers.Layer]]] = {
    "expressive": functools.partial(ExpressiveTweetCleaner, every_script=True),
    "notebook": TweetCleaner,
}
"""The layer of each `TrainConfig.cleaner`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """What training gave.

    Attributes:
        model: the composed model, in float32.
        history: one dict an epoch: epoch (from 1), seconds, Keras's figures.
        interrupted: Ctrl-C ended it; the weights are those of the best epoch until then.
        calibration: the temperature that is in the model's last layer; None where none was found.
    """

    model: SentimentModel
    history: list[dict[str, float]]
    interrupted: bool
    calibration: Calibration | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class _Encoded:
    """What the numeric half learns from, and what early stopping watches."""

    train: TokenRows
    validation: TokenRows


@dataclasses.dataclass(frozen=True, eq=False)
class _Learned:
    """The numeric half's weights, in Keras's order, and how they came to be."""

    weights: list[Any]
    history: list[dict[str, float]]
    interrupted: bool


def fit(
    train: TextRows,
    validation: TextRows,
    config: TrainConfig,
    *,
    checkpoint: Path,
    embeddings: Path | None = None,
    start: SentimentModel | None = None,
    strategy: tf.distribute.Strategy | None = None,
    tensorboard: Path | None = None,
    hosts: Hosts | None = None,
) -> Fitted:
    """Train on `train`, watch `validation`; go on from `checkpoint` if it is there.

    Args:
        train: what to learn from, see `keras_pipeline.table.training_rows`.
        validation: rows whose loss early stopping watches.
        config: hyperparameters.
        checkpoint: file that holds the state after each epoch.
        embeddings: file of word vectors to begin with.
        start: a trained model to go on from, of the config's sizes: its words and weights are kept.
        strategy: where to compute; by default as TensorFlow places it.
        tensorboard: folder for TensorBoard's logs, None for none.
        hosts: that train together, this one being the first; on JAX only.

    Raises:
        UserError: the word vectors cannot be read, or are shorter than the config's; training diverged; the
            checkpoint is damaged, or another version's.
        MemoryShortageError: the settings need more memory than there is.
        DiskError: there is no room for the checkpoint; the one before is still there.
    """
    cleaner, vectorizer, vectors = _string_half(train, config, embeddings, start)
    # A rare word that has a vector from outside is known well enough; a trained model's words all are.
    keep = vectors.rows if vectors else ()
    least_count = config.least_word_count if start is None else 1
    data = _encoded(train, validation, (cleaner, vectorizer), least_count, keep)
    words = vectorizer.get_vocabulary()
    config = fit_to_rows(config, len(data.train))
    check_fits(config, words=len(words), rows=0 if has_gpu() else len(train))

    def begin(classifier: keras.Model) -> None:
        if vectors is not None:
            _begin_with(vectors, words, classifier, data.train, config)
        if start is not None:
            take_over(start, classifier, config.labels)

    if config.backend == "jax":
        learned = _on_jax(data, config, len(words), begin, checkpoint, hosts=hosts)
    else:
        learned = _on_tensorflow(
            data, config, len(words), begin, checkpoint, strategy=strategy, tensorboard=tensorboard
        )
    plain, calibration = _in_float32(learned.weights, words, data, config)
    width = None if config.pad_to_longest else config.sequence_length
    model = SentimentModel(
        cleaner, vectorizer, plain, padded_length=width, labels=config.labels, name="sentiment"
    )
    return Fitted(model, learned.history, learned.interrupted, calibration)


def _on_tensorflow(
    data: _Encoded,
    config: TrainConfig,
    words: int,
    begin: Callable[[keras.Model], None],
    checkpoint: Path,
    *,
    strategy: tf.distribute.Strategy | None,
    tensorboard: Path | None,
) -> _Learned:
    """The numeric half, fitted in this process."""
    averaged_steps = config.averaged_epochs * step_count(data.train, config)
    with (strategy or tf.distribute.get_strategy()).scope():
        classifier = _compiled(config, words, averaged_steps)
        begin(classifier)
    saver = Checkpoint.of(checkpoint, config, averaged_steps)
    interrupted = _fit_classifier(classifier, data, config, saver, tensorboard)
    return _Learned(classifier.get_weights(), saver.history, interrupted)


def _on_jax(
    data: _Encoded,
    config: TrainConfig,
    words: int,
    begin: Callable[[keras.Model], None],
    checkpoint: Path,
    *,
    hosts: Hosts | None,
) -> _Learned:
    """The numeric half, fitted by a process that has no TensorFlow."""
    exchange = Exchange(checkpoint.with_name("jax"))
    exchange.given.mkdir(parents=True, exist_ok=True)
    for part in ("train", "validation"):
        _as_arrays(getattr(data, part)).save(exchange.given, part)
    classifier = build_classifier(config, vocabulary_size=words)
    begin(classifier)
    write_whole(exchange.first_weights, classifier.save_weights)
    Task(config, words, verbose=_verbosity()).save(exchange.given)
    answer = run_process(exchange, checkpoint, hosts)
    classifier.load_weights(exchange.last_weights)
    exchange.remove(compiled=not answer.interrupted)
    return _Learned(classifier.get_weights(), answer.history, answer.interrupted)


def _as_arrays(rows: TokenRows) -> IdRows:
    lengths = rows.ids.row_lengths().numpy().astype(np.int32)
    return IdRows(rows.ids.values.numpy(), lengths, rows.targets.numpy(), rows.weights.numpy())


def _verbosity() -> int:
    """Keras's: a moving bar on a terminal, else a line an epoch."""
    return 1 if sys.stdout.isatty() else 2


def _string_half(
    train: TextRows, config: TrainConfig, embeddings: Path | None, start: SentimentModel | None
) -> tuple[keras.layers.Layer, keras.layers.TextVectorization, WordVectors | None]:
    """Cleaner and vectorizer, of `start` or with the words of `train`; and vectors for them, if there are."""
    if start is not None:
        tell_lacking_words(start.vectorizer, start.cleaner, train.texts)
        return start.cleaner, start.vectorizer, None
    cleaner, vectorizer = CLEANERS[config.cleaner](), _vectorizer(config)
    adapt_vectorizer(vectorizer, cleaner, train.texts)
    words = vectorizer.get_vocabulary()
    return cleaner, vectorizer, _vectors(embeddings, words) if embeddings else None


def _vectors(path: Path, words: list[str]) -> WordVectors:
    read = encoder_vectors if path.suffix == ENCODER_SUFFIX else read_word_vectors
    return read(path, words)


def _in_float32(
    weights: list[Any], words: list[str], data: _Encoded, config: TrainConfig
) -> tuple[keras.Model, Calibration | None]:
    """What is saved: with the words' scores where they are wanted, and a temperature in its last layer.

    A mixed precision policy is for the accelerator that trained.
    """
    plain = build_classifier(config, vocabulary_size=len(words))
    plain.set_weights(weights)
    scored = config.word_scores and len(config.labels) <= MOST_CLASSES
    if not scored and not config.calibrated:
        return plain, None
    watched = data.validation.take(np.arange(min(len(data.validation), MOST_ROWS)))
    batches = evaluation_batches(watched, config)
    answers = np.concatenate([plain(ids, training=False) for ids, _, _ in batches])
    scores = _word_scores(words, data.train, watched, answers, config.seed) if scored else None
    logits = logarithms(answers) if scores is None else scores.watched
    calibration = _calibration(logits, watched, config)
    if scores is None:
        if calibration is not None:
            fold_temperature(plain.layers[-1], calibration.temperature)
        return plain, calibration
    if calibration is not None:
        scores = scores.cooled(calibration.temperature)
    return with_word_scores(plain, scores.weights()), calibration


def _word_scores(
    words: list[str], train: TokenRows, watched: TokenRows, answers: Any, seed: int
) -> Scores | None:
    """What words say beside the trained network, and how loudly; it is told."""
    print("Finding out what words say by themselves; some seconds", flush=True)
    scores = fit_word_scores(words, train, watched, answers, seed)
    print(
        "Word scores: left out, for they would bring the validation loss down by less than 1%"
        if scores is None
        else f"Word scores: {scores.share:.2f} of a logistic regression over words, letters and pairs beside "
        f"the network, answers to the power of {scores.trust:.2f}",
        flush=True,
    )
    return scores


def _calibration(logits: Any, rows: TokenRows, config: TrainConfig) -> Calibration | None:
    """Where the settings want one and there are rows for it; it is told, too."""
    if not config.calibrated:
        return None
    found = calibrate(logits, rows.targets.numpy())
    print(
        found.sentence()
        if found is not None
        else f"Temperature 1: none is looked for on fewer than {LEAST_ROWS} validation rows",
        flush=True,
    )
    return found


def _encoded(
    train: TextRows,
    validation: TextRows,
    string_half: tuple[keras.layers.Layer, keras.layers.TextVectorization],
    least_word_count: int,
    keep: Container[str],
) -> _Encoded:
    """Ids of both parts; the vectorizer forgets the words that are rare in the first one."""
    cleaner, vectorizer = string_half

    def ids_of(part: TextRows) -> TokenRows:
        words = vectorizer.vocabulary_size()
        return encode(lambda text: vectorizer(cleaner(text)), part, words)

    rows = ids_of(train)
    kept = forget_rare_words(vectorizer, rows.ids.values.numpy(), least_word_count, keep)
    rows = dataclasses.replace(rows, ids=rows.ids.with_values(kept))
    return _Encoded(rows, ids_of(validation))


def _begin_with(
    vectors: WordVectors,
    words: list[str],
    classifier: keras.Model,
    rows: TokenRows,
    config: TrainConfig,
) -> None:
    """Fill the embedding table, and tell how many of the words and tokens have a vector."""
    classifier.get_layer("embedding").embeddings.assign(
        vectors.table(words, config.embedding_dim, config.seed)
    )
    found = vectors.found(words)
    tokens = found[rows.ids.values.numpy()]
    print(
        f"Word vectors: {found.sum():,} of {len(words):,} words in the vocabulary, "
        f"{tokens.mean():.1%} of the training tokens",
        flush=True,
    )


def _vectorizer(config: TrainConfig) -> keras.layers.TextVectorization:
    return build_vectorizer(
        vocabulary_size=config.vocabulary_size,
        sequence_length=config.sequence_length,
        punctuation_tokens=config.punctuation_tokens,
    )


def _compiled(config: TrainConfig, words: int, averaged_steps: float) -> keras.Model:
    policy = "mixed_float16" if config.mixed_precision else "float32"
    classifier = build_classifier(
        config, vocabulary_size=words, dtype=policy, bidirectional=_bidirectional(config)
    )
    classifier = for_training(classifier, config)
    classifier.compile(
        optimizer=optimizer_of(
            config, averaged_steps, AveragingAdam, scaled_loss=config.mixed_precision
        ),
        loss="categorical_crossentropy",
        metrics=[Accuracy()],
        # XLA would compile anew for every batch width.
        jit_compile=False,
    )
    # Under a strategy it takes its scope: a resumed run gives them values before the first step.
    classifier.optimizer.build(classifier.trainable_variables)
    if not tf.distribute.has_strategy():
        _create_metrics(classifier)
    return classifier


def _bidirectional(config: TrainConfig) -> type[keras.layers.Bidirectional]:
    """Keras's own, with cuDNN on a GPU; a faster one where that computes the same."""
    masked_outputs = config.mask_padding and config.max_mean_pooling
    if masked_outputs and not config.mixed_precision and not has_gpu():
        return CpuBidirectional
    return keras.layers.Bidirectional


def _create_metrics(classifier: keras.Model) -> None:
    """Their variables.

    Else the training step makes them while it is traced, and TensorFlow traces it a second time: 6.4 s
    before the first step in place of 4.4. Under a strategy Keras does this itself.
    """
    answer = tf.one_hot([0], classifier.output_shape[-1])
    classifier.compute_metrics(None, answer, answer)
    classifier.reset_metrics()


def _fit_classifier(
    classifier: keras.Model,
    data: _Encoded,
    config: TrainConfig,
    saver: Checkpoint,
    tensorboard: Path | None,
) -> bool:
    """Run Keras's fit from the last finished epoch; tell whether Ctrl-C ended it."""
    done = saver.restore(classifier)
    if saver.finished:
        return False
    replicas = classifier.distribute_strategy.num_replicas_in_sync
    batches, steps = training_batches(data.train, config, first_epoch=done, replicas=replicas)
    validation = evaluation_batches(data.validation, config, replicas=replicas)
    board = keras.callbacks.TensorBoard(tensorboard, profile_batch=0) if tensorboard else None
    try:
        classifier.fit(
            _unsharded(batches),
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=config.epochs,
            validation_data=_unsharded(validation),
            callbacks=saver.among(StopOnDivergence(), board),
            shuffle=False,
            verbose=_verbosity(),
        )
    except KeyboardInterrupt:
        if (best := saver.best_weights()) is not None:
            classifier.set_weights(best)
        return True
    return False


def _unsharded(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """One host reads everything: there is no other to share files with."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)
