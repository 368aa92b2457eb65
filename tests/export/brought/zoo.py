"""Text models as other people build them with Keras, small, each trained for a second on made-up rows.

ZOO["bilstm"](texts, folder)          compiled, not trained
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from own_layers import (
    FirstLetter,
    FromFile,
    Hashed,
    MaskedMean,
    OfDicts,
    RawVariable,
    Strict,
    Subclassed,
    without_digits,
)

layers = keras.layers
ZOO: dict[str, Callable[[list[str], Path], Any]] = {}
LOSS = "sparse_categorical_crossentropy"
FROM_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
LENGTH = 12


def zoo(build):
    """Keep a model under its function's name."""
    ZOO[build.__name__] = build
    return build


def vectorizer(texts, **settings):
    """Adapted; by default ids of a fixed length."""
    if settings.get("output_mode", "int") == "int":
        settings.setdefault("output_sequence_length", LENGTH)
    layer = layers.TextVectorization(max_tokens=200, **settings)
    layer.adapt(texts)
    return layer


def text_input(shape=()):
    return keras.Input(shape, dtype="string", name="tweet")


def compiled(model, loss=LOSS, **settings):
    model.compile(keras.optimizers.Adam(0.03), loss, jit_compile=False, **settings)
    return model


def of(*stack, shape=(), loss=LOSS):
    """A Sequential of these layers."""
    return compiled(keras.Sequential([text_input(shape), *stack]), loss)


def softmax(classes=3):
    return layers.Dense(classes, activation="softmax")


def pooled(x):
    return layers.GlobalMaxPooling1D()(layers.Embedding(200, 8)(x))


@zoo
def sequential(texts, folder):
    return of(
        vectorizer(texts), layers.Embedding(200, 8), layers.GlobalAveragePooling1D(), softmax()
    )


@zoo
def sequential_without_an_input(texts, folder):
    model = keras.Sequential(
        [vectorizer(texts), layers.Embedding(200, 8), layers.GlobalMaxPooling1D(), softmax()]
    )
    return compiled(model)


@zoo
def functional_of_a_column(texts, folder):
    text = text_input((1,))
    return compiled(keras.Model(text, softmax()(pooled(vectorizer(texts)(text)))))


@zoo
def nested(texts, folder):
    ids = keras.Input((LENGTH,), dtype="int64")
    inner = keras.Model(ids, softmax()(pooled(ids)), name="inner")
    text = text_input()
    return compiled(keras.Model(text, inner(vectorizer(texts)(text))))


@zoo
def subclassed_with_logits(texts, folder):
    model = Subclassed(vectorizer(texts))
    model(np.array(["a text"], object))
    return compiled(model, FROM_LOGITS)


@zoo
def subclassed_of_dicts(texts, folder):
    model = OfDicts(vectorizer(texts))
    model({"text": np.array(["a text"], object)})
    return compiled(model)


@zoo
def functional_of_dicts(texts, folder):
    text = text_input()
    return compiled(
        keras.Model({"tweet": text}, {"answer": softmax()(pooled(vectorizer(texts)(text)))})
    )


@zoo
def multi_hot(texts, folder):
    return of(vectorizer(texts, output_mode="multi_hot"), softmax())


@zoo
def tf_idf_of_bigrams(texts, folder):
    return of(
        vectorizer(texts, output_mode="tf_idf", ngrams=2),
        layers.Dense(8, activation="relu"),
        softmax(),
    )


@zoo
def counts(texts, folder):
    return of(vectorizer(texts, output_mode="count"), softmax())


