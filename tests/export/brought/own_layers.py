"""What other people write: registered layers and models of strings and of numbers. Also a file for `--import`."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="theirs")
def without_digits(text):
    """A `standardize` of somebody's own."""
    return tf.strings.regex_replace(tf.strings.lower(text), r"[0-9!?.,]", "")


@keras.saving.register_keras_serializable(package="theirs")
class Hashed(keras.layers.Layer):
    """`[batch] string -> [batch, words] int64`: no table at all."""

    def __init__(self, bins=256, words=12, **kwargs):
        super().__init__(**kwargs)
        self.bins, self.words = bins, words

    def call(self, text):
        tokens = tf.strings.split(tf.strings.lower(text))
        ids = tf.strings.to_hash_bucket_fast(tokens, self.bins - 1) + 1
        return ids.to_tensor(shape=[None, self.words])

    def compute_output_spec(self, text):
        return keras.KerasTensor((text.shape[0], self.words), dtype="int64")

    def get_config(self):
        return {**super().get_config(), "bins": self.bins, "words": self.words}


@keras.saving.register_keras_serializable(package="theirs")
class FromFile(keras.layers.Layer):
    """Token ids by a table that TensorFlow reads from a file."""

    def __init__(self, file, **kwargs):
        super().__init__(**kwargs)
        self.file = file
        initializer = tf.lookup.TextFileInitializer(
            file, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        self.table = tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=1)

    def call(self, text):
        tokens = tf.strings.split(text)
        ids = tf.ragged.map_flat_values(self.table.lookup, tokens) + 1
        return ids.to_tensor(shape=[None, 12])

    def compute_output_spec(self, text):
        return keras.KerasTensor((text.shape[0], 12), dtype="int64")

    def get_config(self):
        return {**super().get_config(), "file": self.file}


@keras.saving.register_keras_serializable(package="theirs")
class RawVariable(keras.layers.Layer):
    """A `tf.Variable` of its own, which `.variables` of a Keras model does not tell."""

    def build(self, shape):
        self.scale = tf.Variable(tf.fill([shape[-1]], 2.0), trainable=False)

    def call(self, x):
        return x * self.scale


@keras.saving.register_keras_serializable(package="theirs")
class MaskedMean(keras.layers.Layer):
    """Mean over the words; of no words 0 / 0."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, mask=None):
        kept = tf.cast(mask, x.dtype)[..., tf.newaxis]
        return tf.reduce_sum(x * kept, axis=1) / tf.reduce_sum(kept, axis=1)

    def compute_mask(self, x, mask=None):
        return None


@keras.saving.register_keras_serializable(package="theirs")
class Strict(keras.layers.Layer):
    """Fails on bytes that are no UTF-8, as somebody's tokenizer may."""

    def call(self, text):
        return tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="strict")

    def compute_output_spec(self, text):
        return keras.KerasTensor(text.shape, dtype="string")


@keras.saving.register_keras_serializable(package="theirs")
class FirstLetter(keras.layers.Layer):
    """Its second output is the first letter, so an empty text fails."""

    def call(self, text):
        first = tf.strings.substr(text, 1, 1)
        return tf.strings.join([text, first], " ")

    def compute_output_spec(self, text):
        return keras.KerasTensor(text.shape, dtype="string")


@keras.saving.register_keras_serializable(package="theirs")
class Subclassed(keras.Model):
    """A model by subclassing: it declares no input."""

    def __init__(self, vectorizer, classes=3, **kwargs):
        super().__init__(**kwargs)
        self.vectorizer = vectorizer
        self.embedding = keras.layers.Embedding(200, 8)
        self.pool = keras.layers.GlobalMaxPooling1D()
        self.dense = keras.layers.Dense(classes)
        self.classes = classes

    def call(self, text):
        return self.dense(self.pool(self.embedding(self.vectorizer(text))))

    def get_config(self):
        vectorizer = keras.saving.serialize_keras_object(self.vectorizer)
        return {"name": self.name, "vectorizer": vectorizer, "classes": self.classes}

    @classmethod
    def from_config(cls, config):
        return cls(
            **{**config, "vectorizer": keras.saving.deserialize_keras_object(config["vectorizer"])}
        )


@keras.saving.register_keras_serializable(package="theirs")
class OfDicts(keras.Model):
    """By subclassing, a dict in and a dict out."""

    def __init__(self, vectorizer, **kwargs):
        super().__init__(**kwargs)
        self.vectorizer = vectorizer
        self.embedding = keras.layers.Embedding(200, 8)
        self.pool = keras.layers.GlobalAveragePooling1D()
        self.dense = keras.layers.Dense(3, activation="softmax")

    def call(self, inputs, training=None):
        return {"answer": self.dense(self.pool(self.embedding(self.vectorizer(inputs["text"]))))}

    def get_config(self):
        return {
            "name": self.name,
            "vectorizer": keras.saving.serialize_keras_object(self.vectorizer),
        }

    @classmethod
    def from_config(cls, config):
        return cls(
            **{**config, "vectorizer": keras.saving.deserialize_keras_object(config["vectorizer"])}
        )
