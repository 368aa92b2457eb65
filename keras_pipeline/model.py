"""The graph: raw texts in, probabilities of the classes out.

    text [batch] string -> cleaner -> TextVectorization -> ids [batch, time] int64
      -> Embedding -> SpatialDropout1D -> Bidirectional(LSTM) -> maximum and mean of its outputs
      -> Dense -> Dropout -> Dense softmax [-> WordScores] -> probabilities [batch, classes] float32

`SentimentModel.token_ids` is the string half (it runs in tf.data while training), its `classifier`
the numeric half (it runs on the accelerator). The exported graph holds the same two layer objects.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import keras
import tensorflow as tf

import keras_pipeline.layers
import keras_pipeline.numeric.classifier  # noqa: F401
from keras_pipeline.errors import UserError
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.layers.text_input import as_text, labelled_batches

_BATCH_SIZE: Final = 32
"""Keras's own default."""


@keras.saving.register_keras_serializable(package="keras_pipeline")
class SentimentModel(keras.Model):
    """A Keras model over raw texts: `[batch] string -> [batch, classes] float32`.

    Args:
        cleaner: layer `[batch] string -> [batch] string`, an `ExpressiveTweetCleaner` or a `TweetCleaner`.
        vectorizer: adapted layer `[batch] string -> ragged [batch, (time)] int64`.
        classifier: model `[batch, time] int64 -> [batch, classes] float32`.
        labels: class names in the order of the columns; a model that was saved without them knows the
            three of tweet sentiment.
        padded_length: pad every tweet to so many tokens; by default to the batch's longest.

    Call arguments:
        text: a list, tuple, NumPy array, pandas Series or tensor of strings, of rank 1. An empty one
            gives `[0, classes]`.

    Raises:
        TypeError: a bare string, None or something that is no string.
        ValueError: text of another rank than 1.
    """

    def __init__(
        self,
        cleaner: keras.layers.Layer,
        vectorizer: keras.layers.TextVectorization,
        classifier: keras.Model,
        padded_length: int | None = None,
        labels: Sequence[str] = SENTIMENTS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cleaner = cleaner
        self.vectorizer = vectorizer
        self.classifier = classifier
        self.padded_length = padded_length
        self._labels = tuple(labels)
        self._convert_input_args = False  # strings have no compute dtype to be cast to
        self.supports_jit = False  # XLA knows no strings
        # Op by op one tweet took 363 ms on a busy machine, as one function 7 ms.
        self._answer = tf.function(
            super().__call__, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
        )
        self.built = True  # every part is

    def token_ids(self, text: tf.Tensor) -> tf.Tensor:
        """The string half: `[batch] string -> [batch, time] int64`, padded with 0.

        `time` is `padded_length`, else that of the longest tweet.
        """
        ids = self.vectorizer(self.cleaner(text))
        return ids.to_tensor(shape=[None, self.padded_length])

    def call(self, text: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """`[batch] string -> [batch, classes] float32`."""
        rows = tf.shape(text)[0]
        # LSTM and BiasAdd fail on an empty batch: one empty tweet stands in and is cut off again.
        stand_in = tf.fill([tf.cast(rows == 0, tf.int32)], "")
        ids = self.token_ids(tf.concat([text, stand_in], axis=0))
        return self.classifier(ids, training=training)[:rows]

    def __call__(self, text: Any, *args: Any, **kwargs: Any) -> Any:
        """See the class: anything that holds strings, `-> [batch, classes] float32`."""
        text = as_text(text)
        plain = not args and not kwargs and isinstance(text, tf.Tensor)
        if plain and tf.executing_eagerly():
            return self._answer(text)
        return super().__call__(text, *args, **kwargs)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names; the position is the class id and the column of the answer."""
        return self._labels

    def fit(self, x: Any, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """`keras.Model.fit` over strings, with class ids or names, or over a dataset of texts and ids.

        Args:
            x: texts as for the call, or a `tf.data.Dataset` of `(texts, ids)` batches.
            y: class ids or names, `[rows]`.
            batch_size: rows in one step, 32 by default.
            **kwargs: as Keras's; `validation_data` may be `(texts, labels)` of the same kinds.
        """
        size = batch_size or _BATCH_SIZE
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, (tuple, list)):
            texts, labels, *weights = held_out
            kwargs["validation_data"] = labelled_batches(texts, labels, self.labels, size, *weights)
        if not isinstance(x, tf.data.Dataset):
            weights = kwargs.pop("sample_weight", None)
            shuffle = kwargs.pop("shuffle", True)
            x = labelled_batches(x, y, self.labels, size, weights, shuffle=shuffle)
        # Datasets are shuffled already: Keras warns where it is asked to.
        return super().fit(x, **{"shuffle": False, **kwargs})

    def evaluate(self, x: Any, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """`keras.Model.evaluate` over strings, with class ids or names, or over a dataset of texts and ids."""
        if not isinstance(x, tf.data.Dataset):
            weights = kwargs.pop("sample_weight", None)
            x = labelled_batches(x, y, self.labels, batch_size or _BATCH_SIZE, weights)
        return super().evaluate(x, **kwargs)

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        """`keras.Model.predict` over strings or a dataset of them: `-> [rows, classes] float32` NumPy."""
        if isinstance(x, tf.data.Dataset):
            return super().predict(x, **kwargs)
        text = as_text(x)
        if not len(text):
            return self(text).numpy()  # Keras refuses a dataset without a batch
        batches = tf.data.Dataset.from_tensor_slices(text).batch(batch_size or _BATCH_SIZE)
        return super().predict(batches, **kwargs)

    def compute_output_spec(self, text: Any, training: bool | None = None) -> keras.KerasTensor:
        """`[batch, classes] float32`."""
        return keras.KerasTensor((text.shape[0], len(self.labels)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """The parts, serialized; `from_config` builds them again."""
        parts = {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in ("cleaner", "vectorizer", "classifier")
        }
        sizes = {"padded_length": self.padded_length, "labels": list(self.labels)}
        return {"name": self.name, **sizes, **parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SentimentModel":
        """Build from what `get_config` gave."""
        config = dict(config)
        for name in ("cleaner", "vectorizer", "classifier"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def load_model(path: str | Path) -> SentimentModel:
    """Read a model back that training saved, compiled: `fit` and `evaluate` are ready to be called.

    Args:
        path: a `.keras` file, or the run folder that holds `model.keras`.

    Raises:
        UserError: there is no such file, or it holds another kind of model.
    """
    path = Path(path)
    try:
        file = path / "model.keras" if path.is_dir() else path
        is_there = file.is_file()
    except OSError:  # a name that no file can have
        is_there = False
    if not is_there:
        raise UserError(
            f"`path` must be a .keras file or a run folder with a model.keras. Received: path={path}"
        )
    try:
        model = keras.saving.load_model(file)
    except Exception as error:  # whatever Keras, zipfile or h5py make of damaged bytes
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"`{file}` cannot be read as a Keras model: {reason}") from error
    if not isinstance(model, SentimentModel):
        raise UserError(
            f"`{file}` must hold a SentimentModel. Received: a model of type {type(model).__name__}"
        )
    if not model.compiled:  # one that somebody fitted further keeps its own optimizer
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
