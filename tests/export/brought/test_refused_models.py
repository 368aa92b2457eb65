"""Models that cannot be served are refused in one sentence that tells what to do, before anything is written."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from own_layers import Hashed, RawVariable
from zoo import LENGTH, text_input, vectorizer

from export.brought.brought_model import bring
from export.brought.reading import read_model
from export.errors import UnfitModelError
from export.exporter import export_model
from export.gate.quality import TestSplit
from export.settings import Artefact

layers = keras.layers
TEXTS = ["so happy today", "such a sad monday", "the train is late", "lovely", "my office"] * 4
LABELS = ("negative", "neutral", "positive")


def pooled(x, width=3, activation="softmax"):
    x = layers.GlobalMaxPooling1D()(layers.Embedding(200, 4)(x))
    return layers.Dense(width, activation=activation)(x)


def several_texts():
    first, second = keras.Input((), dtype="string", name="title"), text_input()
    joined = layers.Concatenate()([vectorizer(TEXTS)(first), vectorizer(TEXTS)(second)])
    return keras.Model([first, second], pooled(joined))


def ids_in():
    ids = keras.Input((LENGTH,), dtype="int64", name="ids")
    return keras.Model(ids, pooled(ids))


def sequential_of_ids():
    return keras.Sequential(
        [
            keras.Input((LENGTH,)),
            layers.Embedding(9, 4),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3),
        ]
    )


def several_outputs():
    text = text_input()
    ids = vectorizer(TEXTS)(text)
    return keras.Model(text, {"mood": pooled(ids), "topic": pooled(ids, 5)})


def a_label_a_word():
    text = text_input()
    x = layers.Embedding(200, 4)(vectorizer(TEXTS)(text))
    return keras.Model(text, layers.Dense(3, activation="softmax")(x))


def unadapted():
    text = text_input()
    return keras.Model(text, pooled(layers.TextVectorization(200, output_sequence_length=4)(text)))


class InPython(layers.Layer):
    """Calls Python from the graph."""

    def call(self, text):
        ids = tf.numpy_function(
            lambda t: np.array([[len(x)] for x in t], np.int64), [text], tf.int64
        )
        return tf.ensure_shape(tf.minimum(ids, 9), [None, 1])

    def compute_output_spec(self, text):
        return keras.KerasTensor((text.shape[0], 1), dtype="int64")


def python_inside():
    text = text_input()
    return keras.Model(text, pooled(InPython()(text)))


class Noise(layers.Layer):
    """Draws at each call."""

    def call(self, x):
        return x + tf.random.uniform(tf.shape(x))


def random_answers():
    text = text_input()
    x = Noise()(layers.Embedding(200, 4)(vectorizer(TEXTS)(text)))
    return keras.Model(text, layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling1D()(x)))


def unmasked_neighbours():
    text = text_input()
    x = layers.Embedding(200, 4)(vectorizer(TEXTS, output_sequence_length=None)(text))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(text, layers.Dense(3, activation="softmax")(x))


class Fragile(layers.Layer):
    """Fails on one text."""

    def call(self, text):
        tf.debugging.assert_none_equal(text, "@mention")
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(text != "@mention"), ["no mentions"])]
        ):
            return tf.identity(text)

    def compute_output_spec(self, text):
        return keras.KerasTensor(text.shape, dtype="string")


def fragile():
    text = text_input()
    return keras.Model(text, pooled(vectorizer(TEXTS)(Fragile()(text))))


def three_sigmoids():
    text = text_input()
    return keras.Model(text, pooled(vectorizer(TEXTS)(text), activation="sigmoid"))


def softmax_of_one():
    text = text_input()
    return keras.Model(text, pooled(vectorizer(TEXTS)(text), 1))


def four_classes():
    text = text_input()
    return keras.Model(text, pooled(vectorizer(TEXTS)(text), 4))


def loss_and_activation_differ():
    text = text_input()
    model = keras.Model(text, pooled(vectorizer(TEXTS)(text), activation=None))
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def regression():
    text = text_input()
    model = keras.Model(text, pooled(vectorizer(TEXTS)(text), 1, activation=None))
    model.compile(loss="mse")
    return model


def of_nan():
    text = text_input()
    model = keras.Model(text, pooled(vectorizer(TEXTS)(text)))
    model.layers[-1].bias.assign([np.nan] * 3)
    return model


REFUSED = {
    several_texts: ("must take one text a row", "title [batch] string, tweet [batch] string"),
    ids_in: ("put the TextVectorization in front", "ids [batch, 12] int64"),
    sequential_of_ids: ("put the TextVectorization in front", "[batch, 12] float32"),
    several_outputs: ("must have one output", "2 outputs (mood, topic)"),
    a_label_a_word: ("one row of numbers, [batch, classes]", "[None, 12, 3], float32"),
    unadapted: ("call adapt(texts)", "`text_vectorization"),
    python_inside: ("a server has no Python", "PyFunc"),
    random_answers: ("the same answer to the same texts", "between two calls"),
    unmasked_neighbours: ("whatever stands beside it in a batch", "a difference of "),
    fragile: ("must answer any text", "'@mention', on which it fails"),
    three_sigmoids: ("several sigmoids may all be right at once", "3 sigmoids"),
    softmax_of_one: ("softmax of two classes at least", "softmax of 1"),
    four_classes: ("`labels` must name 4 classes", "3 labels, negative, neutral, positive"),
    loss_and_activation_differ: ("--output softmax or logits or sigmoid", "the compiled loss says softmax"),
    regression: ("--output", "nothing of classes"),
    of_nan: ("with numbers", "NaN"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.__name__)
def test_refused_in_one_sentence_before_anything_is_written(build, tmp_path):
    expected, received = REFUSED[build]
    split = TestSplit(np.array(TEXTS, object), np.zeros(len(TEXTS), int))
    with pytest.raises(UnfitModelError) as caught:
        export_model(build(), tmp_path / "models", labels=LABELS, split=split)
    told = str(caught.value)
    before, _, after = told.partition(" Received: ")
    assert expected in before, told
    assert received in after, told
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []


def test_output_settles_what_activation_and_loss_do_not_agree_on():
    found = bring(loss_and_activation_differ(), labels=LABELS, texts=TEXTS, output="logits")
    assert found.told()["head"] == "logits, softmax added; told by --output"
    assert found.predict(TEXTS).sum(axis=1) == pytest.approx(np.ones(len(TEXTS)))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("softmax", "these are logits"),
        ("sigmoid", "3 sigmoids"),
        ("margin", "`output` must be softmax or"),
    ],
)
def test_an_output_that_cannot_be(output, sentence):
    with pytest.raises(UnfitModelError, match=sentence):
        bring(loss_and_activation_differ(), labels=LABELS, texts=TEXTS, output=output)


@pytest.mark.parametrize("artefact", [Artefact(weights="float16"), Artefact(graph="packed")])
def test_other_artefacts_are_for_models_of_ours(artefact, tmp_path):
    split = TestSplit(np.array(TEXTS, object), np.zeros(len(TEXTS), int))
    with pytest.raises(UnfitModelError, match="a SavedModel of float32 by the graph auto or keras"):
        export_model(four_classes(), tmp_path, labels=LABELS, split=split, artefact=artefact)


def test_what_is_no_keras_model():
    with pytest.raises(
        UnfitModelError, match=r"must be a Keras model\. Received: model of type dict"
    ):
        bring({}, labels=LABELS, texts=TEXTS)


def saved(model, path):
    model.save(path)
    return path


def test_an_object_that_is_not_registered_is_named(tmp_path):
    path = saved(fragile(), tmp_path / "theirs.keras")
    with pytest.raises(UnfitModelError, match=r"defines `Fragile` by --import FILE\.py\. Received"):
        read_model(path)


def test_a_python_file_brings_what_is_not_registered(tmp_path):
    """By its own names, where it forgot to register them."""
    file = tmp_path / "my_layers.py"
    file.write_text(
        "import keras\nimport tensorflow as tf\n\n\nclass Plain(keras.layers.Layer):\n"
        "    def call(self, text):\n        return tf.strings.lower(text)\n\n"
        "    def compute_output_spec(self, text):\n        return keras.KerasTensor(text.shape, dtype='string')\n"
    )
    space = {}
    exec(file.read_text(), space)  # noqa: S102 (as the notebook in which it was trained)
    text = text_input()
    model = keras.Model(text, pooled(vectorizer(TEXTS)(space["Plain"]()(text))))
    path = saved(model, tmp_path / "theirs.keras")
    found = bring(read_model(path, [file]), labels=LABELS, texts=TEXTS)
    np.testing.assert_allclose(
        found.predict(TEXTS), model.predict(np.array(TEXTS, object), verbose=0), atol=1e-6
    )


def test_a_python_file_may_import_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "neighbour_of_layers.py").write_text("FOUND = 1\n")
    file = tmp_path / "layers_with_a_neighbour.py"
    file.write_text("from neighbour_of_layers import FOUND\n")
    path = saved(four_classes(), tmp_path / "theirs.keras")
    assert read_model(path, [file]).output_shape == (None, 4)


def test_a_python_file_that_fails(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("import no_such_module\n")
    path = saved(four_classes(), tmp_path / "theirs.keras")
    with pytest.raises(UnfitModelError, match=r"a Python file that runs\. .*no_such_module"):
        read_model(path, [file])


def test_a_lambda_is_not_run(tmp_path):
    text = text_input()
    lower = layers.Lambda(lambda t: tf.strings.lower(t, "utf-8"), output_shape=())
    path = saved(
        keras.Model(text, pooled(vectorizer(TEXTS)(lower(text)))), tmp_path / "theirs.keras"
    )
    with pytest.raises(UnfitModelError, match="must hold no Lambda layer"):
        read_model(path)


def test_a_file_that_is_damaged(tmp_path):
    path = saved(four_classes(), tmp_path / "theirs.keras")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(
        UnfitModelError, match=r"`model` must be a \.keras file as Keras writes it, a zip"
    ):
        read_model(path)


def test_an_exported_folder_of_floats(tmp_path):
    """keras#19396: a Sequential without an Input was exported with a text input of float."""

    class Floats(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
        def serve(self, x):
            return {"output_0": x}

    module = Floats()
    tf.saved_model.save(module, str(tmp_path / "folder"), signatures=module.serve)
    with pytest.raises(
        UnfitModelError, match=r"must take texts; .* Received: x \[None, 3\] float32"
    ):
        bring(read_model(tmp_path / "folder"), labels=LABELS, texts=TEXTS)


def test_a_vocabulary_in_a_global_is_found():
    """It is no attribute of any layer, and no `.variables` tells it."""
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["happy", "sad"], tf.constant([1, 2], tf.int64)), 0
    )

    class Global(layers.Layer):
        def call(self, text):
            return table.lookup(tf.strings.split(text).to_tensor("", shape=[None, 12]))

        def compute_output_spec(self, text):
            return keras.KerasTensor((text.shape[0], 12), dtype="int64")

    text = text_input()
    model = keras.Model(text, pooled(Global()(text)))
    kept = bring(model, labels=LABELS, texts=TEXTS).own_graph()._kept
    assert any(one is table for one in kept)


def test_only_what_is_captured_is_kept():
    """The raw variable of a layer is among it, the layers themselves and the optimizer are not."""
    model = keras.Sequential(
        [
            text_input(),
            Hashed(),
            layers.Embedding(256, 4),
            layers.GlobalMaxPooling1D(),
            RawVariable(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    kept = list(bring(model, labels=LABELS, texts=TEXTS).own_graph()._kept)
    assert len(kept) == 4
    assert all(isinstance(one, tf.Variable) for one in kept)