@zoo
def characters(texts, folder):
    vectors = vectorizer(texts, split="character", output_sequence_length=60)
    return of(
        vectors,
        layers.Embedding(200, 8),
        layers.Conv1D(16, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        softmax(),
    )


@zoo
def own_standardize(texts, folder):
    return of(
        vectorizer(texts, standardize=without_digits),
        layers.Embedding(200, 8),
        layers.GlobalMaxPooling1D(),
        softmax(),
    )


@zoo
def string_lookup(texts, folder):
    words = sorted({word for text in texts for word in text.split()})
    text = text_input()
    lookup = layers.StringLookup(vocabulary=words, output_mode="multi_hot")
    first = Words()(text)
    return compiled(keras.Model(text, softmax()(lookup(first))))


@keras.saving.register_keras_serializable(package="theirs")
class Words(layers.Layer):
    """`[batch] string -> [batch, 12] string`."""

    def call(self, text):
        import tensorflow as tf

        return tf.strings.split(text).to_tensor("", shape=[None, LENGTH])

    def compute_output_spec(self, text):
        return keras.KerasTensor((text.shape[0], LENGTH), dtype="string")


@zoo
def hashed_by_tf_strings(texts, folder):
    return of(Hashed(), layers.Embedding(256, 8), layers.GlobalMaxPooling1D(), softmax())


@zoo
def vocabulary_from_a_file(texts, folder):
    file = folder / "words.txt"
    file.write_text("\n".join(sorted({word for text in texts for word in text.split()})))
    vectors = layers.TextVectorization(vocabulary=str(file), output_sequence_length=LENGTH)
    return of(vectors, layers.Embedding(200, 8), layers.GlobalMaxPooling1D(), softmax())


@zoo
def table_from_a_file(texts, folder):
    file = folder / "table.txt"
    file.write_text("\n".join(sorted({word for text in texts for word in text.split()})))
    return of(FromFile(str(file)), layers.Embedding(200, 8), layers.GlobalMaxPooling1D(), softmax())


@zoo
def bilstm(texts, folder):
    return of(
        vectorizer(texts),
        layers.Embedding(200, 8, mask_zero=True),
        layers.Bidirectional(layers.LSTM(8)),
        softmax(),
    )


@zoo
def gru_of_any_length(texts, folder):
    vectors = vectorizer(texts, output_sequence_length=None)
    return of(
        vectors,
        layers.Embedding(200, 8, mask_zero=True),
        layers.GRU(8),
        layers.Dense(3),
        loss=FROM_LOGITS,
    )


@zoo
def convolution(texts, folder):
    return of(
        vectorizer(texts), layers.Embedding(200, 8), layers.Conv1D(16, 3, activation="relu"),
        layers.BatchNormalization(), layers.GlobalMaxPooling1D(), layers.Dropout(0.1), softmax(),
    )  # fmt: skip


@zoo
def attention(texts, folder):
    text = text_input()
    x = layers.Embedding(200, 8)(vectorizer(texts)(text))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return compiled(keras.Model(text, softmax()(layers.GlobalAveragePooling1D()(x))))


@zoo
def mixed_precision(texts, folder):
    text = text_input()
    x = layers.Embedding(200, 8, dtype="mixed_float16")(vectorizer(texts)(text))
    x = layers.GlobalMaxPooling1D(dtype="mixed_float16")(x)
    x = layers.Dense(8, activation="relu", dtype="mixed_float16")(x)
    return compiled(keras.Model(text, layers.Dense(3, activation="softmax", dtype="float32")(x)))


@zoo
def raw_variable(texts, folder):
    return of(
        vectorizer(texts),
        layers.Embedding(200, 8),
        layers.GlobalMaxPooling1D(),
        RawVariable(),
        softmax(),
    )


@zoo
def mean_of_words(texts, folder):
    return of(vectorizer(texts), layers.Embedding(200, 8, mask_zero=True), MaskedMean(), softmax())


@zoo
def strict_about_utf8(texts, folder):
    return of(
        Strict(),
        vectorizer(texts),
        layers.Embedding(200, 8),
        layers.GlobalMaxPooling1D(),
        softmax(),
    )


@zoo
def first_letter(texts, folder):
    return of(
        FirstLetter(),
        vectorizer(texts),
        layers.Embedding(200, 8),
        layers.GlobalMaxPooling1D(),
        softmax(),
    )


@zoo
def binary_sigmoid(texts, folder):
    stack = vectorizer(texts), layers.Embedding(200, 8), layers.GlobalMaxPooling1D()
    return of(*stack, layers.Dense(1, activation="sigmoid"), loss="binary_crossentropy")


@zoo
def binary_logit(texts, folder):
    stack = vectorizer(texts), layers.Embedding(200, 8), layers.GlobalMaxPooling1D()
    return of(*stack, layers.Dense(1), loss=keras.losses.BinaryCrossentropy(from_logits=True))


@zoo
def bilstm_with_an_average(texts, folder):
    text = text_input()
    x = layers.Embedding(200, 8, mask_zero=True)(vectorizer(texts)(text))
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(layers.SpatialDropout1D(0.1)(x))
    return compiled(keras.Model(text, softmax()(layers.GlobalAveragePooling1D()(x))))


@zoo
def bilstm_with_a_maximum_in_a_model(texts, folder):
    ids = keras.Input((LENGTH,), dtype="int64")
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(
        layers.Embedding(200, 8, mask_zero=True)(ids)
    )
    inner = keras.Model(ids, softmax()(layers.GlobalMaxPooling1D()(x)))
    return of(vectorizer(texts), inner)
