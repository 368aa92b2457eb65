"""The classifier made, compiled and fitted by Keras on JAX; imports no TensorFlow."""

import signal
from pathlib import Path
from typing import Any

import jax
import keras

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.averaged_adam import optimizer_of
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.divergence import StopOnDivergence
from keras_pipeline.fit.on_jax.bilstm import JaxBidirectional
from keras_pipeline.fit.on_jax.devices import share_batches
from keras_pipeline.fit.on_jax.exchange import Answer, Exchange, IdRows, Task
from keras_pipeline.fit.on_jax.padded_batches import Batch, PaddedBatches
from keras_pipeline.numeric.accuracy import Accuracy
from keras_pipeline.numeric.classifier import build_classifier, for_training


class _Watched(keras.utils.PyDataset):
    """Batches of an evaluation, for Keras."""

    def __init__(self, batches: PaddedBatches) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return self._batches.evaluation_steps()

    def __getitem__(self, index: int) -> Batch:
        return self._batches.evaluation(index)


class InterruptBetweenSteps(keras.callbacks.Callback):
    """Ctrl-C, raised behind a step: elsewhere Keras's JAX trainer holds no variables, and fails with another error.

    Put it last, behind what puts averaged weights into the model.

    Args:
        weights: of the model, before the first epoch.

    Attributes:
        asked: whether a signal came.
        weights: those after the last epoch.
    """

    def __init__(self, weights: list[Any]) -> None:
        super().__init__()
        self.asked = False
        self.weights = weights
        signal.signal(signal.SIGINT, self._remember)

    def _remember(self, number: int, frame: Any) -> None:
        self.asked = True

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Raise it."""
        if self.asked:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the weights."""
        self.weights = self.model.get_weights()


def precision(config: TrainConfig) -> str:
    """Keras's policy: bfloat16 where the device computes in it, else float16, both only where asked for."""
    if not config.mixed_precision:
        return "float32"
    device = jax.devices()[0]
    # NVIDIA's GPUs do from compute capability 8 on; CPUs and TPUs all do.
    old = device.platform == "gpu" and float(getattr(device, "compute_capability", 8)) < 8
    return "mixed_float16" if old else "mixed_bfloat16"


def compiled(config: TrainConfig, words: int, averaged_steps: float) -> keras.Model:
    """The classifier with its optimizer.

    Args:
        config: settings.
        words: rows of the embedding table.
        averaged_steps: that an average of the weights is over; none is kept of one or less.
    """
    policy = precision(config)
    classifier = build_classifier(
        config, vocabulary_size=words, dtype=policy, bidirectional=_bidirectional(config)
    )
    classifier = for_training(classifier, config)
    optimizer = optimizer_of(config, averaged_steps, scaled_loss=policy == "mixed_float16")
    classifier.compile(optimizer, loss="categorical_crossentropy", metrics=[Accuracy()])
    optimizer.build(classifier.trainable_variables)
    return classifier


def _bidirectional(config: TrainConfig) -> type[keras.layers.Bidirectional]:
    """Ours where it computes the same; without a mask Keras calls cuDNN on a GPU."""
    masked_outputs = config.mask_padding and config.max_mean_pooling
    return JaxBidirectional if masked_outputs else keras.layers.Bidirectional


def train(exchange: Exchange, checkpoint: Path, host: int = 0, hosts: int = 1) -> Answer:
    """Fit as the task says, from the checkpoint where there is one, and write the last weights.

    Args:
        exchange: what is given, and where to write.
        checkpoint: state after each epoch.
        host: number of this one.
        hosts: that train together.

    Raises:
        UserError: training diverged, or the checkpoint is damaged.
    """
    task = Task.load(exchange.given)
    config = task.config
    keras.utils.set_random_seed(config.seed)
    # In the file layers go by the names of their classes: through Keras's own it passes. On one device.
    plain = build_classifier(config, vocabulary_size=task.words)
    plain.load_weights(exchange.first_weights)
    told = share_batches()
    if not host:
        print(told, flush=True)
    batches, watched = (
        PaddedBatches(
            IdRows.load(exchange.given, part), config, jax.device_count(), host=host, hosts=hosts
        )
        for part in ("train", "validation")
    )
    averaged_steps = config.averaged_epochs * batches.training_steps()
    classifier = compiled(config, task.words, averaged_steps)
    classifier.set_weights(plain.get_weights())
    saver = Checkpoint.of(checkpoint, config, averaged_steps)
    interrupted = _fit(classifier, (batches, watched), saver, 0 if host else task.verbose)
    plain.set_weights(classifier.get_weights() if interrupted is None else interrupted)
    plain.save_weights(exchange.last_weights)
    return Answer(saver.history, interrupted is not None)


def _fit(
    classifier: keras.Model,
    data: tuple[PaddedBatches, PaddedBatches],
    saver: Checkpoint,
    verbose: int,
) -> list[Any] | None:
    """Run Keras's fit from the last finished epoch; where Ctrl-C ended it, give the best weights until then."""
    done = saver.restore(classifier)
    if saver.finished:
        return None
    batches, watched = data
    interrupt = InterruptBetweenSteps(classifier.get_weights())
    try:
        classifier.fit(
            batches.training(first_epoch=done),
            steps_per_epoch=batches.training_steps(),
            initial_epoch=done,
            epochs=batches.config.epochs,
            validation_data=_Watched(watched),
            callbacks=saver.among(StopOnDivergence(), interrupt),
            shuffle=False,
            verbose=verbose,
        )
    except KeyboardInterrupt:
        return saver.best_weights() or interrupt.weights
    return None
